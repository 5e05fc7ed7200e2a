"""`tocsin rules`: which rules there are, what each says, and what is wrong with the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import click

from tocsin.app.cli.options import RULES, takes
from tocsin.app.cli.output import FORMATS, emit, is_table, notice
from tocsin.app.cli.rules_coverage import coverage
from tocsin.app.cli.rules_fetch import fetch
from tocsin.app.cli.rules_profile import profile
from tocsin.app.rule_sets import all_rules_of, rules_of
from tocsin.app.settings import Loaded
from tocsin.attack import Kind, catalogue
from tocsin.errors import ExitCode, SettingsError, nearest
from tocsin.model import Level, LogSource
from tocsin.rules import Rule, RuleSet, Status
from tocsin.rules.ir import atoms
from tocsin.rules.words import in_words


@click.group()
def rules() -> None:
    """Look at the rules: which there are, what they say, what is wrong with them."""


rules.add_command(fetch)
rules.add_command(profile)
rules.add_command(coverage)


@rules.command()
@click.option("--strict", is_flag=True, help="Fail also on rules that are unsupported or there twice.")
@takes(*RULES)
@FORMATS
def check(loaded: Loaded, format_: str | None, *, strict: bool) -> int:
    """Print every rule that is not in order, with its place and the reason."""
    found = all_rules_of(loaded.settings.rules, notice)
    rows = (
        {
            "status": str(entry.status),
            "source": entry.source,
            "id": entry.id,
            "title": entry.title,
            "reason": entry.reason,
        }
        for entry in found.report
        if entry.status is not Status.OK or entry.reason
    )
    emit(rows, format_, columns=["status", "source", "title", "reason"])
    counts = found.counts()
    notice(f"{len(found.report):,} rules: " + ", ".join(f"{n:,} {status}" for status, n in counts.items()))
    bad = {Status.INVALID, Status.UNSUPPORTED, Status.DUPLICATE} if strict else {Status.INVALID}
    failed = not found.rules or any(counts[status] for status in bad)
    return ExitCode.BAD_RULE if failed else ExitCode.OK


@rules.command("list")
@takes(*RULES)
@FORMATS
def list_(loaded: Loaded, format_: str | None) -> None:
    """Print one line per rule that judges events."""
    columns = ["id", "title", "level", "tactics", "techniques", "logsource", "status"]
    emit(_rows(rules_of(loaded.settings.rules, notice)), format_, columns=columns)


def _rows(found: RuleSet) -> Iterable[dict[str, Any]]:
    for rule in found.rules:
        yield {
            "id": rule.id,
            "title": rule.title,
            "level": str(rule.level),
            "tactics": rule.tactics,
            "techniques": rule.techniques,
            "logsource": _logsource(rule.logsource),
            "status": rule.status,
            "source": rule.source,
            "revision": rule.revision,
        }


@rules.command()
@takes(*RULES)
@FORMATS
def stats(loaded: Loaded, format_: str | None) -> None:
    """Count what was found: by outcome, level, status and log source, and what conditions are made of."""
    found = all_rules_of(loaded.settings.rules, notice)
    rows = (
        {"by": by, "value": value, "rules": count}
        for by, counts in _counts(found).items()
        for value, count in counts
    )
    emit(rows, format_, columns=["by", "value", "rules"])


def _counts(found: RuleSet) -> dict[str, list[tuple[str, int]]]:
    rules = found.rules
    kinds = Counter(
        kind for rule in rules for kind in {type(atom).__name__ for atom in atoms(rule.condition)}
    )
    levels = Counter(rule.level for rule in rules)
    return {
        "outcome": [(str(status), count) for status, count in found.counts().items()],
        "level": [(str(level), levels[level]) for level in sorted(Level, reverse=True)],
        "status": Counter(rule.status or "(not given)" for rule in rules).most_common(),
        "log source": Counter(_logsource(rule.logsource) for rule in rules).most_common(),
        "looks at": [(_KINDS[kind], count) for kind, count in kinds.most_common()],
        "notice": [("rules with a notice", sum(bool(rule.notices) for rule in rules))],
    }


_KINDS = {
    "Text": "texts",
    "Regex": "regular expressions",
    "Cidr": "networks",
    "Compare": "numbers and times",
    "Present": "whether a field is there",
    "Reference": "other fields",
}


@rules.command()
@click.argument("rule_id", metavar="ID")
@takes(*RULES)
@FORMATS
def show(loaded: Loaded, format_: str | None, rule_id: str) -> None:
    """Print all about one rule; ID is its id, or enough of the id's beginning to tell it from others."""
    described = _described(_the_rule(rules_of(loaded.settings.rules, notice), rule_id))
    if is_table(format_):
        lines = (
            {"what": key.replace("_", " "), "value": _one_a_line(v)} for key, v in described.items() if v
        )
        emit(lines, format_, columns=["what", "value"])
    else:
        emit([described], format_, columns=[])


def _one_a_line(value: object) -> object:
    return "\n".join(value) if isinstance(value, tuple) else value


def _the_rule(found: RuleSet, rule_id: str) -> Rule:
    wanted = rule_id.lower()
    matching = [rule for rule in found.rules if rule.id.startswith(wanted)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        listed = ", ".join(rule.id for rule in matching[:5])
        raise SettingsError(f"rule {rule_id!r}: {len(matching)} ids begin like this", f"such as {listed}")
    hint = nearest(wanted, found.by_id) or "see: tocsin rules list"
    raise SettingsError(f"rule {rule_id!r}: no such rule among the {len(found.rules):,} loaded", hint)


def _described(rule: Rule) -> dict[str, object]:
    return {
        "title": rule.title,
        "id": rule.id,
        "level": str(rule.level),
        "status": rule.status,
        "description": rule.description,
        "author": rule.author,
        "logsource": _logsource(rule.logsource),
        "tags": tuple(_tag(tag) for tag in rule.tags),
        "tactic": rule.label.tactic if rule.label else None,
        "technique": rule.label.technique if rule.label else None,
        "condition": in_words(rule.condition),
        "false_positives": rule.false_positives,
        "references": rule.references,
        "source": rule.source,
        "revision": rule.revision,
        "notices": rule.notices,
    }


def _tag(text: str) -> str:
    """Return a tag with the names of what it stands for."""
    found = catalogue().tag(text)
    ids = {Kind.TACTIC: found.tactics, Kind.TECHNIQUE: (found.technique,) if found.technique else ()}
    names = ", ".join(f"{id_} {catalogue().name(id_)}" for id_ in ids.get(found.kind, ()))
    return f"{text} ({names})" if names else text


def _logsource(logsource: LogSource) -> str:
    parts = ("product", "category", "service")
    return ", ".join(f"{part}={value}" for part in parts if (value := getattr(logsource, part)))
