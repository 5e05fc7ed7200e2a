"""Columns of raw values, as they come out of the decoder, and what is worked out of them column by column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from operator import itemgetter
from typing import Generic, TypeVar, cast

import msgspec

from tocsin.decode.times import iso_8601

T = TypeVar("T")
U = TypeVar("U")

Place = tuple[str, str]
"""Where a value stands in a record: the section of the record, empty for its top, and the name there."""

Column = Sequence[object]


class Table:
    """Structs as columns, each taken out of them when it is asked for.

    Args:
        places: of the structs' fields, in order.
        rows: all of one type.
    """

    def __init__(self, places: Sequence[Place], rows: Iterable[msgspec.Struct]) -> None:
        self._places = places
        self._values: list[object] = []
        extend, astuple = self._values.extend, msgspec.structs.astuple
        for row in rows:
            extend(astuple(row))

    def column(self, place: Place) -> Column:
        """Return the values of a field."""
        return self._values[self._places.index(place) :: len(self._places)]


class View:
    """The columns of some events of a kind.

    Args:
        column: gives the values in one place of the records.
        count: of the events.
    """

    def __init__(self, column: Callable[[Place], Column], count: int) -> None:
        self.count = count
        self._column = column
        self._kept: dict[Place, Column] = {}
        self._first: dict[tuple[Place, ...], Column] = {}

    def at(self, place: Place) -> Column:
        """Return the values in one place."""
        found = self._kept.get(place)
        if found is None:
            found = self._kept[place] = self._column(place)
        return found

    def first(self, places: tuple[Place, ...]) -> Column:
        """Return of each event the first value that is not None."""
        if len(places) == 1:
            return self.at(places[0])
        found = self._first.get(places)
        if found is None:
            found = self._first[places] = self._found_first(places)
        return found

    def _found_first(self, places: tuple[Place, ...]) -> Column:
        found: Column | None = None
        for place in places:
            column = self.at(place)
            if is_empty(column):
                continue
            found = column if found is None else merged(found, column)
            if is_full(found):
                break
        return [None] * self.count if found is None else found


def is_empty(column: Column) -> bool:
    """Say whether all values are None. Ends at the first that is not, as a rule."""
    return not any(column) and all(value is None for value in column)


def is_full(column: Column) -> bool:
    """Say whether no value is None."""
    return all(column) or all(value is not None for value in column)


def merged(column: Column, other: Column) -> Column:
    """Return the values of a column, with those of another in the place of None."""
    return [theirs if own is None else own for own, theirs in zip(column, other, strict=True)]


def texts(column: Column) -> Sequence[str]:
    """Return the texts of a column, and an empty one for anything else."""
    return [value if type(value) is str else "" for value in column]


def times(column: Column) -> list[str]:
    """Return the times of a column as ISO 8601; empty texts for what is none."""
    written = cast(Sequence[str], column)
    try:
        parsed = list(map(datetime.fromisoformat, written))
    except (ValueError, TypeError):
        return [iso_8601(value) or "" for value in column]
    return [
        text
        if found.tzinfo is not None and len(text) > 18 and text[10] == "T" and text[4] == "-"
        else iso_8601(text) or ""
        for text, found in zip(written, parsed, strict=True)
    ]


class Memo(Generic[T]):
    """Remembers what a function made of the values of some columns; the function must not tell 1 from True.

    Args:
        make: from one value of each column to the result.
    """

    def __init__(self, make: Callable[..., T]) -> None:
        self._make = make
        self._known: dict[tuple[object, ...], T] = {}

    def column(self, columns: Sequence[Column]) -> Sequence[T]:
        """Return the function's results for the rows of some columns."""
        if all(map(is_empty, columns)):
            return constant(self._make(*[None] * len(columns)), len(columns[0]))
        known = self._known
        keys = list(zip(*columns, strict=True))
        found = list(map(known.get, keys))
        if None in found:
            if len(known) > MOST:
                known.clear()
            found = [
                self._made(key) if value is None else value for key, value in zip(keys, found, strict=True)
            ]
        return found  # type: ignore[return-value]  # no None is left

    def _made(self, key: tuple[object, ...]) -> T:
        made = self._make(*key)
        if sum([len(value) for value in key if isinstance(value, str)]) <= LONGEST:
            self._known[key] = made
        return made


MOST = 20_000
"""Results that a memo keeps before it starts anew."""

LONGEST = 1_000
"""Characters of the values for which a result is kept."""


def constant(value: T, count: int) -> Sequence[T]:
    """Return a column of one value."""
    return list(repeat(value, count))


def places_of(values: Iterable[T]) -> dict[T, list[int]]:
    """Return each value with the places where it stands, rising."""
    found: dict[T, list[int]] = defaultdict(list)
    for place, value in enumerate(values):
        found[value].append(place)
    return found


def places_by(tags: Sequence[T], names: Mapping[T, U]) -> dict[U, list[int]]:
    """Return each name with the places where tags of that name stand, rising."""
    found: dict[U, list[int]] = {}
    for tag, places in places_of(tags).items():
        known = found.get(names[tag])
        found[names[tag]] = places if known is None else sorted(known + places)
    return found


def picker(places: Sequence[int]) -> Callable[[Sequence[T]], Sequence[T]]:
    """Return what takes the values at some places out of a column."""
    if len(places) == 1:
        return lambda column: [column[places[0]]]
    return itemgetter(*places)
