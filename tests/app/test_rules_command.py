"""`tocsin rules`: what it prints and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rules.texts import ID, rule_id, rule_text
from tocsin.app.cli.rules import rules
from tocsin.errors import ExitCode, RuleError, SettingsError

SELECTION = {"selection": {"a": 1}}
Run = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in an empty folder; return its exit code, the rows in the pipe, and the talk."""
    monkeypatch.chdir(tmp_path)

    def run_(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        code = rules.main(list(arguments), standalone_mode=False)
        said = capfd.readouterr()
        return code or 0, [json.loads(line) for line in said.out.splitlines()], said.err

    return run_


@pytest.fixture(autouse=True)
def only_the_labs_rules(monkeypatch):
    """What the settings say: the lab's five rules."""
    monkeypatch.setenv("TOCSIN_RULES_PATHS", "builtin:lab")


def write(tmp_path: Path, **texts: str) -> str:
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text)
    return str(folder)


def test_check_is_silent_on_rules_in_order(run):
    """No rows, a summary on stderr, exit code 0; without --rules it checks those of the settings."""
    code, rows, talk = run("check", "--strict")
    assert (code, rows) == (ExitCode.OK, [])
    assert talk == "5 rules: 5 ok, 0 unsupported, 0 invalid, 0 duplicate\n"


def test_check_names_what_is_not_in_order(run, tmp_path):
    """Each with file, line and reason; an invalid rule is exit code 2."""
    folder = write(
        tmp_path,
        a=rule_text(SELECTION),
        b=rule_text(SELECTION),
        c=rule_text({"selection": {"a|foo": 1}}, id=rule_id(2)),
        d=rule_text({"selection": {"a|expand": "%x%"}}, id=rule_id(3)),
        e=rule_text(SELECTION, id=rule_id(4), date="tomorrow"),
    )
    code, rows, talk = run("check", "--rules", folder)
    assert code == ExitCode.BAD_RULE
    assert [(row["status"], row["source"]) for row in rows] == [
        ("duplicate", f"{folder}/b.yml:2"),
        ("invalid", f"{folder}/c.yml:4"),
        ("unsupported", f"{folder}/d.yml:4"),
        ("ok", f"{folder}/e.yml:1"),
    ]
    assert "unknown modifier 'foo'" in rows[1]["reason"]
    assert "5 rules: 2 ok, 1 unsupported, 1 invalid, 1 duplicate" in talk


def test_check_is_content_with_unsupported_rules_unless_strict(run, tmp_path):
    """Only --strict fails on them."""
    text = rule_text({"selection": {"a|expand": "%x%"}}, id=rule_id(3))
    folder = write(tmp_path, a=rule_text(SELECTION), d=text)
    assert run("check", "--rules", folder)[0] == ExitCode.OK
    assert run("check", "--rules", folder, "--strict")[0] == ExitCode.BAD_RULE


def test_check_fails_where_no_rule_can_run(run, tmp_path):
    """An empty folder is no rule set."""
    assert run("check", "--rules", write(tmp_path))[0] == ExitCode.BAD_RULE


def test_list_prints_a_row_per_rule(run):
    """With what a person wants to see of it."""
    _, rows, _ = run("list")
    assert len(rows) == 5
    row = next(row for row in rows if "T1059.001" in row["techniques"])
    assert row["title"] == "Lab - PowerShell Started With an Encoded Command"
    assert (row["level"], row["tactics"], row["status"]) == ("informational", ["TA0002"], "stable")
    assert row["logsource"] == "product=windows, category=process_creation"


def test_list_refuses_a_set_without_rules(run, tmp_path):
    """As every command does that needs rules."""
    with pytest.raises(RuleError, match="no rule could be loaded"):
        run("list", "--rules", write(tmp_path, a="title: ["))


def test_show_prints_one_rule(run, tmp_path):
    """Tags with ATT&CK's names, the condition in words, where it stands; the id may be cut short."""
    text = rule_text(SELECTION, tags=["attack.t1059.001", "cve.2021-44228"], falsepositives=["Admins"])
    _, (shown,), _ = run("show", ID[:8], "--rules", write(tmp_path, a=text))
    assert shown["id"] == ID
    assert shown["tags"] == ["attack.t1059.001 (T1059.001 PowerShell)", "cve.2021-44228"]
    assert shown["condition"] == "selection:\n  a is '1'"
    assert shown["false_positives"] == ["Admins"]
    assert shown["source"].endswith("a.yml:1")


def test_show_prints_a_table_for_people(capfd):
    """One line per thing there is to know; what the rule does not say is left out."""
    rules.main(["show", "a9778ec7", "--format", "table"], standalone_mode=False)
    out = capfd.readouterr().out
    assert "command_line contains 'encodedcommand'" in out
    assert "notices" not in out


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("a9778ec8-e8ce-426e-89f6-0d9678cfdeb2", "did you mean 'a9778ec7-e8ce-426e-89f6-0d9678cfdeb2'?"),
        ("", "5 ids begin like this"),
        ("nope", "no such rule among the 5 loaded"),
    ],
)
def test_show_of_an_id_that_is_none_names_the_nearest(run, wanted, said):
    """Or how many there are."""
    with pytest.raises(SettingsError) as raised:
        run("show", wanted)
    assert said in str(raised.value)


def test_stats_counts_what_was_found(run, tmp_path):
    """By outcome, level, status, log source and what conditions look at."""
    folder = write(
        tmp_path,
        a=rule_text({"selection": {"a|re": "x", "b|contains": "y"}}, level="high", status="test"),
        b=rule_text({"selection": {"a|cidr": "10.0.0.0/8"}}, id=rule_id(2)),
        c="title: [",
    )
    _, rows, _ = run("stats", "--rules", folder)
    counts = {(row["by"], row["value"]): row["rules"] for row in rows}
    assert counts["outcome", "ok"] == 2
    assert counts["outcome", "invalid"] == 1
    assert counts["level", "high"] == counts["level", "informational"] == 1
    assert counts["status", "test"] == counts["status", "(not given)"] == 1
    assert counts["log source", "product=windows"] == 2
    assert [counts["looks at", kind] for kind in ("texts", "regular expressions", "networks")] == [1, 1, 1]
