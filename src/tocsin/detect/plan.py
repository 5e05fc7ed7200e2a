"""Chooses the patterns that are looked for in the events of a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tocsin.detect.clues import Clue, Pattern, Where, clue_of, tested
from tocsin.detect.rarity import cost, cover_of, expected
from tocsin.rules.ir import Atom, Node, atoms

OFTEN = 0.02
"""Rules that are expected to be candidates for more events than this have all their patterns looked for."""


class Plan:
    """Which patterns are looked for, and which rules can fire where one was found.

    Attributes:
        clues: what patterns say about the atoms of the rules.
        chosen: the patterns that are looked for.
        covers: per rule the patterns of which one is found if it fires; None where none needs to be.
    """

    def __init__(self, conditions: Sequence[Node | None]) -> None:
        self.clues: dict[Atom, Clue | None] = {}
        uses: Counter[Pattern] = Counter()
        for condition in conditions:
            uses.update(self._patterns(condition))
        self._prices = {pattern: expected(pattern, count) for pattern, count in uses.items()}
        self.chosen: set[Pattern] = set()
        self.covers = [self._take(condition) for condition in conditions]

    def _patterns(self, condition: Node | None) -> set[Pattern]:
        found: set[Pattern] = set()
        for atom in set(atoms(condition)) if condition is not None else ():
            if atom not in self.clues:
                self.clues[atom] = clue_of(atom)
            clue = self.clues[atom]
            if clue is not None:
                found |= clue.patterns
        return found

    def _take(self, condition: Node | None) -> frozenset[Pattern] | None:
        """Choose the patterns for a rule; return those of which one must be found, or None."""
        if condition is None:
            return None
        price = self._prices.__getitem__
        cover = cover_of(condition, self.clues, price)
        self.chosen |= cover or set()
        if cover is None:
            self._test(condition)
        if cover is None or cost(cover, price) > OFTEN:
            self.chosen |= self._patterns(condition)
        return cover

    def _test(self, condition: Node) -> None:
        """Have what cannot be looked for tested once per distinct value, since every event asks for it."""
        for atom in atoms(condition):
            if self.clues[atom] is None:
                self.clues[atom] = tested(atom)

    def by_field(self) -> list[tuple[str, frozenset[Pattern]]]:
        """Return the fields whose values are looked into, and what for."""
        found: dict[str, set[Pattern]] = {}
        for pattern in self.chosen:
            if pattern.where not in {Where.IN_RECORD, Where.PAIR}:
                found.setdefault(pattern.field, set()).add(pattern)
        return [(field, frozenset(found[field])) for field in sorted(found)]

    def by_pair(self) -> list[tuple[tuple[str, str], frozenset[Pattern]]]:
        """Return the pairs of fields that are compared, and how."""
        found: dict[tuple[str, str], set[Pattern]] = {}
        for pattern in self.chosen:
            if pattern.where is Where.PAIR:
                found.setdefault((pattern.field, pattern.literal), set()).add(pattern)
        return [(pair, frozenset(found[pair])) for pair in sorted(found)]

    def in_records(self) -> frozenset[Pattern]:
        """Return what is looked for in the bytes of records."""
        return frozenset(pattern for pattern in self.chosen if pattern.where is Where.IN_RECORD)
