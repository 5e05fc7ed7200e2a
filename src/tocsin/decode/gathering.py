"""The columns of a batch, put together from the parts in which it was decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from tocsin.decode.batch import decode_row
from tocsin.decode.coded import IS_NATIVE, Column
from tocsin.decode.ids import event_ids
from tocsin.decode.kinds import Constants, Part
from tocsin.decode.limits import Limits
from tocsin.decode.views import picker
from tocsin.model import Batch, Event, Events, LogSource, Rejected

if IS_NATIVE:
    from tocsin.decode import native


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
    rows = [part.rows for part in parts]
    said = [[getattr(part.events, name) for name in Events.__slots__] for part in parts]
    if rejected:
        rows.append(list(rejected))
        none = Events.of(list(rejected.values()))
        said.append([getattr(none, name) for name in Events.__slots__])
    given, *others = _in_order(rows, said)
    events = Events(_ids(batch, given, rejected), *others)
    groups = [
        Group(share.logsource, share.constants, share.rows, share.columns, events.ids, batch, shape, limits)
        for part in parts
        for share in part.shares
    ]
    return Decoded(events, rejected, groups)


def _ids(batch: Batch, given: Sequence[str], rejected: Mapping[int, Rejected]) -> Sequence[str]:
    """Return the ids of all records, given those that bodies give; what is rejected has none."""
    if not rejected:
        return event_ids(batch, range(len(batch)), given)
    rows = [row for row in range(len(batch)) if row not in rejected]
    ids = [""] * len(batch)
    for row, event_id in zip(rows, event_ids(batch, rows, [given[row] for row in rows]), strict=True):
        ids[row] = event_id
    return ids


def _in_order(
    rows: Sequence[Sequence[int]], parts: Sequence[Sequence[Sequence[Any]]]
) -> Sequence[Sequence[Any]]:
    """Return columns of all rows, put together from the columns of parts that have some of the rows each."""
    if not parts:
        return [()] * len(Events.__slots__)
    if len(parts) == 1 and list(rows[0]) == list(range(len(rows[0]))):
        return parts[0]
    if IS_NATIVE:
        columns = [[c if type(c) is list else list(c) for c in part] for part in parts]
        return native.in_order(rows, columns)
    places = [0] * sum(map(len, rows))
    for place, row in enumerate(chain.from_iterable(rows)):
        places[row] = place
    pick = picker(places)
    return [pick(list(chain.from_iterable(column))) for column in zip(*parts, strict=True)]
