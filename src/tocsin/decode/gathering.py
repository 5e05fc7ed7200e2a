"""The columns of a batch, put together from the parts in which it was decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

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
    rows = _joined([part.rows for part in parts])
    said = [_joined([getattr(part.events, name) for part in parts]) for name in Events.__slots__]
    if rejected:
        said[0] = event_ids(batch, rows, said[0])
        none = Events.of(list(rejected.values()))
        rows = [*rows, *rejected]
        said = [[*column, *getattr(none, name)] for name, column in zip(Events.__slots__, said, strict=True)]
    given, *others = _in_order(rows, said)
    events = Events(given if rejected else event_ids(batch, range(len(batch)), given), *others)
    groups = [
        Group(share.logsource, share.constants, share.rows, share.columns, events.ids, batch, shape, limits)
        for part in parts
        for share in part.shares
    ]
    return Decoded(events, rejected, groups)


def _joined(columns: Sequence[Sequence[Any]]) -> Sequence[Any]:
    return columns[0] if len(columns) == 1 else list(chain.from_iterable(columns))


def _in_order(rows: Sequence[int], columns: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """Return columns in the order of the rows that they are given for."""
    count = len(rows)
    if rows == range(count) or list(rows) == list(range(count)):
        return columns
    places = [0] * count
    for place, row in enumerate(rows):
        places[row] = place
    return list(map(picker(places), columns))
