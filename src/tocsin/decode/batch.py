"""A batch of records to events: one outcome per record, in order, whatever the bytes are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.shapes import LAB, Shape, batch_in, shape_named, shape_of
from tocsin.decode.text import parse
from tocsin.model import Batch, Event, Headers, Rejected, RejectReason
from tocsin.model.identity import EVENT_ID_HEADER, ids_at, is_uuid

Outcome = Event | Rejected


def decode(batch: Batch, shape: str | None = None, limits: Limits = DEFAULT) -> Sequence[Outcome]:
    """Return an event or a rejection for each record of the batch. No record makes it raise.

    Args:
        batch: what to decode.
        shape: the name of the shape that all records have; None to recognise it record by record.
        limits: what is beyond is rejected.

    Raises:
        SettingsError: there is no shape of that name.
    """
    forced = shape_named(shape) if shape is not None else None
    outcomes: list[Outcome | None] = [None] * len(batch)
    objects: list[tuple[int, dict[str, object], Shape]] = []
    for row, value in enumerate(batch.values):
        found = batch.faults.get(row) or parse(value, limits)
        if isinstance(found, Rejected):
            outcomes[row] = found
            continue
        known = forced or shape_of(found)
        if known is None:
            outcomes[row] = _unknown(found)
        else:
            objects.append((row, found, known))
    for (row, found, known), event_id in zip(objects, _event_ids(batch, objects), strict=True):
        if isinstance(event_id, Rejected):
            outcomes[row] = event_id
        else:
            outcomes[row] = known.decode(found, event_id, batch.timestamps[row])
    return cast(list[Outcome], outcomes)  # every row has been filled


def decode_row(
    batch: Batch, row: int, event_id: str, shape: str | None = None, limits: Limits = DEFAULT
) -> Outcome:
    """Return what `decode` gives for one record of which the event id is known."""
    found = batch.faults.get(row) or parse(batch.values[row], limits)
    if isinstance(found, Rejected):
        return found
    known = shape_named(shape) if shape is not None else shape_of(found)
    return _unknown(found) if known is None else known.decode(found, event_id, batch.timestamps[row])


def _event_ids(batch: Batch, objects: Sequence[tuple[int, dict[str, object], Shape]]) -> list[str | Rejected]:
    """Return each record's event id: the body's, else the header's, else one hashed from the position."""
    headers = batch.headers
    ids = [_given_id(found, headers[row], shape) for row, found, shape in objects]
    without = defaultdict(list)
    for index, event_id in enumerate(ids):
        if event_id == "":
            without[batch.partitions[objects[index][0]]].append(index)
    for partition, indexes in without.items():
        offsets = [batch.offsets[objects[i][0]] for i in indexes]
        hashed = ids_at(batch.stream.scope(partition), offsets)
        for index, event_id in zip(indexes, hashed, strict=True):
            ids[index] = event_id
    return ids


def _given_id(found: dict[str, object], headers: Headers, shape: Shape) -> str | Rejected:
    """Return the id that the body or the header gives, or an empty text.

    In the lab's shape an `event_id` must be a UUID; in others the name may stand for something else.
    """
    given = found.get("event_id")
    if given is not None:
        if type(given) is str and is_uuid(given):
            return given
        if shape is LAB:
            return Rejected(RejectReason.BAD_FIELD, f"event_id: expected a UUID, got {str(given)[:60]!r}")
    for name, value in headers:
        if name == EVENT_ID_HEADER and value is not None:
            text = value.decode("ascii", "replace")
            return text if is_uuid(text) else ""
    return ""


def _unknown(found: dict[str, object]) -> Rejected:
    name = batch_in(found)
    held = found.get(name)
    count = len(held) if isinstance(held, list) else 0
    return Rejected(
        RejectReason.UNKNOWN_SHAPE, f"not one event but {count:,} under {name!r}: make a record of each"
    )
