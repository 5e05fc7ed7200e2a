"""What is seen in the values of a field: which patterns are found, worked out once per distinct value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, count
from operator import not_
from typing import Any, cast

from tocsin.decode.coded import Column, coded, each_once
from tocsin.decode.columns import COMPOSITE
from tocsin.decode.views import Nothing, is_empty
from tocsin.detect.clues import Pattern
from tocsin.detect.finds import finds
from tocsin.detect.oracle import matcher, stands
from tocsin.detect.probe import Probe
from tocsin.detect.reading import EXACT, Reading, Value, as_text
from tocsin.rules.ir import Reference, fold


class Sight:
    """The patterns found in a value; there is one object for all values in which the same were found.

    So it is compared by identity, which makes tuples of them the fastest of keys.
    """

    __slots__ = ("hits",)

    def __init__(self, hits: frozenset[int]) -> None:
        self.hits = hits


NONE = Sight(frozenset())
"""Of a record in which nothing was found."""

UNSEEN = Sight(frozenset())
"""Of a value that is not one scalar: the event has to be looked at in full."""

AT_ONCE = 64
"""Values that are scanned at once: together they stay in the processor's cache."""

OFTEN_NEW = 0.6
"""With more new values than this among those looked up, remembering them costs more than it saves."""

LONG = 500
"""Characters on average from which looking a value up costs as much as searching it: it is hashed."""

OFTEN_NEW_LONG = 0.2
"""The share from which long values are not worth remembering."""

TRIED = 4_000
"""Values that are looked up before it is decided whether they are worth remembering."""

PAUSE = 30_000
"""Values that are then searched one and all, before remembering is tried again."""


