"""`tocsin scan`: what it prints, what it writes, and how it ends."""

import csv
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tocsin.app.cli import run as run_command
from tocsin.app.cli import scan as scan_module
from tocsin.app.cli.scan import scan_command
from tocsin.decode.shapes import SHAPES
from tocsin.errors import ExitCode, SettingsError
from tocsin.results.table import DEAD_LETTERS, dataset
from tocsin.results.view import COLUMNS
from tocsin.sources.files.listing import SUFFIXES

SYSMON = "Microsoft-Windows-Sysmon/Operational"
Run = Callable[..., tuple[int, list[dict[str, Any]], str]]

KEYS = [
    "detection_id",
    "event_id",
    "timestamp",
    "rule_id",
    "rule_title",
    "rule_revision",
    "level",
    "tactics",
    "techniques",
    "host",
    "user",
    "source_ip",
    "event_type",
    "matched",
    "file",
    "line",
    "trace_id",
]


def event(image: str, **more: Any) -> dict[str, Any]:
    return {
        "EventID": 1,
        "Channel": SYSMON,
        "Hostname": "WS1",
        "User": "ORG\\ann",
        "TimeCreated": "2024-05-01T10:00:00Z",
        "Image": image,
        **more,
    }


MALWARE, NOTEPAD = event("C:\\bad.exe"), event("C:\\notepad.exe")


def rule(number: int, level: str, category: str = "process_creation", **selection: Any) -> str:
    """Return a rule on the end of the image."""
    return "\n".join(
        [
            f"title: Rule {number}",
            f"id: 00000000-0000-4000-8000-00000000000{number}",
            "status: test",
            f"logsource: {{product: windows, category: {category}}}",
            f"tags: [attack.execution, attack.t1059.00{number}]",
            f"detection: {json.dumps({'selection': selection, 'condition': 'selection'})}",
            f"level: {level}",
        ]
    )


@pytest.fixture
def rules(tmp_path: Path) -> str:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "high.yml").write_text(rule(1, "high", **{"Image|endswith": "\\bad.exe"}))
    (folder / "low.yml").write_text(rule(2, "low", **{"Image|contains": "exe"}))
    (folder / "files.yml").write_text(rule(3, "high", "file_event", TargetFilename="x"))
    return str(folder)


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rules: str
) -> Run:
    """Run the command; return its exit code, the rows in the pipe, and the talk."""
    monkeypatch.chdir(tmp_path)

    def run_(*arguments: str | Path) -> tuple[int, list[dict[str, Any]], str]:
        code = scan_command.main([*map(str, arguments), "--rules", rules], standalone_mode=False)
        said = capfd.readouterr()
        return code or 0, [json.loads(line) for line in said.out.splitlines()], said.err

    return run_


