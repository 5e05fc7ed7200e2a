"""Goes over the bytes of records of one type and takes out of them what is read, column by column.

The native scanner does it where it was built: it looks at each byte once, and equal texts become one and the
same object, with a code. Else msgspec does, once what it might misjudge is left out. Either leaves what is in
doubt to whoever decodes records one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, Literal, Protocol, get_args, get_origin

import msgspec

from tocsin.decode import coded
from tocsin.decode.coded import Column
from tocsin.decode.limits import Limits
from tocsin.decode.structs import SCALAR, Absent, can_be_struct, decoder, struct
from tocsin.decode.text import FAULTS, bounds, large_rows, unsound_rows
from tocsin.decode.views import Nothing, Place, Table, picker, places_of

IS_NATIVE = coded.IS_NATIVE
if IS_NATIVE:
    from tocsin.decode import native

AT_ONCE = 64
"""Records that msgspec is given at once, so that their bytes stay in the processor's cache."""


class Taken(Protocol):
    """What was taken out of some records."""

    def column(self, place: Place) -> Column:
        """Return the values in one place of the records."""

    def at(self, places: Sequence[int]) -> Taken:
        """Return what was taken out of some of them."""


Scan = Callable[[list[bytes], Sequence[int]], tuple[Taken, list[int]]]
"""From records, and rows of those to look at, to what is taken of them and the rows of those that do not fit.

What fits is in UTF-8 and within the limits.
"""


