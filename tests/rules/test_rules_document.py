"""docs/rules.md: its commands run, and its account of SigmaHQ's rules is true."""

import re
import shlex
from pathlib import Path

import pytest
from sigma.modifiers import modifier_mapping

from tests.corpora import corpus
from tocsin.app.cli import run
from tocsin.errors import ExitCode
from tocsin.rules import Status, load_rules, read_rules

DOCUMENT = Path(__file__).parents[2] / "docs" / "rules.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
PLACEHOLDER = re.compile(r"%([^%]+)%")


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("command", commands())
def test_the_commands_run(command, tmp_path, monkeypatch, capfd):
    """As they stand, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(command)
    assert program == "tocsin"
    assert run(arguments) == ExitCode.OK, capfd.readouterr().err


def test_every_modifier_is_named():
    """Those that pySigma knows; the long names of a regular expression's flags stand for the short ones."""
    named = set(re.findall(r"`([a-z0-9]+)`", TEXT))
    assert modifier_mapping.keys() - {"ignorecase", "multiline", "dotall"} <= named


def needs() -> dict[str, list[str]]:
    """Return the file of each of SigmaHQ's rules that does not run, and the placeholders that it needs."""
    report = read_rules([corpus("sigmahq/sigmahq-rules.zip")]).report
    faulty = [entry for entry in report if entry.status is not Status.OK]
    return {Path(entry.path).name: PLACEHOLDER.findall(entry.reason) for entry in faulty}


def table(found: dict[str, list[str]]) -> str:
    rows = "".join(f"| `{name}` | {', '.join(f'`{p}`' for p in found[name])} |\n" for name in sorted(found))
    return f"| rule | needs values for |\n|---|---|\n{rows}"


def test_the_rules_that_do_not_run_are_listed_and_run_with_values():
    """The table is made by this file: `python -m tests.rules.test_rules_document`."""
    found = needs()
    assert TEXT.split("<!-- sigmahq -->\n")[1].split("<!-- /sigmahq -->")[0] == table(found)
    values = {name: ["a value"] for names in found.values() for name in names}
    rules = load_rules([corpus("sigmahq/sigmahq-rules.zip")], placeholders=values, strict=True).rules
    assert len(rules) == 3780


if __name__ == "__main__":
    before, rest = TEXT.split("<!-- sigmahq -->\n")
    after = rest.split("<!-- /sigmahq -->")[1]
    DOCUMENT.write_text(
        f"{before}<!-- sigmahq -->\n{table(needs())}<!-- /sigmahq -->{after}", encoding="utf-8"
    )
