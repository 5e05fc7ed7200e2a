"""`tocsin stats`: rows for programs, tables for people, a picture for reports."""

import json

from tests.stats.stores import Row, csv_of, results_of
from tocsin.app import cli
from tocsin.errors import ExitCode
from tocsin.model import Level

ROWS = [
    Row("2026-01-01T00:00:01Z", "TA0002", "T1059.001", level=Level.HIGH),
    Row("2026-01-01T00:00:02Z", "TA0006", "T1110", user="adm-01"),
    Row("2026-01-01T00:01:00Z"),
]


def test_in_a_pipe_it_is_ndjson(tmp_path, capfd):
    """Each row names the question it answers; counts per minute by tactic are among them."""
    assert cli.run(["stats", str(results_of(ROWS, tmp_path / "results"))]) == ExitCode.OK
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert rows[0]["question"] == "processing"
    assert rows[0]["events"] == 3
    tactics = {row["value"]: row["count"] for row in rows if row["question"] == "tactic"}
    assert tactics == {"TA0002": 1, "TA0006": 1, "TA0000": 1}
    minutes = [(row["start"], row["count"]) for row in rows if row["question"] == "over_time"]
    assert minutes == [("2026-01-01T00:00:00Z", 1), ("2026-01-01T00:00:00Z", 1), ("2026-01-01T00:01:00Z", 1)]
    assert {row["question"] for row in rows} >= {
        "event_type",
        "technique",
        "user",
        "host",
        "source_ip",
        "rule",
    }


def test_as_tables_it_has_the_names(tmp_path, capfd):
    """Tactics and techniques are shown by name, from the CSV too; the plot is saved."""
    path, plot = csv_of(ROWS, tmp_path / "out.csv"), tmp_path / "plot.png"
    assert cli.run(["stats", str(path), "--format", "table", "--plot", str(plot)]) == ExitCode.OK
    out = capfd.readouterr().out
    for name in (
        "Execution",
        "Credential Access",
        "PowerShell",
        "Brute Force",
        "adm-01",
        "2026-01-01 00:01:00",
    ):
        assert name in out
    assert plot.exists()


def test_without_results_it_says_what_to_do(tmp_path, capfd, monkeypatch):
    """Exit 3 and one sentence."""
    monkeypatch.chdir(tmp_path)
    assert cli.run(["stats"]) == ExitCode.BAD_SETTINGS
    assert "data/results" in capfd.readouterr().err


def test_a_year_is_not_told_by_the_minute(tmp_path, capfd):
    """Unless asked for: the rows say how wide their buckets are."""
    rows = [Row(f"2026-{month:02}-01T00:00:00Z", "TA0002", "T1059") for month in range(1, 13)]
    path = str(csv_of(rows, tmp_path / "out.csv"))
    assert cli.run(["stats", path]) == cli.run(["stats", path, "--by", "minute"]) == ExitCode.OK
    found = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [row["bucket"] for row in found if row["question"] == "over_time"] == ["week"] * 12 + [
        "minute"
    ] * 12


def test_what_events_say_cannot_command_the_terminal(tmp_path, capfd):
    """A user name full of escape sequences is shown, not obeyed."""
    path = csv_of([Row("2026-01-01T00:00:00Z", user="\x1b]0;owned\x07\x1b[2J")], tmp_path / "out.csv")
    assert cli.run(["stats", str(path), "--format", "table"]) == ExitCode.OK
    out = capfd.readouterr().out
    assert "\x1b]0" not in out
    assert "owned" in out
