"""`tocsin report` writes the same numbers as `tocsin stats`, of the same events."""

import json
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tests.stats.stores import Row, results_of
from tocsin.app import cli
from tocsin.app.console.summaries import summarized
from tocsin.errors import ExitCode
from tocsin.model import Level
from tocsin.results.location import Location
from tocsin.stats.document import document
from tocsin.stats.events import events_of
from tocsin.stats.questions import summary

START = datetime(2026, 1, 1, 10, tzinfo=UTC)
LABELS = (("TA0002", "T1059.001"), ("TA0006", "T1110"), ("TA0001", "T1078"), ("TA0000", "T0000"))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Return a results folder with 397 events of all kinds."""
    rows = [
        Row(
            (START + timedelta(seconds=7 * i)).isoformat(),
            *LABELS[i % 4],
            user=f"user-{i % 11}",
            host=f"WS-{i % 7:02}",
            source_ip=f"10.0.0.{i % 13}",
            event_type=("process_start", "user_login")[i % 2],
            level=None if i % 4 == 3 else list(Level)[i % 5],
            waited=0.001 * (i % 97),
        )
        for i in range(397)
    ]
    return results_of(rows, tmp_path_factory.mktemp("store") / "results")


def printed(capfd, *arguments: str) -> str:
    assert cli.run(list(arguments)) == ExitCode.OK
    return str(capfd.readouterr().out)


@pytest.fixture
def told(results, capfd):
    """Return the JSON document of `tocsin stats`."""
    return json.loads(printed(capfd, "stats", str(results), "--format", "json", "--by", "minute"))


def test_json_is_what_the_library_says(results, told):
    """The console and the notebooks take the same document from it; only the bucket was asked for here."""
    with events_of(results) as events:
        found = json.loads(json.dumps(document(summary(events))))
    assert {**found, "over_time": None, "source": None} == {**told, "over_time": None, "source": None}
    assert sum(row["count"] for row in told["over_time"]["rows"]) == 397


def test_the_console_has_the_same_numbers(results, told):
    """What it answers at /api/summary is this very document."""
    found = json.loads(msgspec.json.encode(summarized(Location.of(results))))
    assert {**found, "source": None} == {**told, "source": None}


def test_ndjson_is_the_document_row_by_row(results, told, capfd):
    """Nothing is in one and not in the other."""
    rows = [json.loads(line) for line in printed(capfd, "stats", str(results), "--by", "minute").splitlines()]

    def of(question: str) -> list[dict[str, object]]:
        return [
            {k: v for k, v in row.items() if k not in ("question", "bucket")}
            for row in rows
            if row["question"] == question
        ]

    assert of("processing") == [{**told["processing"], "source": told["source"]}]
    assert of("tactic") == told["tactics"]
    assert of("rule") == told["rules"]["rows"]
    assert of("technique") == told["techniques"]["rows"]
    assert of("kill_chain") == told["kill_chain"]["rows"]
    assert of("concerned_host") == told["entities"]["hosts"]["rows"]
    assert of("over_time") == told["over_time"]["rows"]
    assert of("rule_set") == told["health"]["rule_sets"]
    assert of("health")[0]["latency"] == told["health"]["latency"]


def tables_of(html: str) -> dict[str, list[list[str]]]:
    """Return the tables of a page by the name of their first column and its section."""
    found: dict[str, list[list[str]]] = {}
    for section in re.findall(r'<section class="(\w+)"(.*?)</section>', html, re.DOTALL):
        for table in re.findall(r"<table>(.*?)</table>", section[1], re.DOTALL):
            rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
            cells = [
                [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows
            ]
            found[f"{section[0]}: {cells[0][0]}"] = cells[1:]
    return found


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_report_has_the_numbers_of_the_json(results, told, tmp_path, capfd):
    """Cell by cell: tactics, time, kill chain, rules, techniques, hosts, latencies."""
    out = tmp_path / "deep" / "report.html"
    assert printed(capfd, "report", str(results), "--out", str(out)) == ""
    html = out.read_text(encoding="utf-8")
    tables = tables_of(html)
    assert [(r[0], number(r[2])) for r in tables["time: Id"]] == [
        (t["value"], t["count"]) for t in told["tactics"]
    ]
    assert sum(number(r[2]) for r in tables["time: From (UTC)"]) == 397
    assert [(r[0], r[1], r[2], number(r[3])) for r in tables["chain: Host"]] == [
        (chain["host"], step["name"], step["level"], step["count"])
        for chain in told["kill_chain"]["rows"]
        for step in chain["steps"]
    ]
    assert [(r[0], r[1], number(r[3])) for r in tables["rules: Level"]] == [
        (rule["level"], rule["title"], rule["count"]) for rule in told["rules"]["rows"]
    ]
    assert [(r[0], number(r[3])) for r in tables["techniques: Technique"]] == [
        (row["value"], row["count"]) for row in told["techniques"]["rows"] if row["value"] != "T0000"
    ]
    assert [(r[0], number(r[3]), number(r[4]), number(r[5])) for r in tables["entities: Host"]] == [
        (e["value"], e["detected"], e["alarming"], e["count"]) for e in told["entities"]["hosts"]["rows"]
    ]
    assert [number(r[2]) for r in tables["health: Latency"]] == told["health"]["latency"]["up_to"]
    assert told["headline"]["title"] in html


def test_the_terminal_has_the_same_numbers(results, told, capfd, monkeypatch):
    """Headline, rules and kill chain, as a person reads them."""
    monkeypatch.setenv("COLUMNS", "200")
    out = printed(capfd, "stats", str(results), "--format", "table")
    assert told["headline"]["title"] in out
    assert all(point in out for point in told["headline"]["points"])
    for rule in told["rules"]["rows"]:
        assert re.search(rf"│ {rule['level']} +│ {rule['title']} +│ {rule['count']:,} ", out)
    first = told["kill_chain"]["rows"][0]
    assert re.search(rf"│ {first['host']} +│ \w+ +│ {first['steps'][0]['name']} +│", out)


def test_a_selection_is_told_and_kept_to(results, tmp_path, capfd):
    """Only those events are counted, and the report says which they are."""
    out = tmp_path / "report.html"
    flags = [
        "--since",
        "2026-01-01T10:10Z",
        "--until",
        "2026-01-01T10:20Z",
        "--host",
        "WS-01",
        "--level",
        "high",
    ]
    assert printed(capfd, "report", str(results), "--out", str(out), "--title", "Ten <minutes>", *flags) == ""
    told = json.loads(printed(capfd, "stats", str(results), "--format", "json", *flags))
    html = out.read_text(encoding="utf-8")
    assert told["processing"]["events"] > 0
    assert {row["value"] for row in told["hosts"]["rows"]} == {"WS-01"}
    assert {row["level"] for row in told["rules"]["rows"]} <= {"high", "critical"}
    assert told["meant"] == {
        "since": "2026-01-01T10:10:00Z",
        "until": "2026-01-01T10:20:00Z",
        "hosts": ["WS-01"],
        "level": "high",
    }
    assert "<h1>Ten &lt;minutes&gt;</h1>" in html
    assert "of level high or above" in html


def test_it_goes_to_stdout_if_asked(results, capfd):
    """For whoever mails it."""
    assert printed(capfd, "report", str(results), "--out", "-").startswith("<!DOCTYPE html>\n<html lang=")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--since", "yesterday"], "is not a time"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "--since is not before --until"),
        (["--out", "/proc/no/report.html"], "cannot be written"),
    ],
)
def test_what_cannot_be_meant_is_told(flags, said, results, capfd):
    """Exit 3 and one sentence."""
    assert cli.run(["report", str(results), *flags]) == ExitCode.BAD_SETTINGS
    assert said in capfd.readouterr().err


def test_a_while_ago_is_before_the_present(results, capfd):
    """`--since -2h` finds nothing in a store of another year."""
    told = json.loads(printed(capfd, "stats", str(results), "--format", "json", "--since", "-2h"))
    expected = 397 if datetime.now(UTC) < START + timedelta(hours=2) else 0
    assert told["processing"]["events"] == expected
