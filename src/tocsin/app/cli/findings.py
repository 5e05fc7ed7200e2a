"""The table that `tocsin scan` prints: one row per rule that fired, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin.app.cli.output import printable
from tocsin.app.scan import Finding
from tocsin.attack import catalogue
from tocsin.model import Detection, Level

_STYLES = {
    Level.CRITICAL: "bold red",
    Level.HIGH: "red",
    Level.MEDIUM: "yellow",
    Level.LOW: "cyan",
    Level.INFORMATIONAL: "dim",
}

_MOST_HOSTS = 3
_MOST_FIELDS = 3
_LONGEST = 160


def print_findings(findings: Iterable[Finding]) -> None:
    """Print the table to stdout; nothing when there are no findings."""
    table = Table(show_lines=True)
    table.add_column("level")
    table.add_column("events", justify="right")
    table.add_column("rule", overflow="fold")
    for finding in findings:
        level = finding.rule.level
        table.add_row(Text(str(level), style=_STYLES[level]), f"{finding.count:,}", _told(finding))
    if table.row_count:
        Console().print(table)


def _told(finding: Finding) -> Text:
    """Return what a rule found, line by line: its title, ATT&CK, where and when, and an example."""
    text = Text(finding.rule.rule_title, style="bold")
    for name, value in _lines(finding):
        text.append(f"\n{printable(name)} ", style="not bold dim").append(printable(value), style="not bold")
    return text


def _lines(finding: Finding) -> Iterator[tuple[str, str]]:
    attack = _attack(finding.rule)
    if attack:
        yield "ATT&CK", attack
    if finding.hosts:
        yield "hosts", _hosts(finding)
    if finding.first:
        yield "when", " to ".join(dict.fromkeys((finding.first, finding.last)))
    yield "example", str(finding.example)
    for field, value in finding.rule.matched[:_MOST_FIELDS]:
        shown = " ".join(value.split())
        yield f"  {field}", shown if len(shown) <= _LONGEST else shown[: _LONGEST - 3] + "..."


def _attack(rule: Detection) -> str:
    """Return the names of a rule's tactics, and of its techniques with their ids."""
    name = catalogue().name
    tactics = ", ".join(name(tactic) for tactic in rule.tactics)
    techniques = ", ".join(f"{technique} {name(technique)}" for technique in rule.techniques)
    return ": ".join(part for part in (tactics, techniques) if part)


def _hosts(finding: Finding) -> str:
    names = [name for name, _ in finding.hosts.most_common(_MOST_HOSTS)]
    more = len(finding.hosts) - len(names)
    return ", ".join(names) + (f" and {more:,} more" if more else "")
