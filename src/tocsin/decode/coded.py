"""Columns of which the different values have codes, and what is worked out once per value or combination.

The native scanner makes such columns. Where it was not built there are none, and all is worked out value by
value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Protocol, TypeVar, cast

try:
    from tocsin.decode import native
except ImportError:  # it was not built here
    IS_NATIVE = False
else:
    IS_NATIVE = native.INTERFACE == 3  # else it was built from other sources

FEW = 64
"""Different values up to which codes are worth it for a column by itself."""

T = TypeVar("T")
U = TypeVar("U")

Column = Sequence[object]

_CODES: type | tuple[()] = native.Codes if IS_NATIVE else ()


def coded(column: object) -> native.Codes | None:
    """Return a column if its values have codes, else None."""
    return cast("native.Codes", column) if isinstance(column, _CODES) else None


def listed(column: Sequence[T]) -> Sequence[T]:
    """Return a column value by value."""
    return cast("native.Codes", column).listed() if isinstance(column, _CODES) else column


@dataclass(frozen=True, slots=True)
class _Table:
    """What was worked out of values, by code, and what was worked out of that in turn."""

    made: list[Any] = field(default_factory=list)
    tables: dict[object, Any] = field(default_factory=dict)


def each_once(
    column: native.Codes, name: object, make: Callable[[list[Any]], Iterable[object]]
) -> native.Codes:
    """Return the column of what is worked out of each value.

    Args:
        column: of the values.
        name: of what is worked out; must be the same for the same.
        make: works it out for several values, in order; called only for those that are new.
    """
    table = column.tables.get(name)
    if table is None:
        table = column.tables[name] = _Table()
    count = len(table.made)
    if count < len(column.values):
        table.made.extend(make(column.values[count:]))
    return column.with_values(table.made, table.tables)


def recoded(column: list[Any]) -> Column:
    """Return a column with codes if there are few different values in it, which are texts or None."""
    if not IS_NATIVE:
        return column
    values = list(dict.fromkeys(column))
    if len(values) > FEW or not {str, type(None)}.issuperset(map(type, values)):
        return column
    code = {value: place for place, value in enumerate(values)}
    return native.Codes(list(map(code.__getitem__, column)), values)


def each(column: Sequence[T], make: Callable[[T], U]) -> Sequence[U]:
    """Return what a function makes of each row's value; the function is known by itself."""
    codes = coded(column)
    if codes is None:
        return list(map(make, column))
    return each_once(codes, make, lambda values: map(make, values)).listed()


class Combinations(Protocol):
    """Remembers what was worked out of the values that rows have in several columns.

    It goes by which objects the values are.
    """

    def column(self, columns: Sequence[Column], count: int, missing: Callable[[Any], T]) -> Sequence[T]:
        """Return what follows of each row, coded if it can be.

        Args:
            columns: each is coded, a list, or a tuple of the one value that all rows have.
            count: of the rows.
            missing: works it out for a tuple of values.
        """

    def told(
        self, columns: Sequence[Column], count: int, missing: Callable[[Any], T | None]
    ) -> list[tuple[int, T]]:
        """Return the rows of which something else than None follows, each with that; see `column`."""


class PlainCombinations:
    """Does what the native library does, without it; the values have to be the same to be equal.

    Args:
        width: how many values.
        most: combinations that are remembered before it starts anew.
    """

    def __init__(self, width: int, most: int) -> None:
        self._width = width
        self._most = most
        self._known: dict[tuple[object, ...], Any] = {}

    def column(self, columns: Sequence[Column], count: int, missing: Callable[[Any], T]) -> list[T]:
        """Return what follows of each row; see `Combinations`."""
        assert len(columns) == self._width, "there are more or fewer columns"
        spread = [repeat(column[0], count) if type(column) is tuple else column for column in columns]
        rows = list(zip(*spread, strict=True)) if columns else [()] * count
        for row in dict.fromkeys(rows):
            if row not in self._known:
                self._known[row] = missing(row)
        found = list(map(self._known.__getitem__, rows))
        if len(self._known) > self._most:
            self._known.clear()
        return found

    def told(
        self, columns: Sequence[Column], count: int, missing: Callable[[Any], T | None]
    ) -> list[tuple[int, T]]:
        """Return the rows of which something else than None follows; see `Combinations`."""
        every = enumerate(self.column(columns, count, missing))
        return [(place, found) for place, found in every if found is not None]


def combinations(width: int, most: int) -> Combinations:
    """Return an empty memory of combinations.

    Args:
        width: how many values.
        most: combinations that are remembered before it starts anew.
    """
    return native.Combinations(width, most) if IS_NATIVE else PlainCombinations(width, most)