class Scanning:
    """Makes scans.

    Args:
        limits: records beyond them fit no type.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._memory = native.Memory() if IS_NATIVE else None

    def records(self, values: Sequence[bytes | None], faults: Collection[int]) -> list[bytes]:
        """Return records as scans take them: those with faults are empty.

        The native scanner takes None for an empty one: to look at each here would cost as much as a tenth
        of going over it.
        """
        if self._memory is not None and not faults and type(values) is list:
            return values
        records = [value or b"" for value in values]
        for row in faults:
            records[row] = b""
        return records

    def flat(self, types: Mapping[str, object], *, closed: bool = False) -> Scan:
        """Return the scan of objects.

        Args:
            types: of what is looked at, by key: `SCALAR`, None (null, if there is anything), `str | None`,
                `Absent`, or what must be there: `str` or `one_of`.
            closed: whether objects with other keys do not fit.
        """
        standing = [name for name, kind in types.items() if kind is not None and kind is not Absent]
        if self._memory is not None:
            return _NativeScan(self._memory, types, standing, self._limits, closed=closed)
        if not can_be_struct(types):
            return takes_nothing
        row = struct("Flat", types, closed=closed)
        names = dict(zip(types, row.__struct_fields__, strict=True))
        taken: Callable[[msgspec.Struct], tuple[object, ...]] = msgspec.structs.astuple
        if len(standing) < len(types):
            taken = _getter([names[name] for name in standing])
        at = {("", name): place for place, name in enumerate(standing)}
        return _StructScan(
            decoder(row),
            lambda rows: chain.from_iterable(map(taken, rows)),
            len(standing),
            lambda values: Table(at, values),
            large_rows if closed else unsound_rows,
            self._limits,
        )

    def rows(self, row: type[msgspec.Struct], columns: _Columns) -> Scan:
        """Return the scan of objects in objects.

        Args:
            row: their type.
            columns: from rows to what gives the column of a place.
        """
        return _StructScan(
            decoder(row), lambda rows: rows, 1, lambda rows: _Rows(rows, columns), unsound_rows, self._limits
        )

    def rows_by_mark(self, records: list[bytes], mark: bytes, length: int) -> Mapping[bytes, Sequence[int]]:
        """Return a few bytes behind the first mark in a record -> the rows with them there, rising."""
        if self._memory is not None:
            return native.rows_by_mark(records, mark, length)
        start, end, find = len(mark), len(mark) + length, bytes.find
        return places_of([record[(at := find(record, mark)) + start : at + end] for record in records])


class _NativeScan:
    """A scan by the native scanner."""

    def __init__(
        self,
        memory: native.Memory,
        types: Mapping[str, object],
        standing: Sequence[str],
        limits: Limits,
        *,
        closed: bool,
    ) -> None:
        self._memory = memory
        self._places = [("", name) for name in standing]
        may_be, only = zip(*map(_may_be, types.values()), strict=True)
        self._scanner = native.Scanner(
            list(types), bytes(may_be), list(only), closed, (*bounds(limits), limits.depth)
        )

    def __call__(self, records: list[bytes], rows: Sequence[int]) -> tuple[Taken, list[int]]:
        columns, wrong = self._scanner.scan(self._memory, records, rows)
        none = Nothing((None,) * (len(rows) - len(wrong)))
        found = [none if column is None else column for column in columns]
        return _Taken(dict(zip(self._places, found, strict=True))), wrong


class _Taken:
    """Columns, each as it is."""

    def __init__(self, columns: Mapping[Place, Column]) -> None:
        self._columns = columns
        self.column = columns.__getitem__

    def at(self, places: Sequence[int]) -> Taken:
        pick, none = picker(places), Nothing((None,) * len(places))
        return _Taken(
            {
                place: none if isinstance(column, Nothing) else pick(column)
                for place, column in self._columns.items()
            }
        )


_TEXT, _NUMBER, _BOOLEAN, _NULL, _REQUIRED = 1, 2, 4, 8, 16
_MAY_BE: dict[object, int] = {
    SCALAR: _TEXT | _NUMBER | _BOOLEAN | _NULL,
    str | None: _TEXT | _NULL,
    str: _TEXT | _REQUIRED,
    None: _NULL,
    Absent: 0,
}


def _may_be(kind: object) -> tuple[int, list[Any]]:
    """Return what may stand under a key, and the values of which it has to be one, as the scanner has it."""
    if get_origin(kind) is Literal:
        return _TEXT | _NUMBER | _REQUIRED, list(get_args(kind))
    return _MAY_BE[kind], []


class _StructScan:
    """A scan by msgspec.

    Args:
        decode: from a record to a row; raises where it does not fit.
        taken: from rows to values, as many of each row.
        width: how many.
        table: from values to columns.
        find: finds the places of records that `decode` may misjudge.
        limits: for these.
    """

    def __init__(
        self,
        decode: Callable[[bytes], msgspec.Struct],
        taken: Callable[[Iterator[msgspec.Struct]], Iterator[object]],
        width: int,
        table: Callable[[list[Any]], Taken],
        find: Callable[[Sequence[bytes], Limits], set[int]],
        limits: Limits,
    ) -> None:
        self._decode = decode
        self._taken = taken
        self._width = width
        self._table = table
        self._find = find
        self._limits = limits

    def __call__(self, records: list[bytes], rows: Sequence[int]) -> tuple[Taken, list[int]]:
        found: list[object] = []
        wrong: list[int] = []
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            values = [records[row] for row in some]
            unsound = self._find(values, self._limits)
            if unsound:
                wrong += [some[place] for place in sorted(unsound)]
                some = [row for place, row in enumerate(some) if place not in unsound]
                values = [records[row] for row in some]
            wrong += [some[place] for place in self._decoded(values, found)]
        return self._table(found), wrong

    def _decoded(self, records: Sequence[bytes], found: list[object]) -> list[int]:
        """Add what is taken of records, and return the places of those that do not fit."""
        before, wrong = len(found), list[int]()
        pending = map(self._decode, records)
        while True:
            try:
                found.extend(self._taken(pending))
            except FAULTS:
                wrong.append((len(found) - before) // self._width + len(wrong))
            else:
                return wrong


_Columns = Callable[[list[Any]], Callable[[Place], Column]]


class _Rows:
    """Rows as they are; what they are is known to a plan."""

    def __init__(self, rows: list[Any], columns: _Columns) -> None:
        self._rows = rows
        self._columns = columns
        self.column = columns(rows)

    def at(self, places: Sequence[int]) -> Taken:
        return _Rows([self._rows[place] for place in places], self._columns)


def _getter(names: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    """Return what takes attributes; `attrgetter` makes no tuple of one."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda row: tuple([getattr(row, name) for name in names])


def takes_nothing(_records: list[bytes], rows: Sequence[int]) -> tuple[Taken, list[int]]:
    """Scan records of a type that cannot be: none of them fits."""
    return _Taken({}), list(rows)
