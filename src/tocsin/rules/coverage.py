"""Which techniques of ATT&CK the rules look for, and which they leave out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tocsin.attack import catalogue
from tocsin.model import Level, Tactic, Technique
from tocsin.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class TechniqueCoverage:
    """What the rules do about one technique or sub-technique.

    Attributes:
        rules: those that name it, highest level first, then by title.
        below: rules that name a sub-technique of it, and not itself.
        seen: events that were labelled with it.
    """

    technique: Technique
    rules: tuple[Rule, ...]
    below: int
    seen: int

    @property
    def is_gap(self) -> bool:
        """Say whether no rule looks for it, nor for a part of it."""
        return not self.rules and not self.below

    @property
    def level(self) -> Level | None:
        """Return the highest level of the rules that name it."""
        return self.rules[0].level if self.rules else None


@dataclass(frozen=True, slots=True)
class TacticCoverage:
    """What the rules do about one tactic.

    Attributes:
        rules: how many name it.
        covered: of its techniques (a sub-technique counts as its technique), how many a rule looks for...
        techniques: ... of how many in the catalogue.
        seen: events that were labelled with a technique that serves it.
    """

    tactic: Tactic
    rules: int
    covered: int
    techniques: int
    seen: int


def technique_coverage(
    rules: Iterable[Rule], seen: Mapping[str, int] | None = None
) -> tuple[TechniqueCoverage, ...]:
    """Return every technique and sub-technique of the catalogue, in the order of the ids.

    Args:
        rules: those that judge.
        seen: id of a technique -> events that were labelled with it; withdrawn ids count as their successors.
    """
    naming: dict[str, list[Rule]] = defaultdict(list)
    below: dict[str, set[str]] = defaultdict(set)
    for rule in rules:
        for id_ in rule.techniques:
            naming[id_].append(rule)
            parent = catalogue().techniques[id_].parent
            if parent is not None and parent not in rule.techniques:
                below[parent].add(rule.id)
    counts: dict[str, int] = defaultdict(int)
    for id_, count in (seen or {}).items():
        counts[catalogue().current(id_) or id_] += count
    return tuple(
        TechniqueCoverage(technique, _ranked(naming[id_]), len(below[id_]), counts[id_])
        for id_, technique in sorted(catalogue().techniques.items())
    )


def tactic_coverage(
    rules: Iterable[Rule], techniques: Iterable[TechniqueCoverage]
) -> tuple[TacticCoverage, ...]:
    """Return every tactic of the catalogue, in kill-chain order; `techniques` are those of the same rules."""
    each, found = tuple(techniques), tuple(rules)
    return tuple(_tactic(tactic, found, each) for tactic in catalogue().tactics)


def _tactic(tactic: Tactic, rules: Iterable[Rule], each: Iterable[TechniqueCoverage]) -> TacticCoverage:
    serving = [covered for covered in each if tactic.id in covered.technique.tactics]
    whole = [covered for covered in serving if covered.technique.parent is None]
    return TacticCoverage(
        tactic=tactic,
        rules=sum(tactic.id in rule.tactics for rule in rules),
        covered=sum(not covered.is_gap for covered in whole),
        techniques=len(whole),
        seen=sum(covered.seen for covered in serving),
    )


def _ranked(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(sorted(rules, key=lambda rule: (-rule.level, rule.title)))
