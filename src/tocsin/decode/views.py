"""Columns of raw values, as they come out of the decoder, and what is worked out of them column by column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat
from operator import itemgetter
from typing import Generic, TypeVar, cast

import msgspec

from tocsin.decode.coded import IS_NATIVE, Column, Combinations, coded, combinations, each_once
from tocsin.decode.times import iso_8601, with_zone, zone_of

if IS_NATIVE:
    from tocsin.decode import native

T = TypeVar("T")

Place = tuple[str, str]
"""Where a value stands in a record: the section of the record, empty for its top, and the name there."""


class Table:
    """Values row by row, of which columns are made when they are asked for.

    Args:
        places: where they stand in records -> in a row.
        values: of all rows.
    """

    def __init__(self, places: Mapping[Place, int], values: Sequence[object]) -> None:
        self._places = places
        self._values = values

    @classmethod
    def of(cls, places: Mapping[Place, int], rows: Iterable[msgspec.Struct]) -> Table:
        """Return the table of some structs of one type."""
        return cls(places, list(chain.from_iterable(map(msgspec.structs.astuple, rows))))

    def column(self, place: Place) -> Column:
        """Return the values in one place of the records."""
        return self._values[self._places[place] :: len(self._places)]

    def at(self, places: Sequence[int]) -> Table:
        """Return some of the rows."""
        width, values = len(self._places), self._values
        kept = [values[place * width : place * width + width] for place in places]
        return Table(self._places, list(chain.from_iterable(kept)))


class View:
    """The columns of some events of a kind.

    Args:
        column: gives the values in one place of the records.
        count: of the events.
        absent: places that have no values.
    """

    def __init__(
        self, column: Callable[[Place], Column], count: int, absent: Collection[Place] = frozenset()
    ) -> None:
        self.count = count
        self._absent = absent
        self._none = Nothing((None,) * count)
        self._column = column
        self._kept: dict[Place, Column] = {}
        self._first: dict[tuple[Place, ...], Column] = {}

    def at(self, place: Place) -> Column:
        """Return the values in one place."""
        found = self._kept.get(place)
        if found is None:
            found = self._none if place in self._absent else self._column(place)
            self._kept[place] = found
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
        return self._none if found is None else found


class Nothing(tuple[None, ...]):
    """A column of which it is known that all values are None."""

    __slots__ = ()


def is_empty(column: Column) -> bool:
    """Say whether all values are None. Ends at the first that is not, as a rule."""
    if isinstance(column, Nothing):
        return True
    codes = coded(column)
    if codes is not None:
        return codes.has_only_none()
    return not any(column) and all(value is None for value in column)


def is_full(column: Column) -> bool:
    """Say whether no value is None."""
    codes = coded(column)
    if codes is not None:
        return not codes.has_none()
    return all(column) or all(value is not None for value in column)


def merged(column: Column, other: Column) -> Column:
    """Return the values of a column, with those of another in the place of None."""
    return [theirs if own is None else own for own, theirs in zip(column, other, strict=True)]


def texts(column: Column) -> Sequence[str]:
    """Return the texts of a column, and an empty one for anything else."""
    codes = coded(column)
    if codes is not None and codes.has_only_texts():
        return codes.listed()
    if set(map(type, column)) <= {str}:
        return cast(Sequence[str], column)
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


def filled(
    found: Sequence[str], columns: Sequence[Column], make: Callable[..., Sequence[str]]
) -> Sequence[str]:
    """Return a column with what is made of other columns where it is empty and the first of those is not.

    Args:
        found: the column.
        columns: what the rest is made of.
        make: from columns of the same rows to a column.
    """
    if is_empty(columns[0]):
        return found
    if not any(found) and is_full(columns[0]):
        return make(*columns)
    places = [place for place, value in enumerate(columns[0]) if value is not None and not found[place]]
    if not places:
        return found
    pick = picker(places)
    full = list(found)
    for place, value in zip(places, make(*map(pick, columns)), strict=True):
        full[place] = value
    return full


class OfCodes(Generic[T]):
    """What a function makes of the values of some columns, worked out once where all of these are coded.

    Args:
        make: from one value of each column to the result.
    """

    def __init__(self, make: Callable[..., T]) -> None:
        self._name = object()  # not itself: what it makes is kept longer than it
        self._make = make
        self._known: dict[tuple[int, ...], Combinations] = {}

    def column(self, columns: Sequence[Column], told: Sequence[int], count: int) -> Sequence[T] | None:
        """Return the function's results for so many rows, or None where a column is not coded.

        Args:
            columns: all that the function takes.
            told: the places of those that are not empty, at least one.
            count: of the rows.
        """
        codes = [found for found in [coded(columns[place]) for place in told] if found is not None]
        if len(codes) < len(told):
            return None
        row: list[object] = [None] * len(columns)

        def made(values: Iterable[object]) -> T:
            for place, value in zip(told, values, strict=True):
                row[place] = value
            return self._make(*row)

        if len(codes) == 1:
            name = (self._name, *told)
            return cast(
                Sequence[T], each_once(codes[0], name, lambda values: [made([value]) for value in values])
            )
        known = self._known.get(tuple(told))
        if known is None:
            known = self._known[tuple(told)] = combinations(len(told), MOST_COMBINED)
        return known.column(codes, count, made)


class Memo(Generic[T]):
    """Remembers what a function made of the values of some columns.

    Args:
        make: from one value of each column to the result, which is not None. Must not tell 1 from True.
    """

    def __init__(self, make: Callable[..., T]) -> None:
        self._make = make
        self._of_codes = OfCodes(make)
        self._known: dict[tuple[int, ...], dict[object, T]] = {}

    def column(self, columns: Sequence[Column], count: int) -> Sequence[T]:
        """Return the function's results for so many rows of some columns, coded if these are."""
        told = [place for place, column in enumerate(columns) if not is_empty(column)]
        if not told:
            return constant(self._make(*[None] * len(columns)), count)
        of_codes = self._of_codes.column(columns, told, count)
        if of_codes is not None:
            return of_codes
        known = self._known.setdefault(tuple(told), {})
        keys = (
            columns[told[0]]
            if len(told) == 1
            else list(zip(*[columns[place] for place in told], strict=True))
        )
        found = list(map(known.get, keys))
        if not all(found) and None in found:
            if len(known) > MOST:
                known.clear()
            rows = [row for row, value in enumerate(found) if value is None]
            for row in rows:
                found[row] = self._made(known, keys[row], [column[row] for column in columns])
        return cast(Sequence[T], found)

    def _made(self, known: dict[object, T], key: object, values: list[object]) -> T:
        made = known.get(key)
        if made is None:
            made = self._make(*values)
            if sum([len(value) for value in values if isinstance(value, str)]) <= LONGEST:
                known[key] = made
        return made


