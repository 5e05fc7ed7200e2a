"""Chooses the patterns that are looked for in the events of a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tocsin.detect.clues import Clue, Pattern, clue_of, tested
from tocsin.detect.rarity import cover_of, expected, is_dear
from tocsin.rules.ir import Atom, Node, atoms


class Plan:
    """Which patterns are looked for, and which rules can fire where one was found.

    Attributes:
        chosen: the patterns that are looked for.
        covers: per rule the patterns of which one is found if it fires; None where none needs to be.
    """

    def __init__(self, conditions: Sequence[Node | None]) -> None:
        self._conditions = conditions
        self._decided: dict[Atom, Clue] = {}
        clues = _Clues()
        uses: Counter[Pattern] = Counter()
        for condition in conditions:
            uses.update(clues.patterns(condition))
        prices = {pattern: expected(pattern, count) for pattern, count in uses.items()}
        self.covers = [
            None if condition is None else cover_of(condition, clues, prices.__getitem__)
            for condition in conditions
        ]
        self.chosen: set[Pattern] = {pattern for cover in self.covers for pattern in cover or ()}
        self._unsparing: set[int] = set()
        self._decides: dict[tuple[int, bool], frozenset[Pattern]] = {}
        self.spare_nothing(place for place, cover in enumerate(self.covers) if cover is None)
        self.decide(list(self._unsparing))

    def clue(self, atom: Atom) -> Clue | None:
        """Return what patterns say about an atom of the rules.

        It is worked out again: most rules never come so far that anyone asks, and to keep it takes 15 MB.
        """
        return self._decided.get(atom) or clue_of(atom)

    def lacking(self, places: Iterable[int]) -> frozenset[Pattern]:
        """Return what would have to be looked for, besides what is, to decide these rules."""
        return frozenset().union(*map(self._deciding, places)) - self.chosen

    def decide(self, places: Iterable[int]) -> None:
        """Choose the patterns of these rules, and tests for the rest."""
        for place in places:
            self.chosen |= self._deciding(place)
            for atom in self._atoms(place):
                clue = self._exact(atom)
                if clue is not None and clue.patterns <= self.chosen:
                    self._decided[atom] = clue

    def spare_nothing(self, places: Iterable[int]) -> None:
        """Let these rules have all that they ask for looked for, though it be dear."""
        self._unsparing.update(places)

    def _deciding(self, place: int) -> frozenset[Pattern]:
        """Return what a rule asks for, to be looked for or tested once per distinct value.

        What is dear is left out as a rule: where all the rest was found, which is seldom, it is soon tested.
        """
        unsparing = place in self._unsparing
        known = self._decides.get((place, unsparing))
        if known is None:
            found = [clue.patterns for clue in map(self._exact, self._atoms(place)) if clue is not None]
            wanted = [some for some in found if unsparing or not any(map(is_dear, some))]
            known = self._decides[place, unsparing] = frozenset().union(*wanted)
        return known

    def _exact(self, atom: Atom) -> Clue | None:
        clue = self.clue(atom)
        return clue if clue is not None and clue.exact else tested(atom) or clue

    def _atoms(self, place: int) -> set[Atom]:
        condition = self._conditions[place]
        return set() if condition is None else set(atoms(condition))


class _Clues(dict[Atom, Clue | None]):
    """What can be looked for on behalf of atoms, worked out when it is first asked for."""

    def __missing__(self, atom: Atom) -> Clue | None:
        found = self[atom] = clue_of(atom)
        return found

    def patterns(self, condition: Node | None) -> set[Pattern]:
        """Return all that can be looked for on behalf of a condition."""
        found: set[Pattern] = set()
        for atom in set(atoms(condition)) if condition is not None else ():
            clue = self[atom]
            if clue is not None:
                found |= clue.patterns
        return found
