"""The door to Hyperscan (or Vectorscan), which looks for thousands of literals in one pass over a text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import hyperscan

from tocsin.detect.clues import Where
from tocsin.detect.finds import Finds
from tocsin.detect.scan import (
    DOUBT,
    ESCAPE_STARTS,
    ESCAPED,
    LOOKALIKES,
    Literal,
    RecordScanner,
    ValueScanner,
)

LIBRARY = "hyperscan"

FEWEST = 100
"""Literals that are looked for in records at least, if need be some that are never there: for few of them the
library takes another way (Teddy), which took 1.7 us for a record of 2.5 KB instead of 0.6 us."""

_ANCHOR = b"\0"
"""Put around a value, and between two of them. In a value or a literal, `_NUL` stands for it."""

_NUL = b"\xff"
"""A byte that is in no UTF-8."""

_ANCHORS = {
    Where.WHOLE: (_ANCHOR, _ANCHOR),
    Where.START: (_ANCHOR, b""),
    Where.END: (b"", _ANCHOR),
}


class Shelf(Protocol):
    """Where compiled databases are kept from one start to the next."""

    def get(self, literals: bytes) -> bytes | None:
        """Return what was kept for these."""

    def put(self, literals: bytes, database: bytes) -> None:
        """Keep what was compiled for these."""


class HyperscanMatching:
    """Makes scanners that take one pass over each text.

    Args:
        shelf: where databases may be found, and are kept.
    """

    def __init__(self, shelf: Shelf | None = None) -> None:
        self._shelf = shelf

    def of_values(self, literals: Sequence[Literal]) -> ValueScanner:
        """See `Matching`."""
        plain = self._values([literal for literal in literals if literal.text.isascii()])
        other = self._values([literal for literal in literals if not literal.text.isascii()])
        return _Values(plain, other)

    def _values(self, literals: Sequence[Literal]) -> _Scan:
        ids: dict[bytes, list[int]] = defaultdict(list)
        for literal in sorted(literals, key=lambda literal: literal[1:]):  # equal ones give the same database
            ids[_expression(literal)].append(literal.id)
        if not ids:
            return _Scan(None, [])
        database = _database(list(ids), hyperscan.HS_FLAG_CASELESS, self._shelf)
        return _Scan(database, list(ids.values()))

    def of_records(self, literals: Sequence[Literal]) -> RecordScanner:
        """See `Matching`."""
        return _Records(sorted(literals, key=lambda literal: literal[1:]), self._shelf)


@dataclass(frozen=True, slots=True)
class _Scan:
    """A database, and by place in it the numbers of the literals that are equal but for what they mean."""

    database: hyperscan.Database | None
    ids: list[list[int]]


class _Values:
    """Looks for ASCII literals in every text, and for the others, which are many, where they can be."""

    def __init__(self, plain: _Scan, other: _Scan) -> None:
        self._plain = plain.database.scan if plain.database else _scan_nothing
        self._ids = plain.ids
        self._other = other.database.scan if other.database else None
        self._other_ids = other.ids

    def find(self, text: str) -> list[int]:
        raw = b"\0%b\0" % _encoded(text)
        places: list[int] = []
        self._plain(raw, _take, 0, places)
        found = [number for place in set(places) for number in self._ids[place]]
        if self._other is not None and not text.isascii():
            others: list[int] = []
            self._other(raw, _take, 0, others)
            found += [number for place in set(others) for number in self._other_ids[place]]
        return found

    def find_each(self, _texts: Sequence[str], finds: Finds) -> None:
        """One scan over many texts costs a fraction of many scans, and none of them has to be folded."""
        self._plain(finds.joined, finds.take, 0, None)
        finds.walk(self._ids)


def _scan_nothing(_raw: bytes, _take: object, _flags: int, _found: object) -> None:
    pass


class _Records:
    """Looks for literals in records, along with all that may hide one.

    Args:
        literals: to look for.
        shelf: where databases may be found.
    """

    def __init__(self, literals: Sequence[Literal], shelf: Shelf | None) -> None:
        sure = [*map(_expression, literals), *map(_hexed, LOOKALIKES)]
        expressions = [*sure, *map(_hexed, ESCAPE_STARTS)]
        self._ids = [literal.id for literal in literals] + [DOUBT] * (len(expressions) - len(literals))
        self._sure = len(sure)
        expressions += [_never(number) for number in range(FEWEST - len(expressions))]
        self._scan = _database(expressions, hyperscan.HS_FLAG_CASELESS, shelf).scan

    def find(self, joined: bytes) -> list[tuple[int, int]]:
        places: list[tuple[int, int]] = []
        self._scan(joined, _take_place, 0, places)
        ids, sure = self._ids, self._sure
        found = [
            (end, ids[place])
            for end, place in places
            if place < sure or ESCAPED.match(joined, end - _ESCAPE_START)
        ]
        if b"\0" in joined:  # looked for by itself: so short a literal makes a scan half as fast
            found += [(match.end(), DOUBT) for match in _NULS.finditer(joined)]
        return found


_NULS = re.compile(rb"\0+")

_ESCAPE_START = len(ESCAPE_STARTS[0])


def _take(place: int, _start: int, _end: int, _flags: int, found: Any) -> None:  # noqa: ANN401 - Hyperscan hands it through
    found.append(place)


def _take_place(place: int, _start: int, end: int, _flags: int, found: Any) -> None:  # noqa: ANN401 - as above
    found.append((end, place))


def _expression(literal: Literal) -> bytes:
    before, after = _ANCHORS.get(literal.where, (b"", b""))
    return _hexed(before + _encoded(literal.text) + after)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").replace(b"\0", _NUL)


def _hexed(raw: bytes) -> bytes:
    return b"\\x" + raw.hex(" ").replace(" ", "\\x").encode() if raw else b""


def _never(number: int) -> bytes:
    """Return an expression for bytes that no JSON has; each ends differently, as it is told by its end."""
    return b"\\xff\\xfe" + b"".join(b"\\x%02x" % (128 + number * factor % 127) for factor in (1, 7, 31, 57))


def _database(expressions: list[bytes], flags: int, shelf: Shelf | None) -> hyperscan.Database:
    key = b"%d\n" % flags + b"\n".join(expressions)
    kept = shelf.get(key) if shelf else None
    found = _loaded(kept) if kept else None
    if found is not None:
        return found
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    count = len(expressions)
    database.compile(
        expressions=expressions,
        ids=list(range(count)),
        elements=count,
        flags=[flags | hyperscan.HS_FLAG_DOTALL] * count,
    )
    if shelf:
        shelf.put(key, hyperscan.dumpb(database))
    return database


def _loaded(kept: bytes) -> hyperscan.Database | None:
    """Return the database that was kept; None when this library on this processor cannot use it."""
    try:
        database = hyperscan.loadb(kept, hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except hyperscan.error:
        return None
    return database
