"""`tocsin explain`: which event and rule it takes, what it prints, and how it ends."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.rules.texts import ID, rule_id, rule_text
from tocsin.app import cli
from tocsin.errors import ExitCode

SYSMON = "Microsoft-Windows-Sysmon/Operational"
DETECTION = {
    "selection": {"Image|endswith": "\\cmd.exe"},
    "filter": {"CommandLine|contains": "harmless"},
}


def record(line, **more):
    return {"EventID": 1, "Channel": SYSMON, "Image": "C:\\cmd.exe", "CommandLine": line, **more}


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "rule.yml"
    path.write_text(rule_text(DETECTION, "selection and not filter", level="high"))
    return str(path)


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "events.json"
    path.write_text("".join(json.dumps(record(line)) + "\n" for line in ("cmd /c del", "harmless")))
    return str(path)


@pytest.fixture
def explain(rules, capfd):
    """Run the command; return its exit code, what it printed, and its talk."""

    def run(*arguments):
        code = cli.run(["explain", "--rules", rules, *arguments])
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


def test_one_rule_on_one_line_of_a_file(explain, events):
    """In a pipe it is one JSON object."""
    code, out, talk = explain("--rule", ID[:8], "--event", f"{events}:2")
    found = json.loads(out)
    assert (code, talk) == (ExitCode.OK, "")
    assert (found["rule_id"], found["fires"]) == (ID, False)
    assert found["headline"] == "does not fire: fails only in filter"
    assert found["reasons"] == [
        {
            "selection": "filter",
            "text": "CommandLine contains 'harmless': 'harmless', which the rule excludes",
        }
    ]


def test_as_text_it_shows_every_part_of_the_condition(explain, events):
    """The conclusion, the log sources, and what held."""
    _, out, _ = explain("--rule", ID, "--event", f"{events}:1", "--format", "text")
    lines = [line.strip() for line in out.splitlines()]
    assert lines[1] == "fires"
    assert "rule   product=windows" in lines
    assert "event  product=windows, category=process_creation, service=sysmon" in lines
    assert any(line.endswith("Image ends with '\\cmd.exe'") for line in lines)


def test_without_a_rule_all_that_fired_and_the_nearest(explain, events):
    """The first of several events is taken, and that is said."""
    _, out, talk = explain("--event", events)
    found = json.loads(out)
    assert [one["rule_id"] for one in found["fired"]] == [ID]
    assert (found["candidates"], found["rules"], found["nearest"]) == (1, 1, [])
    assert "the first of several events" in talk
    _, out, _ = explain("--event", f"{events}:2")
    assert [one["headline"] for one in json.loads(out)["nearest"]] == ["does not fire: fails only in filter"]
    _, out, talk = explain("--event", f"{events}:2", "--format", "text")
    assert "Nearest of those that do not fire" in out
    assert "of 1 rules 1 were candidates, 0 fired" in talk


def test_the_event_may_come_from_standard_input_or_lie_in_an_archive(explain, tmp_path, monkeypatch):
    """Where it lies is written as `tocsin scan` writes it."""
    line = json.dumps(record("x")).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(line)))
    assert json.loads(explain("--rule", ID, "--event", "-")[1])["fires"]
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.json", json.dumps({"event_type": "x", "timestamp": "2026-01-01"}))
        archive.writestr("two.json", line)
    assert json.loads(explain("--rule", ID, "--event", f"{path}!two.json:1")[1])["fires"]


def test_what_an_event_says_cannot_command_the_terminal(explain, tmp_path):
    """Control characters in values are replaced."""
    path = tmp_path / "evil.json"
    path.write_text(json.dumps(record("\x1b]0;owned\x07 harmless \x1b[2J", Image="C:\\\x1bx\\cmd.exe")))
    for arguments in (["--rule", ID], []):
        _, out, talk = explain("--event", str(path), "--format", "text", *arguments)
        assert "\ufffd]0;owned" in out
        assert not [sign for sign in out + talk if not sign.isprintable() and sign != "\n"]


def test_a_stored_detection_brings_its_event_and_its_rule(explain, rules, events, tmp_path, capfd):
    """Its event is decoded again from the bytes that were kept; a rule that has changed since is named."""
    results = str(tmp_path / "results")
    assert cli.run(["scan", events, "--rules", rules, "--results", results]) == ExitCode.OK
    (stored,) = map(json.loads, capfd.readouterr().out.splitlines())
    code, out, talk = explain("--detection", stored["detection_id"], "--results", results)
    found = json.loads(out)
    assert (code, talk) == (ExitCode.OK, "")
    assert found["fires"]
    assert found["event_id"] == stored["event_id"]
    assert {"field": "CommandLine", "value": "cmd /c del"} in found["values"]
    Path(rules).write_text(Path(rules).read_text() + "status: test\n")
    _, _, talk = explain("--detection", stored["detection_id"], "--results", results)
    assert "the rule has changed since" in talk
    _, _, talk = explain("--detection", "nothing", "--results", results)
    assert f"'nothing': not in {results}" in talk


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rule", ID], "name one event"),
        (["--rule", ID, "--event", "EVENTS:9"], "no such record"),
        (["--rule", ID, "--event", "nowhere.json"], "nowhere.json"),
        (["--rule", rule_id(7), "--event", "EVENTS:1"], "no such rule"),
        (["--rule", ID, "--event", "BROKEN"], "is no event: not_json"),
        (["--detection", "x", "--results", "nowhere"], "no results here"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(explain, events, tmp_path, arguments, said):
    """Exit code 3, and what to do about it."""
    (tmp_path / "broken.json").write_text("{")
    named = {"EVENTS": events, "BROKEN": str(tmp_path / "broken.json")}
    for name, path in named.items():
        arguments = [part.replace(name, path) for part in arguments]
    code, out, talk = explain(*arguments)
    assert (code, out) == (ExitCode.BAD_SETTINGS, "")
    assert said in talk
