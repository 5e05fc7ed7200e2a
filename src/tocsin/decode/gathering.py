"""The columns of a batch, put together from the parts in which it was decoded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, cast

from tocsin.decode.batch import decode_row
from tocsin.decode.ids import event_ids
from tocsin.decode.kinds import Constants, Part
from tocsin.decode.limits import Limits
from tocsin.decode.views import Column, picker
from tocsin.model import Batch, Event, Events, LogSource, Rejected


@dataclass(frozen=True, slots=True)
class Group:
    """Events of one batch with one log source and the same constants; a batch may have several such groups.

    Attributes:
        rows: of the events in the batch, rising.
        columns: wanted field -> one value per event: a text, a number, a boolean, None where the field is
            missing or null, or `COMPOSITE`.
        ids: of all events of the batch.
    """

    logsource: LogSource
    constants: Constants
    rows: Sequence[int]
    columns: Mapping[str, Column]
    ids: Sequence[str]
    batch: Batch
    shape: str | None
    limits: Limits

    def event(self, index: int) -> Event:
        """Return the event at a place of the columns in full, decoded anew."""
        row = self.rows[index]
        found = decode_row(self.batch, row, self.ids[row], self.shape, self.limits)
        assert isinstance(found, Event), "only events are in groups"
        return found


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a batch's records are.

    Attributes:
        events: one entry per record.
        rejected: row -> why its record is not an event.
        groups: every other row is in exactly one of them.
    """

    events: Events
    rejected: Mapping[int, Rejected]
    groups: Sequence[Group]


_NO_SOURCE = LogSource()


def put_together(
    batch: Batch, parts: Sequence[Part], rejected: Mapping[int, Rejected], shape: str | None, limits: Limits
) -> Decoded:
    """Return what a batch's records are.

    Args:
        batch: whose rows each are in one of the parts or rejected.
        parts: of the batch.
        rejected: row -> why its record is not an event.
        shape: the name of the shape that all records have, if they have.
        limits: that the records were decoded within.
    """
    rows = [row for part in parts for row in part.rows]
    said = [_joined(columns) for columns in zip(*(part.said for part in parts), strict=True)] or [[]] * _SAID
    columns = [event_ids(batch, rows, said[0]), *said[1:], _sources(parts)]
    if rejected:
        rows += rejected
        columns = [[*column, *repeat("", len(rejected))] for column in columns[:-1]]
        columns.append([*_sources(parts), *repeat(_NO_SOURCE, len(rejected))])
    events = Events(*cast(Sequence[Any], _in_order(rows, columns)))
    groups = [
        Group(part.logsource, part.constants, part.rows, part.columns, events.ids, batch, shape, limits)
        for part in parts
    ]
    return Decoded(events, rejected, groups)


_SAID = 6
"""Columns of `Events` but for the log sources."""


def _joined(columns: Sequence[Column]) -> Column:
    return columns[0] if len(columns) == 1 else [value for column in columns for value in column]


def _sources(parts: Iterable[Part]) -> list[LogSource]:
    return [source for part in parts for source in repeat(part.logsource, len(part.rows))]


def _in_order(rows: Sequence[int], columns: Sequence[Column]) -> Sequence[Column]:
    """Return columns in the order of the rows that they are given for."""
    count = len(rows)
    if all(row == place for place, row in enumerate(rows)):
        return columns
    places = [0] * count
    for place, row in enumerate(rows):
        places[row] = place
    return list(map(picker(places), columns))
