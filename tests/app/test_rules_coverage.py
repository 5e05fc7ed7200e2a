"""`tocsin rules coverage`: tables for people and programs, and layers that the Navigator opens."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stats.stores import Row, csv_of, results_of
from tocsin.app.cli.rules import rules
from tocsin.errors import SettingsError
from tocsin.model import Level

Run = Callable[..., tuple[list[dict[str, Any]], str]]

SEEN = [Row("2026-11-21T10:00:00Z", "TA0002", "T1059.001", level=Level.HIGH)] * 3 + [
    Row("2026-11-21T10:00:00Z", "TA0006", "T1110", level=Level.LOW),
    Row("2026-11-21T10:00:00Z"),
]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command on the lab's rules in an empty folder; return the rows in the pipe, and the talk."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_RULES_PATHS", "builtin:lab")

    def run_(*arguments: str) -> tuple[list[dict[str, Any]], str]:
        rules.main(["coverage", *arguments], standalone_mode=False)
        said = capfd.readouterr()
        return [json.loads(line) for line in said.out.splitlines()], said.err

    return run_


def layer_in(path: Path) -> dict[str, Any]:
    """Read a layer and check it against what the format 4.5 asks for."""
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert made["versions"] == {"attack": "19", "navigator": "5.0.0", "layer": "4.5"}
    assert made["domain"] == "enterprise-attack"
    assert isinstance(made["name"], str)
    assert made["gradient"]["minValue"] < made["gradient"]["maxValue"]
    assert len(made["gradient"]["colors"]) >= 2
    for cell in made["techniques"]:
        assert cell.keys() <= {"techniqueID", "score", "comment"}
        assert isinstance(cell["score"], int | float)
        assert cell["techniqueID"].startswith("T1")
    return made


def test_it_counts_per_tactic(run):
    """All tactics in kill-chain order, and on stderr how much of ATT&CK that is."""
    rows, talk = run()
    assert [row["tactic"] for row in rows][:3] == ["TA0043", "TA0042", "TA0001"]
    execution = next(row for row in rows if row["tactic"] == "TA0002")
    assert (execution["name"], execution["rules"], execution["covered"]) == ("Execution", 3, 1)
    assert "of Enterprise ATT&CK v19" in talk


def test_it_counts_per_technique(run):
    """With the ids of the rules, the worst first."""
    rows, _ = run("--by", "technique")
    row = next(row for row in rows if row["technique"] == "T1059.001")
    assert (row["name"], row["tactics"], row["rules"]) == ("PowerShell", ["TA0002"], 1)
    assert row["rule_ids"] == ["a9778ec7-e8ce-426e-89f6-0d9678cfdeb2"]
    assert all(row["rules"] for row in rows)


def test_it_lists_the_gaps(run):
    """The techniques that no rule looks for, nor for a part of them."""
    rows, _ = run("--by", "gap")
    ids = {row["technique"] for row in rows}
    assert "T1566" in ids
    assert not ids & {"T1059", "T1059.001"}
    assert all(row["rules"] == row["below"] == 0 for row in rows)


def test_the_layer_of_rules_scores_how_many_name_a_technique(run, tmp_path):
    """With their titles over the cell."""
    _, talk = run("--navigator", "layer.json")
    made = layer_in(tmp_path / "layer.json")
    cell = next(cell for cell in made["techniques"] if cell["techniqueID"] == "T1059.001")
    assert cell["score"] == 1
    assert cell["comment"] == "Lab - PowerShell Started With an Encoded Command (informational)"
    assert "layer written: layer.json" in talk


@pytest.mark.parametrize("store", [results_of, csv_of])
def test_the_layer_of_what_was_observed_scores_events(run, tmp_path, store):
    """From a results folder as well as from a CSV; a technique that no rule names shows all the same."""
    seen = store(SEEN, tmp_path / "seen.csv")
    rows, _ = run("--observed", str(seen), "--navigator", "layer.json", "--by", "tactic")
    cells = {cell["techniqueID"]: cell["score"] for cell in layer_in(tmp_path / "layer.json")["techniques"]}
    assert cells == {"T1059.001": 3, "T1110": 1}
    assert {row["tactic"]: row["events"] for row in rows if row["events"]} == {"TA0002": 3, "TA0006": 1}


def test_a_layer_that_cannot_be_written_is_a_mistake_in_the_settings(run):
    """It names the file."""
    with pytest.raises(SettingsError, match=r"nowhere/layer\.json: cannot be written"):
        run("--navigator", "nowhere/layer.json")