def with_times(found: list[str], column: Column) -> list[str]:
    """Return times with those of another column, as ISO 8601, in the place of empty texts."""
    made = native.filled(found, column) if IS_NATIVE and found else None
    return list(filled(found, [column], times)) if made is None else made


class Zones:
    """Remembers times with the zones of the clocks that they were read from; see `with_zone`."""

    def __init__(self) -> None:
        self._known: dict[str, Memo[str]] = {}
        self._native = native.Zones(zone_of) if IS_NATIVE else None

    def times(self, columns: Sequence[Column], count: int) -> list[str]:
        """Return the times of clocks; an empty text where there is none.

        Args:
            columns: see `column`; each may have None.
            count: of the rows.
        """
        if not count or is_empty(columns[0]):
            return [""] * count
        found = self._native.column(count, *columns) if self._native is not None else None
        return list(filled([""] * count, columns, self.column)) if found is None else found

    def column(self, local: Column, stamped: Column, universal: Column) -> Sequence[str]:
        """Return many times of clocks."""
        try:
            zones = _zones(*cast(tuple[Sequence[str], ...], (stamped, universal)))
        except (TypeError, IndexError):  # one is no text, or an empty one
            zones = set()
        if len(zones) != 1 or set(map(type, local)) != {str}:
            return list(map(with_zone, local, stamped, universal))
        (zone,) = zones
        memo = self._known.get(zone)
        if memo is None:  # there are some hundred zones
            memo = self._known[zone] = Memo(lambda text: iso_8601(text, zone) or "")
        return memo.column((local,), len(local))


def _zones(stamped: Sequence[str], universal: Sequence[str]) -> set[str]:
    """Return the offsets of a clock; none where the times that should be universal are not."""
    if set(map(_LAST, universal)) != {"Z"}:
        return set()
    pairs = set(zip(map(_MINUTE, stamped), map(_MINUTE, universal), strict=True))
    return {zone_of(*pair) for pair in pairs}


_MINUTE = itemgetter(slice(0, 16))  # `zone_between` looks at no more
_LAST = itemgetter(-1)

MOST = 20_000
"""Results that a memo keeps before it starts anew."""

MOST_COMBINED = 2_000
"""Combinations of values that a memo keeps before it starts anew: with them the values live on."""

LONGEST = 1_000
"""Characters of the values for which a result is kept."""


def parts_of(column: Sequence[T]) -> list[tuple[T, Sequence[int]]]:
    """Return each value with the rows that have it, rising; with none if all have the same one."""
    codes = coded(column)
    if codes is not None:
        return cast("list[tuple[T, Sequence[int]]]", codes.parts())
    found = list(places_of(column).items())
    return [(found[0][0], [])] if len(found) == 1 else cast("list[tuple[T, Sequence[int]]]", found)


def constant(value: T, count: int) -> Sequence[T]:
    """Return a column of one value."""
    return list(repeat(value, count))


def places_of(values: Iterable[T]) -> dict[T, list[int]]:
    """Return each value with the places where it stands, rising."""
    found: dict[T, list[int]] = defaultdict(list)
    for place, value in enumerate(values):
        found[value].append(place)
    return found


def _one_by_one(places: Sequence[int]) -> Callable[[Sequence[T]], Sequence[T]]:
    return lambda column: [column[place] for place in places]


def picker(places: Sequence[int]) -> Callable[[Sequence[T]], Sequence[T]]:
    """Return what takes the values at some places out of a column."""
    plain: Callable[[Sequence[T]], Sequence[T]] = (
        itemgetter(*places) if len(places) > 1 else _one_by_one(places)
    )

    def pick(column: Sequence[T]) -> Sequence[T]:
        codes = coded(column)
        return plain(column) if codes is None else codes.at(places)

    return pick