class FieldMemo(dict[object, Sight]):
    """Value -> what is seen in it, of all that is looked for in a field; what is missing is worked out.

    Values that Python takes for equal and Sigma does not (1 and True) are never its keys.

    Args:
        probes: look for the patterns.
        most: values remembered before it starts anew.
        most_text: characters that they may have.
    """

    __slots__ = (
        "__weakref__",
        "_absent",
        "_finds",
        "_forgotten",
        "_looked",
        "_most",
        "_most_text",
        "_name",
        "_new",
        "_new_text",
        "_objects",
        "_odds",
        "_pause",
        "_present",
        "_probes",
        "_sights",
        "_text",
    )

    def __init__(self, probes: Sequence[Probe], most: int, most_text: int) -> None:
        super().__init__()
        self._name = object()  # a dictionary is no key
        self._probes = probes
        self._finds = finds()
        self._present = frozenset().union(*[probe.present for probe in probes])
        self._sights: dict[frozenset[int], Sight] = {}  # by what was found; also where nothing is present
        self._absent: dict[frozenset[int], Sight] = {}
        self._objects: dict[frozenset[int], Sight] = {}  # by what they say
        self._odds: dict[tuple[type, object], Sight] = {}
        self._most = most
        self._most_text = most_text
        self._forgotten = 0
        self._looked = self._new = self._new_text = self._pause = 0
        self.forget()

    @property
    def misses(self) -> int:
        """Return how many values were worked out, with those that were not remembered."""
        return self._forgotten + len(self)

    def forget(self) -> None:
        """Start anew."""
        self._forgotten += len(self)
        self.clear()
        self._text = 0
        if len(self._sights) + len(self._absent) >= self._most:
            self._sights.clear()
            self._absent.clear()
            self._objects.clear()
            self._finds.forget()
        self._odds.clear()
        self[None] = self._sight([], present=False)
        self[COMPOSITE] = UNSEEN

    def column(self, column: Column) -> Sequence[Sight]:
        """Return what is seen in each value of a column; a tuple of one if it is the same in all."""
        if isinstance(column, Nothing):
            return (self[None],)
        codes = coded(column)
        if codes is not None:
            return each_once(codes, self._name, self._of_values)
        if is_empty(column):
            return (self[None],)
        if self._pause > 0:
            return self._without_memory(column)
        self._looked += len(column)
        return self._of_values(column, counts=True)

    def _of_values(self, values: Column, *, counts: bool = False) -> list[Sight]:
        """Return what is seen in each value.

        Args:
            values: of a column, or all that are new in one that is coded.
            counts: whether it counts how many of them are new.
        """
        found = list(map(self.get, values))
        if not all(found):
            self._complete(values, found, counts=counts)
        return cast(list[Sight], found)

    def __missing__(self, value: object) -> Sight:
        if type(value) is not str:
            return self._odd(value)
        found: list[Sight | None] = [None]
        self._complete([value], found)
        return cast(Sight, found[0])

    def _complete(self, column: Column, found: list[Sight | None], *, counts: bool = False) -> None:
        """Put what is seen in each value where it is None, and remember it."""
        gaps = list(compress(count(), map(not_, found)))
        values = list(map(column.__getitem__, gaps))
        texts = cast(list[str], list(dict.fromkeys(values)))
        if set(map(type, texts)) != _ONLY_TEXTS:
            texts = list(dict.fromkeys([value for value in values if type(value) is str]))
        if counts:
            self._new += len(texts)
            self._new_text += sum(map(len, texts))
            self._decide_to_pause()
        known = dict(zip(texts, self._seen_in(texts), strict=True))
        self._remember(known)
        for place, value in zip(gaps, values, strict=True):
            found[place] = known[value] if type(value) is str else self[value]

    def _remember(self, known: Mapping[Any, Sight]) -> None:
        text = sum(map(len, known))
        if len(self) + len(known) > self._most or self._text + text > self._most_text:
            self.forget()
        if len(known) > self._most or text > self._most_text or self._pause > 0:
            self._forgotten += len(known)
            return
        self._text += text
        self.update(known)

    def _decide_to_pause(self) -> None:
        if self._looked < TRIED:
            return
        often = OFTEN_NEW if self._new_text < LONG * self._new else OFTEN_NEW_LONG
        if self._new > often * self._looked:
            self._pause = PAUSE
            self.forget()
        self._looked = self._new = self._new_text = 0

    def _without_memory(self, column: Column) -> list[Sight]:
        if set(map(type, column)) == _ONLY_TEXTS:
            texts = cast(Sequence[str], column)
        else:
            texts = [value for value in column if type(value) is str]
        self._pause -= len(texts)
        self._forgotten += len(texts)
        seen = self._seen_in(texts)
        if len(texts) == len(column):
            return seen
        each = iter(seen)
        return [next(each) if type(value) is str else self[value] for value in column]

    def of(self, values: Iterable[Value], *, present: bool) -> Sight:
        """Return what is seen in all the scalars of a field together.

        Args:
            values: the scalars.
            present: whether the field has anything at all, be it no scalar.
        """
        return self._sight([number for value in values for number in self._in(value)], present=present)

    def _odd(self, raw: Any) -> Sight:  # noqa: ANN401 - columns hold scalars, which is their promise
        """Return what is seen in what is no text."""
        key = (type(raw), raw)
        sight = self._odds.get(key)
        if sight is None:
            text = as_text(raw)
            sight = self._sight(self._in(Value("", raw, text, fold(text))))
            if type(raw) is int and 1 < abs(raw) < EXACT:  # nothing else that Python takes for equal to it
                self[raw] = sight
            elif raw in _BITS:
                self._odds[key] = sight
        return sight

    def _seen_in(self, texts: Sequence[str]) -> list[Sight]:
        """Return what is seen in each text. Those of ASCII characters are looked at many at once."""
        sights: list[Sight] = []
        for first in range(0, len(texts), AT_ONCE):
            sights += self._look([*texts[first : first + AT_ONCE]])
        return sights

    def _look(self, texts: list[str]) -> list[Sight]:
        found = self._finds
        if not found.begin(texts):
            return self._look_apart(texts)
        for probe in self._probes:
            probe.find_each(texts, found)
        return found.made(self._sight)

    def _look_apart(self, texts: list[str]) -> list[Sight]:
        """Return what is seen in texts, of which those of other characters are looked at one by one."""
        odd = {place for place, text in enumerate(texts) if not text.isascii() or "\0" in text}
        sights = self._look(["" if place in odd else text for place, text in enumerate(texts)])
        for place in odd:
            text = texts[place]
            sights[place] = self._sight(self._in(Value("", text, text, fold(text))))
        return sights

    def _in(self, value: Value) -> list[int]:
        return [number for probe in self._probes for number in probe.found(value)]

    def _sight(self, found: Iterable[int], *, present: bool = True) -> Sight:
        """Return the one object for what was found; among it, `present` is what is found in every value."""
        hits = frozenset(found)
        known = self._sights if present else self._absent
        sight = known.get(hits)
        if sight is None:
            every = hits | self._present if present else hits
            sight = known[hits] = self._objects.setdefault(every, Sight(every))
        return sight


_ONLY_TEXTS = {str}

_BITS = (0, 1)


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
