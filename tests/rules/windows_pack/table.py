"""The page of the documentation that lists the pack; run as a program, writes it anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tocsin.attack import catalogue
from tocsin.model import Level, Tactic
from tocsin.rules import Rule, RuleSet, load_rules

DOCUMENT = Path(__file__).parents[3] / "docs" / "rules-windows.md"

HEAD = """\
# The rule pack `builtin:windows`

{count} Sigma rules of our own for what Windows machines record: {levels}.
What fires at `medium` or above deserves a look. Each rule is about a single event; nothing here counts or
correlates.

What they need: Sysmon or, for the rules about processes, the security log's event 4688 with command lines;
PowerShell's script block logging (4104) for the rules about scripts; the logs Security, System and Microsoft
Defender. A rule about a command line also fires on the lab's `process_start` events, and the two rules about
logons from public addresses on its `user_login` events.

A *drop folder* in a title is a place where every user can write and software does not live: the temporary
folders, Public, Downloads, and the top of ProgramData or of a profile's AppData.

`tocsin rules show ID` prints a rule with what it looks for in words. To leave rules out or to narrow them,
write a Sigma filter and name it beside the pack: `--rules builtin:windows --rules my-filters/`.

A rule stands below each of its tactics (ATT&CK v{version}), with the techniques that belong there. Each has
events on which it must fire and events on which it must not, in `tests/rules/windows_pack/events.yml`. How
often it fires on 158 thousand recorded events, attacks and what went on beside them, is in
`recorded-counts.json` there.
"""

LEVELS = {
    Level.LOW: "context for other detections; no alert",
    Level.MEDIUM: "suspicious, to be looked at; administrators may do it too",
    Level.HIGH: "hardly ever innocent",
    Level.CRITICAL: "act at once",
}


def document(rules: RuleSet) -> str:
    """Return the page."""
    return "".join(f"{line}\n" for line in _lines(rules.rules)).rstrip("\n") + "\n"


def _lines(rules: Sequence[Rule]) -> Iterator[str]:
    counts = Counter(rule.level for rule in rules)
    levels = ", ".join(f"{counts[level]} {level.name.lower()}" for level in sorted(LEVELS, reverse=True))
    yield HEAD.format(count=len(rules), levels=levels, version=catalogue().version, events="158 thousand")
    yield "| level | means |"
    yield "|---|---|"
    yield from (f"| {level.name.lower()} | {meaning} |" for level, meaning in LEVELS.items())
    for tactic in catalogue().tactics:
        own = [rule for rule in rules if tactic.id in rule.tactics]
        if own:
            yield from _section(tactic, own)


def _section(tactic: Tactic, rules: Sequence[Rule]) -> Iterator[str]:
    yield ""
    yield f"## {tactic.name}"
    yield ""
    yield "| rule | level | techniques | log | file |"
    yield "|---|---|---|---|---|"
    for rule in sorted(rules, key=lambda rule: rule.title):
        log = rule.logsource.category or rule.logsource.service
        techniques = ", ".join(_techniques(rule, tactic))
        name = Path(rule.path).stem
        yield f"| {rule.title} | {rule.level.name.lower()} | {techniques} | `{log}` | `{name}` |"


def _techniques(rule: Rule, tactic: Tactic) -> Iterator[str]:
    for id_ in rule.techniques:
        technique = catalogue().techniques[id_]
        if tactic.id in technique.tactics:
            yield f"[{id_}]({technique.url})"


if __name__ == "__main__":
    DOCUMENT.write_text(document(load_rules(["builtin:windows"])), encoding="utf-8")
