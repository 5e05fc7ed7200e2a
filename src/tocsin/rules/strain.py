"""Rules whose regular expressions were stopped: they did not look at everything, and people must know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.rules.ir import Regex, atoms
from tocsin.rules.regex import strain_on
from tocsin.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Strain:
    """What one rule did not look at.

    Attributes:
        stopped: searches that took too long and were given up.
        skipped: searches that were not made while the expression rested after that.
    """

    rule: Rule
    pattern: str
    stopped: int
    skipped: int

    def __str__(self) -> str:
        return (
            f"rule {self.rule.id} ({self.rule.title}) did not see everything: its regular expression took too"
            f" long on some values, and was stopped {self.stopped:,} and skipped {self.skipped:,} times"
        )


def strained(rules: Iterable[Rule]) -> list[Strain]:
    """Return the rules whose expressions were stopped since the process began."""
    found = []
    for rule in rules:
        for pattern, flags in {(a.pattern, a.flags) for a in atoms(rule.condition) if isinstance(a, Regex)}:
            stopped, skipped = strain_on(pattern, flags)
            if stopped:
                found.append(Strain(rule, pattern, stopped, skipped))
    return found
