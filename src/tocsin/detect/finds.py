"""Gathers what is found in several texts at once: natively, or in Python where the library was not built."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, count
from operator import methodcaller
from typing import Any, NamedTuple, Protocol

from tocsin.decode.coded import IS_NATIVE

if IS_NATIVE:
    from tocsin.decode import native


class Need(NamedTuple):
    """What a text needs to have, and the number under which it is told.

    Attributes:
        any_of: ASCII in small letters: one of these is in the text with a NUL before and behind it; none
            where any text will do.
        least: characters that it has.
    """

    number: int
    any_of: Sequence[bytes]
    least: int = 0


class PlainNeeds:
    """Several of them, as `PlainFinds` takes them."""

    def __init__(self, needs: Sequence[Need]) -> None:
        self.each = [(need, [methodcaller("__contains__", one) for one in need.any_of]) for need in needs]


Needs = Any
"""Several of them, as `needs_of` makes them."""


class Finds(Protocol):
    """Collects numbers for texts, and gives each text what was made of the set of its numbers."""

    @property
    def joined(self) -> bytes:
        """Return the texts with a NUL before and behind each; between two there is one."""

    def begin(self, texts: list[str]) -> bool:
        """Take texts, of which nothing is found yet; say whether they have ASCII characters but NUL only.

        If they have others, it takes none.
        """

    def take(self, place: int, start: int, end: int, flags: int, context: object, /) -> None:
        """Take what Hyperscan tells of the texts joined: where a literal ends, and its place among all."""

    def walk(self, numbers: list[list[int]]) -> None:
        """Add what was taken to the texts, given the numbers of the literals by place."""

    def add(self, number: int, places: Sequence[int]) -> None:
        """Add a number to the texts at some places."""

    def add_having(self, needs: Needs) -> None:
        """Add the number of each need to the texts that have it."""

    def having(self, needs: Needs) -> list[tuple[int, list[int]]]:
        """Return the numbers of the needs that any text has, each with the places of these texts, rising."""

    def guards(self) -> list[tuple[int, list[int]]]:
        """Take the negative numbers out; return each with the places of its texts, rising."""

    def made(self, make: Callable[[list[int]], Any]) -> list[Any]:
        """Return what is made of the set of numbers of each text, and end with these texts.

        Args:
            make: makes it of a list of numbers; called for sets that are new.
        """

    def forget(self) -> None:
        """Make everything anew from now on."""


class PlainFinds:
    """Does what the native library does, without it."""

    def __init__(self) -> None:
        self.joined = b""
        self._count = 0
        self._hits: list[tuple[int, int]] = []
        self._found: dict[int, list[int]] = defaultdict(list)
        self._made: dict[frozenset[int], Any] = {}

    def begin(self, texts: list[str]) -> bool:
        """See `Finds`."""
        joined = "\0".join(["", *texts, ""])
        if not joined.isascii() or any(map(_has_nul, texts)):
            return False
        self.joined = joined.encode()
        self._count = len(texts)
        self._hits.clear()
        self._found.clear()
        return True

    def take(self, place: int, _start: int, end: int, _flags: int, _context: object, /) -> None:
        """See `Finds`."""
        self._hits.append((end, place))

    def walk(self, numbers: list[list[int]]) -> None:
        """See `Finds`."""
        self._hits.sort()  # Hyperscan promises no order
        text, border, here = -1, 0, []
        for end, place in self._hits:
            if end > border + 1:
                while end > border + 1:
                    border = self.joined.find(b"\0", border + 1)
                    text += 1
                here = self._found[text]
            here += numbers[place]
        self._hits.clear()

    def add(self, number: int, places: Sequence[int]) -> None:
        """See `Finds`."""
        for place in places:
            self._found[place].append(number)

    def add_having(self, needs: PlainNeeds) -> None:
        """See `Finds`."""
        for number, places in self.having(needs):
            self.add(number, places)

    def having(self, needs: PlainNeeds) -> list[tuple[int, list[int]]]:
        """See `Finds`."""
        folded = self.joined.lower()
        each = [b"\0%b\0" % text for text in folded.split(b"\0")[1:-1]]
        found = [(need.number, _places(need, checks, folded, each)) for need, checks in needs.each]
        return [(number, places) for number, places in found if places]

    def guards(self) -> list[tuple[int, list[int]]]:
        """See `Finds`."""
        guards: dict[int, list[int]] = defaultdict(list)
        for place, numbers in sorted(self._found.items()):
            if min(numbers, default=0) < 0:
                for guard in {number for number in numbers if number < 0}:
                    guards[guard].append(place)
                self._found[place] = [number for number in numbers if number >= 0]
        return sorted(guards.items())

    def made(self, make: Callable[[list[int]], Any]) -> list[Any]:
        """See `Finds`."""
        each = [frozenset(self._found.get(place, ())) for place in range(self._count)]
        for numbers in set(each).difference(self._made):
            self._made[numbers] = make(sorted(numbers))
        self._count = 0
        self._found.clear()
        return list(map(self._made.__getitem__, each))

    def forget(self) -> None:
        """See `Finds`."""
        self._made.clear()


def finds() -> Finds:
    """Return what gathers numbers for texts."""
    return native.Finds() if IS_NATIVE else PlainFinds()


def needs_of(needs: Sequence[Need]) -> Needs:
    """Return several needs as what `finds` returns takes them."""
    return native.Needs(needs) if IS_NATIVE else PlainNeeds(needs)


def _places(need: Need, checks: Sequence[Check], folded: bytes, each: Sequence[bytes]) -> list[int]:
    """Return the places of the texts that have what is needed, given all in one and each by itself."""
    if not checks:
        places: Iterable[int] = range(len(each))
    else:
        some = [check for check in checks if check(folded)]
        places = sorted({place for check in some for place in compress(count(), map(check, each))})
    least = need.least + 2
    return [place for place in places if len(each[place]) >= least]


Check = Callable[[bytes], bool]

_has_nul = methodcaller("__contains__", "\0")  # counting them in the joined text takes 1 ns a character
