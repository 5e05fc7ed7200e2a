"""The notebooks run from top to bottom on a real Kafka, and leave what they say they leave."""

import csv
import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from deltalake import DeltaTable

from scripts.notebooks import IN_ORDER, NOTEBOOKS, executed

LARGEST = 400_000
"""Bytes of a notebook with its outputs: they are in every clone."""


def shown(notebook: nbformat.NotebookNode) -> str:
    """Return all text that the cells printed or returned."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(
        output["text"] if output.output_type == "stream" else output.data.get("text/plain", "")
        for output in outputs
    )


def pictures(notebook: nbformat.NotebookNode) -> int:
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return sum("image/png" in output.get("data", {}) for output in outputs)


@pytest.fixture
def desk(tmp_path) -> Path:
    """A folder with the notebooks; what they write lies beside them."""
    folder = Path(tmp_path)
    shutil.copytree(NOTEBOOKS, folder / "notebooks")
    return folder


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_lab_from_producer_to_statistics(kafka, desk):
    """One event becomes a record, a verdict, a line, a trace and a place in a plot."""
    producer, classifier, statistics = (executed(desk / "notebooks" / name, kafka) for name in IN_ORDER[:3])
    assert "of them wait for a worker" in shown(producer)
    said = shown(classifier)
    assert "501 events judged, 0 rejected" in said
    assert "0 events left to judge" in said
    assert "1 record judged, 1 rejected" in said
    stages = re.findall(r"^ *(\w+) +at", said, re.MULTILINE)
    assert set(stages) >= {"produce_event", "consume_event", "classify_event", "write_delta"}
    with (desk / "data/lab/classified_packets.csv").open(encoding="utf-8", newline="") as file:
        lines = {row["event_id"]: row["mitre_technique"] for row in csv.DictReader(file)}
    assert len(lines) == 501
    assert lines["38b6dde6-b295-46b1-bad4-2b650569ff04"] == "T1059.001"
    assert DeltaTable(str(desk / "data/lab/results/verdicts")).to_pyarrow_table().num_rows == 501
    assert pictures(statistics) == 2


@pytest.mark.slow
def test_your_own_rule(desk):
    """It fires where it must, is silent where it must be, and finds what the simulated attackers did."""
    said = shown(executed(desk / "notebooks" / IN_ORDER[3], "127.0.0.1:1"))
    assert "WRONG" not in said
    assert "CommandLine contains '/priv'" in said
    assert "6 hits, 6 of them part of an attack" in said
    assert said.rstrip().endswith("fires\nsilent")


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_throughput_and_latency(kafka, desk):
    """A worker is killed in it, and every event is stored once."""
    notebook = executed(desk / "notebooks" / IN_ORDER[4], kafka)
    assert "5,000 rows, 5,000 different events" in shown(notebook)
    assert pictures(notebook) == 2


@pytest.mark.parametrize("name", IN_ORDER)
def test_what_is_kept_of_a_run_is_small_and_says_nothing_of_the_machine(name):
    """Outputs are there, so that the page reads well without running it; no cell failed."""
    text = (NOTEBOOKS / name).read_text(encoding="utf-8")
    assert len(text) < LARGEST
    assert shown(nbformat.reads(text, as_version=4))
    assert re.findall(r"/(?:root|home|Users|tmp|work)/\w+", text) == []
    kinds = {
        output["output_type"] for cell in json.loads(text)["cells"] for output in cell.get("outputs", ())
    }
    assert kinds <= {"stream", "display_data", "execute_result"}


def test_every_notebook_is_run():
    """None is forgotten here."""
    found = {
        str(path.relative_to(NOTEBOOKS))
        for path in NOTEBOOKS.rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    }
    assert found == set(IN_ORDER)
