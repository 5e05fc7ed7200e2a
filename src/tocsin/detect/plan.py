"""Chooses the patterns that are looked for in the events of a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tocsin.detect.clues import Clue, Pattern, clue_of, tested
from tocsin.detect.rarity import cover_of, expected
from tocsin.rules.ir import Atom, Node, atoms


class Plan:
    """Which patterns are looked for, and which rules can fire where one was found.

    Attributes:
        clues: what patterns say about the atoms of the rules.
        chosen: the patterns that are looked for.
        covers: per rule the patterns of which one is found if it fires; None where none needs to be.
    """

    def __init__(self, conditions: Sequence[Node | None]) -> None:
        self._conditions = conditions
        self.clues: dict[Atom, Clue | None] = {}
        uses: Counter[Pattern] = Counter()
        for condition in conditions:
            uses.update(self._patterns(condition))
        self._prices = {pattern: expected(pattern, count) for pattern, count in uses.items()}
        self.covers = [
            None if condition is None else cover_of(condition, self.clues, self._prices.__getitem__)
            for condition in conditions
        ]
        self.chosen: set[Pattern] = {pattern for cover in self.covers for pattern in cover or ()}
        self.decide(place for place, cover in enumerate(self.covers) if cover is None)

    def _patterns(self, condition: Node | None) -> set[Pattern]:
        found: set[Pattern] = set()
        for atom in set(atoms(condition)) if condition is not None else ():
            if atom not in self.clues:
                self.clues[atom] = clue_of(atom)
            clue = self.clues[atom]
            if clue is not None:
                found |= clue.patterns
        return found

    def decide(self, places: Iterable[int]) -> frozenset[Pattern]:
        """Choose all patterns of these rules, and tests for the rest; return what was not chosen before."""
        before = frozenset(self.chosen)
        for place in places:
            condition = self._conditions[place]
            if condition is not None:
                self.chosen |= self._decide(condition)
        return frozenset(self.chosen) - before

    def _decide(self, condition: Node) -> set[Pattern]:
        """Have everything that a rule asks for looked for, or tested once per distinct value."""
        for atom in atoms(condition):
            clue = self.clues[atom]
            if clue is None or not clue.exact:
                self.clues[atom] = tested(atom) or clue
        return self._patterns(condition)
