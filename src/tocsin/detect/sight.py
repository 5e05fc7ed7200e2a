"""What is seen in the values of a field: which patterns are found, worked out once per distinct value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tocsin.decode.columns import COMPOSITE
from tocsin.detect.cheap import cheap_tester
from tocsin.detect.clues import Pattern, Where, clue_of
from tocsin.detect.oracle import Test, matcher, stands, tester
from tocsin.detect.reading import EXACT, Reading, Value, as_text
from tocsin.detect.scan import Literal, Matching
from tocsin.rules.ir import Cidr, Compare, Reference, Regex, Text, fold


class Sight:
    """The patterns found in a value; there is one object for all values in which the same were found.

    So it is compared by identity, which makes tuples of them the fastest of keys.
    """

    __slots__ = ("hits",)

    def __init__(self, hits: frozenset[int]) -> None:
        self.hits = hits


UNSEEN = Sight(frozenset())
"""Of a value that is not one scalar: the event has to be looked at in full."""

_SCANNED = frozenset({Where.START, Where.END, Where.ANYWHERE, Where.IN_ASCII})


class FieldMemo(dict[object, Sight]):
    """Value -> what is seen in it, for one field and one set of patterns; a missing value is worked out.

    Values that Python takes for equal and Sigma does not (1 and True) are never its keys.

    Args:
        patterns: by number.
        matching: makes what looks for literals.
        most: values remembered before it starts anew.
        most_text: characters that they may have.
    """

    __slots__ = (
        "_find",
        "_forgotten",
        "_most",
        "_most_text",
        "_patterns",
        "_sights",
        "_text",
        "_uncommon",
        "_whole",
    )

    def __init__(
        self, patterns: Sequence[tuple[int, Pattern]], matching: Matching, most: int, most_text: int
    ) -> None:
        super().__init__()
        self._patterns = _Patterns(patterns)
        self._whole = self._patterns.whole
        scanned = [Literal(number, p.where, p.literal) for number, p in patterns if p.where in _SCANNED]
        scanned += self._patterns.guards
        self._find = matching.of_values(scanned).find if scanned else _find_nothing
        self._uncommon = bool(self._patterns.ascii or self._patterns.tests or self._patterns.guarded)
        self._sights: dict[frozenset[int], Sight] = {}
        self._most = most
        self._most_text = most_text
        self._forgotten = 0
        self.forget()

    @property
    def misses(self) -> int:
        """Return how many values were worked out and remembered, with those that were forgotten again."""
        return self._forgotten + len(self)

    def forget(self) -> None:
        """Start anew."""
        self._forgotten += len(self)
        self.clear()
        self._text = 0
        if len(self._sights) >= self._most:
            self._sights.clear()
        self[None] = self._sight([], present=False)
        self[COMPOSITE] = UNSEEN

    def __missing__(self, value: object) -> Sight:
        if type(value) is not str:
            return self._odd(value)
        folded = fold(value)
        found = self._find(folded)
        if folded in self._whole:
            found += self._whole[folded]
        if self._uncommon:
            found = self._patterns.with_tests(found, Value("", value, value, folded))
        sight = self._sights.get(frozenset(found)) or self._sight(found)
        if len(self) >= self._most or self._text >= self._most_text:
            self.forget()
        self._text += len(folded)
        self[value] = sight
        return sight

    def of(self, values: Iterable[Value], *, present: bool) -> Sight:
        """Return what is seen in all the scalars of a field together.

        Args:
            values: the scalars.
            present: whether the field has anything at all, be it no scalar.
        """
        return self._sight([number for value in values for number in self._in(value)], present=present)

    def _odd(self, raw: Any) -> Sight:  # noqa: ANN401 - columns hold scalars, which is their promise
        """Return what is seen in what is no text."""
        text = as_text(raw)
        sight = self._sight(self._in(Value("", raw, text, fold(text))))
        if type(raw) is int and 1 < abs(raw) < EXACT:  # nothing else that Python takes for equal to it
            self[raw] = sight
        return sight

    def _in(self, value: Value) -> list[int]:
        found = [*self._find(value.folded), *self._whole.get(value.folded, ())]
        return self._patterns.with_tests(found, value)

    def _sight(self, found: list[int], *, present: bool = True) -> Sight:
        """Return the one object for what was found; among it, `present` is what is found in every value."""
        hits = frozenset(found)
        if not present:
            return Sight(hits)
        sight = self._sights.get(hits)
        if sight is None:
            sight = self._sights[hits] = Sight(hits | self._patterns.present)
        return sight


class _Patterns:
    """The patterns of a field that a scan does not decide.

    Attributes:
        whole: folded value -> the patterns that it is.
        present: what is found in every value.
        ascii: what counts as found in every value that is not ASCII.
        tests: patterns with the tests that decide them.
        guards: literals of which one is in every value for which a test is worth a try; their numbers are
            negative.
        guarded: number of a guard -> the tests.
    """

    __slots__ = ("ascii", "guarded", "guards", "present", "tests", "whole")

    def __init__(self, patterns: Sequence[tuple[int, Pattern]]) -> None:
        self.present = frozenset(number for number, p in patterns if p.where is Where.PRESENT)
        self.ascii = [number for number, p in patterns if p.where is Where.IN_ASCII]
        self.whole: dict[str, list[int]] = {}
        self.tests: list[tuple[int, Test]] = []
        self.guards: list[Literal] = []
        self.guarded: dict[int, list[tuple[int, Test]]] = {}
        for number, pattern in patterns:
            if pattern.where is Where.WHOLE:
                self.whole.setdefault(pattern.literal, []).append(number)
            elif pattern.where is Where.TEST and isinstance(pattern.atom, Text | Regex | Cidr | Compare):
                self._add_test(number, pattern.atom)

    def _add_test(self, number: int, atom: Text | Regex | Cidr | Compare) -> None:
        clue = clue_of(atom)
        if clue is None or not all(pattern.where in _SCANNED for pattern in clue.patterns):
            self.tests.append((number, cheap_tester(atom)))
            return
        for pattern in clue.patterns:
            guard = -1 - len(self.guards)
            self.guards.append(Literal(guard, pattern.where, pattern.literal))
            self.guarded[guard] = [(number, tester(atom))]
            if pattern.where is Where.IN_ASCII:
                self.ascii.append(guard)

    def with_tests(self, found: list[int], value: Value) -> list[int]:
        """Return what was found in a value, and what is by looking at it in other ways."""
        if self.ascii and not value.text.isascii():
            found = found + self.ascii
        guarded = self.guarded
        if guarded and found and min(found) < 0:
            held = {n for guard in found if guard < 0 for n, holds in guarded[guard] if holds(value)}
            found = [number for number in found if number >= 0] + list(held)
        return found + [number for number, holds in self.tests if holds(value)] if self.tests else found


def _find_nothing(_: str) -> list[int]:
    return []


class PairMemo(dict[tuple[object, object], Sight]):
    """Pair of values of two fields -> which references between them hold; a missing pair is worked out.

    Args:
        patterns: by number.
        most: pairs remembered before it starts anew.
        most_text: characters that they may have.
    """

    __slots__ = ("_most", "_most_text", "_references", "_sights", "_text")

    def __init__(self, patterns: Sequence[tuple[int, Pattern]], most: int, most_text: int) -> None:
        super().__init__()
        self._references = [(number, p.atom) for number, p in patterns if isinstance(p.atom, Reference)]
        self._sights: dict[frozenset[int], Sight] = {}
        self._most = most
        self._most_text = most_text
        self._text = 0

    def __missing__(self, pair: tuple[object, object]) -> Sight:
        one, other = pair
        if one is None or other is None:
            return self._sight(frozenset())
        if type(one) is str and type(other) is str:
            sight = self._sight(self._in(one, other))
            if len(self) >= self._most or self._text >= self._most_text:
                self.clear()
                self._text = 0
            self._text += len(one) + len(other)
            self[pair] = sight
            return sight
        if one is COMPOSITE or other is COMPOSITE:
            return UNSEEN
        return self._sight(self._in(as_text(one), as_text(other)))

    def of(self, reading: Reading) -> Sight:
        """Return which references hold in an event."""
        return self._sight(frozenset(number for number, atom in self._references if matcher(atom)(reading)))

    def _in(self, text: str, other: str) -> frozenset[int]:
        folded, other_folded = fold(text), fold(other)
        return frozenset(
            number
            for number, atom in self._references
            if (stands(atom, text, other) if atom.cased else stands(atom, folded, other_folded))
        )

    def _sight(self, hits: frozenset[int]) -> Sight:
        found = self._sights.get(hits)
        if found is None:
            found = self._sights[hits] = Sight(hits)
        return found
