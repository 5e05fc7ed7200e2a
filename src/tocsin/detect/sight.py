"""What is seen in the values of a field: which patterns are found, worked out once per distinct value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from tocsin.decode.columns import COMPOSITE
from tocsin.detect.clues import Pattern, Where
from tocsin.detect.oracle import matcher, tester
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
        "_ascii",
        "_most",
        "_most_text",
        "_present",
        "_scanner",
        "_sights",
        "_tests",
        "_text",
        "_whole",
    )

    def __init__(
        self, patterns: Sequence[tuple[int, Pattern]], matching: Matching, most: int, most_text: int
    ) -> None:
        super().__init__()
        self._present = frozenset(number for number, p in patterns if p.where is Where.PRESENT)
        self._ascii = frozenset(number for number, p in patterns if p.where is Where.IN_ASCII)
        self._tests = [
            (number, tester(p.atom))
            for number, p in patterns
            if p.where is Where.TEST and isinstance(p.atom, Text | Regex | Cidr | Compare)
        ]
        self._whole: dict[str, list[int]] = defaultdict(list)
        for number, pattern in patterns:
            if pattern.where is Where.WHOLE:
                self._whole[pattern.literal].append(number)
        scanned = [Literal(number, p.where, p.literal) for number, p in patterns if p.where in _SCANNED]
        self._scanner = matching.of_values(scanned) if scanned else None
        self._sights: dict[frozenset[int], Sight] = {}
        self._most = most
        self._most_text = most_text
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self.clear()
        self._text = 0
        if len(self._sights) >= self._most:
            self._sights.clear()
        self[None] = self._sight(frozenset())
        self[COMPOSITE] = UNSEEN

    def __missing__(self, value: object) -> Sight:
        text = as_text(value)
        sight = self._sight(self._hits(_value(value, text)))
        if type(value) is str or _is_safe(value):
            if len(self) >= self._most or self._text >= self._most_text:
                self.forget()
            self._text += len(text)
            self[value] = sight
        return sight

    def of(self, values: Iterable[Value], *, present: bool) -> Sight:
        """Return what is seen in all the scalars of a field together.

        Args:
            values: the scalars.
            present: whether the field has anything at all, be it no scalar.
        """
        hits = set(self._present) if present else set()
        for value in values:
            hits |= self._hits(value)
        return self._sight(frozenset(hits))

    def _hits(self, value: Value) -> frozenset[int]:
        found = [*self._present, *self._whole.get(value.folded, ())]
        if self._scanner is not None:
            self._scanner.find(value.folded, found)
        if self._ascii and not value.text.isascii():
            found += self._ascii
        if self._tests:
            found += [number for number, holds in self._tests if holds(value)]
        return frozenset(found)

    def _sight(self, hits: frozenset[int]) -> Sight:
        found = self._sights.get(hits)
        if found is None:
            found = self._sights[hits] = Sight(hits)
        return found


def _is_safe(value: object) -> bool:
    """Say whether nothing that is equal to a number in Python is another value to Sigma."""
    return type(value) is int and 1 < abs(value) < EXACT


def _value(raw: Any, text: str) -> Value:  # noqa: ANN401 - columns hold scalars, which is their promise
    return Value("", raw, text, fold(text))


class PairMemo(dict[tuple[object, object], Sight]):
    """Pair of values of two fields -> which references between them hold; a missing pair is worked out.

    Args:
        patterns: by number.
        most: pairs remembered before it starts anew.
        most_text: characters that they may have.
    """

    __slots__ = ("_most", "_most_text", "_sights", "_tests", "_text")

    def __init__(self, patterns: Sequence[tuple[int, Pattern]], most: int, most_text: int) -> None:
        super().__init__()
        self._tests = [(number, p.atom, matcher(p.atom)) for number, p in patterns if p.atom is not None]
        self._sights: dict[frozenset[int], Sight] = {}
        self._most = most
        self._most_text = most_text
        self._text = 0

    def __missing__(self, pair: tuple[object, object]) -> Sight:
        one, other = pair
        if one is COMPOSITE or other is COMPOSITE:
            return UNSEEN
        _, atom, _ = self._tests[0]
        assert isinstance(atom, Reference), "only references have two fields"
        sight = self.of(Reading({atom.field: one, atom.other: other}))
        if _is_text(one) and _is_text(other):
            if len(self) >= self._most or self._text >= self._most_text:
                self.clear()
                self._text = 0
            self._text += sum(len(value) for value in pair if isinstance(value, str))
            self[pair] = sight
        return sight

    def of(self, reading: Reading) -> Sight:
        """Return which references hold in an event."""
        hits = frozenset(number for number, _, holds in self._tests if holds(reading))
        found = self._sights.get(hits)
        if found is None:
            found = self._sights[hits] = Sight(hits)
        return found


def _is_text(value: object) -> bool:
    return value is None or type(value) is str