def write(path: Path, *events: dict[str, Any] | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{e if isinstance(e, str) else json.dumps(e)}\n" for e in events))
    return path


def test_each_detection_is_a_line_with_the_agreed_keys(run, tmp_path):
    """In the order of the records, with file and line."""
    path = write(tmp_path / "a.json", NOTEPAD, MALWARE)
    code, rows, _ = run(path)
    assert code == ExitCode.OK
    assert [row["line"] for row in rows] == [1, 2, 2]
    assert {row["rule_title"] for row in rows if row["line"] == 2} == {"Rule 1", "Rule 2"}
    assert all(list(row) == KEYS for row in rows)
    assert rows[0]["file"] == str(path)
    wanted = {"host": "WS1", "user": "ORG\\ann", "event_type": "process_creation", "tactics": ["TA0002"]}
    assert wanted.items() <= rows[0].items()
    assert rows[0]["matched"] == {"Image": "C:\\notepad.exe"}


def test_a_rule_that_was_held_up_is_told(run, tmp_path, rules):
    """An image made for its expression: it was stopped, and the reader learns that it did not see all."""
    slow = rule(4, "low", **{"Image|re": "(?=v)(v+)+$"})
    (Path(rules) / "slow.yml").write_text(slow)
    _, rows, talk = run(write(tmp_path / "a.json", event("v" * 5000 + "!"), MALWARE))
    assert {row["rule_title"] for row in rows} == {"Rule 1", "Rule 2"}
    assert "(Rule 4) did not see everything" in talk


def test_a_second_scan_gives_the_same_ids(run, tmp_path):
    """Detections can be told apart from new ones."""
    path = write(tmp_path / "a.json", NOTEPAD, MALWARE)
    assert run(path)[1] == run(path)[1]


def test_the_talk_says_what_was_read_and_what_was_not(run, tmp_path):
    """Files, records, rejects with place and reason, rules that can apply, detections by level."""
    write(tmp_path / "in" / "a.json", MALWARE, "noise", {"Records": [MALWARE]})
    (tmp_path / "in" / "b.json.gz").write_bytes(gzip.compress(json.dumps(NOTEPAD).encode() + b"\n")[:-4])
    write(tmp_path / "in" / "readme.md", "text")
    _, _, talk = run("in")
    lines = talk.splitlines()
    assert lines[0] == "2 files, 5 records read, 3 rejected, 1 file of no known kind left out"
    assert "  in/a.json:2: not_json: " in talk
    assert "  in/a.json:3: unknown_shape: " in talk
    assert "  in/b.json.gz:2: unreadable: the gzip stream ends too early" in talk
    assert (
        lines[-2] == "3 rules loaded, 0 not ('tocsin rules check' says why); 2 could apply to what was read"
    )
    assert lines[-1] == "detections: 1 high, 2 low"


def test_only_the_first_rejects_are_listed(run, tmp_path):
    """The others are counted."""
    _, _, talk = run(write(tmp_path / "a.json", MALWARE, *["noise"] * 12))
    assert "  12 not_json\n" in talk
    assert talk.count(": not_json: ") == 10
    assert "  and 2 more\n" in talk


@pytest.mark.parametrize(
    ("level", "code"),
    [("critical", ExitCode.OK), ("high", ExitCode.FINDINGS), ("low", ExitCode.FINDINGS)],
)
def test_findings_of_a_level_fail_the_scan_when_wanted(run, tmp_path, level, code):
    """For a pipeline that has to stop; what is shown does not matter."""
    path = write(tmp_path / "a.json", MALWARE)
    assert run(path, "--fail-on", level, "--min-level", "critical")[0] == code


def test_lower_levels_need_not_be_shown(run, tmp_path):
    """They are counted all the same."""
    _, rows, talk = run(write(tmp_path / "a.json", MALWARE), "--min-level", "medium")
    assert [row["level"] for row in rows] == ["high"]
    assert talk.endswith("detections: 1 high, 1 low\n")


def test_the_table_groups_by_rule_the_worst_first(tmp_path, rules, capfd, monkeypatch):
    """With counts, hosts, first and last time, ATT&CK's names and an example."""
    monkeypatch.setenv("COLUMNS", "200")
    later = event("C:\\bad.exe", Hostname="WS2", TimeCreated="2024-05-01T14:00:00+05:00")
    path = write(tmp_path / "a.json", NOTEPAD, MALWARE, later)
    assert run_command(["scan", str(path), "--rules", rules, "--format", "table"]) == ExitCode.OK
    table = capfd.readouterr().out
    assert table.index("Rule 1") < table.index("Rule 2")
    for text in (
        "Execution: T1059.001 PowerShell",
        "WS1, WS2",
        "2024-05-01T14:00:00+05:00 to 2024-05-01T10:00:00Z",
        f"{path}:2",
        "Image C:\\bad.exe",
    ):
        assert text in table


def test_events_cannot_command_the_terminal(tmp_path, rules, capfd):
    """Escape sequences in values, in names of hosts and in what was rejected are not printed as they are."""
    evil = "\x1b]0;owned\x07"
    path = write(
        tmp_path / "a.json",
        event(f"C:\\{evil}\\bad.exe", Hostname=evil),
        {"event_type": "x", "timestamp": evil},
    )
    run_command(["scan", str(path), "--rules", rules, "--format", "table"])
    said = capfd.readouterr()
    assert "owned" in said.out
    assert "owned" in said.err
    assert "\x1b" not in said.out + said.err


def test_ctrl_c_tells_what_was_read_until_then(tmp_path, rules, capfd, monkeypatch):
    """Files that are half written do not stay."""
    path = write(tmp_path / "a.json", MALWARE)

    def interrupted(batches, *_):
        next(batches)
        raise KeyboardInterrupt

    monkeypatch.setattr(scan_module, "scan", interrupted)
    code = run_command(["scan", str(path), "--rules", rules, "--csv", str(tmp_path / "x.csv")])
    assert code == 130
    assert "stopped early" in capfd.readouterr().err
    assert [entry.name for entry in tmp_path.glob("x.csv*")] == []


def test_the_csv_has_a_line_per_event(run, tmp_path):
    """With the lab's eight columns; rejects are not events."""
    run(write(tmp_path / "a.json", NOTEPAD, "noise", MALWARE), "--csv", "out/events.csv")
    with (tmp_path / "out" / "events.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert [row[6:] for row in rows] == [["TA0002", "T1059.002"], ["TA0002", "T1059.001"]]
    assert not (tmp_path / "out" / "events.csv.part").exists()


def test_the_csv_of_a_worker_is_not_touched(run, tmp_path):
    """Its journal says whose it is."""
    (tmp_path / "a.csv.journal").touch()
    with pytest.raises(SettingsError, match="detect"):
        run(write(tmp_path / "a.json", MALWARE), "--csv", "a.csv")


def test_results_are_tables_like_a_workers(run, tmp_path):
    """A row per event with its detections, and a dead letter per reject, of every file."""
    for name in ("a.json", "b.json"):
        write(tmp_path / "in" / name, "noise", MALWARE, NOTEPAD)
    _, printed, _ = run("in", "--results", "out")
    rows = dataset(tmp_path / "out").to_table().to_pylist()
    assert sorted((row["topic"], row["offset"], row["technique"]) for row in rows) == [
        (f"in/{name}.json", line, technique)
        for name in "ab"
        for line, technique in ((2, "T1059.001"), (3, "T1059.002"))
    ]
    stored = {detection["detection_id"] for row in rows for detection in row["detections"]}
    assert stored == {row["detection_id"] for row in printed}
    dead = dataset(tmp_path / "out", DEAD_LETTERS).to_table().to_pylist()
    assert sorted((row["topic"], row["offset"], row["value"]) for row in dead) == [
        ("in/a.json", 1, b"noise"),
        ("in/b.json", 1, b"noise"),
    ]


def test_results_are_never_mixed(run, tmp_path):
    """A second scan into the same folder would count every event twice."""
    path = write(tmp_path / "a.json", MALWARE)
    run(path, "--results", "out")
    with pytest.raises(SettingsError, match="out: holds something already"):
        run(path, "--results", "out")


def test_strict_refuses_rules_with_mistakes(run, tmp_path, rules):
    """Without it the good ones run, and the others are counted."""
    Path(rules, "bad.yml").write_text("title: [")
    path = write(tmp_path / "a.json", MALWARE)
    assert "3 rules loaded, 1 not" in run(path)[2]
    assert run_command(["scan", str(path), "--rules", rules, "--strict"]) == ExitCode.BAD_RULE


def test_a_shape_can_be_forced(run, tmp_path):
    """What would be taken for another shape's event is read as it is when told so."""
    path = write(tmp_path / "a.json", {"event_type": 7, "Image": "x\\bad.exe", "time": 1599233531})
    assert run(path)[1] == []
    assert [row["timestamp"] for row in run(path, "--shape", "json", "--min-level", "high")[1]] == [
        "2020-09-04T15:32:11Z"
    ]


def test_a_path_that_does_not_exist_is_a_mistake_in_the_settings(capfd):
    """One sentence, exit code 3."""
    assert run_command(["scan", "nowhere"]) == ExitCode.BAD_SETTINGS
    assert "nowhere: no such file or folder" in capfd.readouterr().err


def test_a_folder_without_anything_to_read_is_told(tmp_path, capfd):
    """With what to do about it."""
    write(tmp_path / "readme.md", "text")
    assert run_command(["scan", str(tmp_path)]) == ExitCode.BAD_SETTINGS
    assert "1 are of no known kind" in capfd.readouterr().err


def test_the_documentation_names_every_flag_shape_and_kind_of_file():
    """And none that does not exist."""
    text = (Path(__file__).parents[2] / "docs" / "scan.md").read_text()
    flags = {
        option for parameter in scan_command.params for option in parameter.opts if option.startswith("--")
    }
    assert flags - {"--config"} == set(re.findall(r"^\| `(--[a-z-]+)`", text, re.MULTILINE))
    shapes = text.partition("## Shapes")[2]
    assert [shape.name for shape in SHAPES] == re.findall(r"^\| `([a-z0-9]+)`", shapes, re.MULTILINE)
    for suffix in SUFFIXES:
        assert f"`{suffix}`" in text
    for shape in SHAPES:
        row = next(line for line in shapes.splitlines() if line.startswith(f"| `{shape.name}`"))
        assert not shape.signs or any(f"`{sign}`" in row for sign in shape.signs)
