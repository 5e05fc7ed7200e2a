"""A batch of records to events: one outcome per record, in order, whatever the bytes are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from tocsin.decode.ids import event_ids, own_ids
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.shapes import Shape, batch_in, shape_named, shape_of
from tocsin.decode.text import parse
from tocsin.model import Batch, Event, Rejected, RejectReason

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
            outcomes[row] = unknown(found)
        else:
            objects.append((row, found, known))
    rows, given = [row for row, _, _ in objects], [found.get("event_id") for _, found, _ in objects]
    ids = event_ids(batch, rows, own_ids(given))
    for (row, found, known), event_id in zip(objects, ids, strict=True):
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
    return unknown(found) if known is None else known.decode(found, event_id, batch.timestamps[row])


def unknown(found: dict[str, object]) -> Rejected:
    """Return why an object without a shape is not an event."""
    name = batch_in(found)
    held = found.get(name)
    count = len(held) if isinstance(held, list) else 0
    return Rejected(
        RejectReason.UNKNOWN_SHAPE, f"not one event but {count:,} under {name!r}: make a record of each"
    )
