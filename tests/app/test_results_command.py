"""`tocsin results` tells what is stored, merges it, and deletes what is old."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.results.rows import ORIGIN, judged
from tocsin.app.cli import run
from tocsin.model import NO_LABEL, Rejected, RejectReason, Verdict
from tocsin.results.sink import ResultsSink
from tocsin.results.table import dataset
from tocsin.results.view import CsvView
from tocsin.telemetry.store_files import FOLDER, save, store_files


@pytest.fixture
def results(tmp_path, monkeypatch) -> Path:
    """Three commits, the last of them now and the others long ago; a CSV that has the first."""
    monkeypatch.chdir(tmp_path)
    now = [1_000_000.0]
    sink = ResultsSink(tmp_path / "data/results", ORIGIN, "none", lambda: now[0])
    sink.start([0, 3])
    view = CsvView(tmp_path / "data/results", tmp_path / "data/classified_packets.csv")
    for partition, first in ((0, 0), (3, 0), (0, 5)):
        if first:
            now[0] = time.time()
        sink.write(judged(range(first, first + 5), partition, rejected=[first + 1]))
        sink.flush()
        if (partition, first) == (0, 0):
            view.follow()
    view.close()
    return Path("data/results")


def answers(capsys, *command: str) -> list[dict[str, Any]]:
    assert run([*command, "--format", "ndjson"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_info_tells_all_that_is_known(results, capsys):
    """Origin, tables, positions, rejected records and the CSV, one row each."""
    found = answers(capsys, "results", "info")
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for row in found:
        by_kind.setdefault(row["about"], []).append(row)
    assert (by_kind["origin"][0]["topic"], by_kind["origin"][0]["cluster"]) == ("raw-events", "cluster")
    verdicts, letters = by_kind["table"]
    assert (verdicts["rows"], verdicts["files"], verdicts["version"]) == (12, 3, 3)
    assert (letters["rows"], letters["files"]) == (3, 3)
    assert verdicts["first"] == "1970-01-12T13:46:40Z"
    assert [(p["partition"], p["position"]) for p in by_kind["partition"]] == [(0, 10), (3, 5)]
    assert by_kind["rejected"] == [{"about": "rejected", "reason": "not_json", "count": 3}]
    (csv,) = by_kind["csv"]
    assert (csv["state"], csv["rows"], csv["behind"]) == ("behind", 4, 2)


def test_info_is_a_table_for_people(results, capsys):
    """With the same facts."""
    assert run(["results", "info", "--format", "table"]) == 0
    shown = capsys.readouterr().out
    for fact in ("topic 'raw-events'", "12 rows in 3 files", "rejected: not_json", "behind, 2 commits", "10"):
        assert fact in shown


def test_gaps_are_shown(results, capsys):
    """Records that retention had removed stand among the dead letters, and are named apart."""
    sink = ResultsSink(results, ORIGIN, "none", time.time)
    sink.start([0])
    lost = Verdict(NO_LABEL, (), rejected=Rejected(RejectReason.LOST, "offsets 10 to 19 were removed"))
    sink.write(replace(judged([19], rejected=[19]), verdicts=[lost]))
    sink.flush()
    gaps = [row for row in answers(capsys, "results", "info") if row["about"] == "gap"]
    assert gaps == [{"about": "gap", "partition": 0, "offset": 19, "detail": "offsets 10 to 19 were removed"}]


def test_compact_merges(results, capsys):
    """And says how much."""
    assert answers(capsys, "results", "compact") == [
        {"table": "verdicts", "merged": 3, "into": 1, "deleted": 0},
        {"table": "dead_letters", "merged": 3, "into": 1, "deleted": 0},
    ]


def test_prune_deletes_old_traces(results, capsys):
    """Where a worker has kept some beside the results."""
    (results / FOLDER).mkdir()
    table = pa.table({"trace_id": ["a", "b"]})
    save(table, results / FOLDER, 1_000)
    save(table, results / FOLDER, int(time.time() * 1_000))
    told = answers(capsys, "results", "prune", "--older-than", "30d", "--dry-run")
    assert told[-1] == {"table": "traces", "deleted": 2, "of": 4}
    assert answers(capsys, "results", "prune", "--older-than", "30d") == told
    assert len(store_files(results)) == 1


def test_prune_deletes_what_is_old(results, capsys):
    """After it has said what that would be."""
    expected = [
        {"table": "verdicts", "deleted": 8, "of": 12},
        {"table": "dead_letters", "deleted": 2, "of": 3},
    ]
    assert answers(capsys, "results", "prune", "--older-than", "30d", "--dry-run") == expected
    assert dataset(results).count_rows() == 12
    assert answers(capsys, "results", "prune", "--older-than", "30d") == expected
    assert dataset(results).count_rows() == 4
    positions = [r for r in answers(capsys, "results", "info") if r["about"] == "partition"]
    assert [(p["partition"], p["position"]) for p in positions] == [(0, 10), (3, 5)]


@pytest.mark.parametrize("command", [["info"], ["compact"], ["prune", "--older-than", "1d"]])
def test_a_folder_without_results_is_refused(tmp_path, capsys, command):
    """With what to do, and nothing made."""
    assert run(["results", *command, "--results", str(tmp_path / "none")]) == 3
    assert "run 'tocsin detect' first" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
