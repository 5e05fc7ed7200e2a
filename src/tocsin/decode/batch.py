"""A batch of records to events: one outcome per record, in order, whatever the bytes are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from tocsin.decode import lab
from tocsin.decode.text import parse
from tocsin.model import Batch, Event, Headers, Rejected, RejectReason
from tocsin.model.identity import EVENT_ID_HEADER, ids_at, is_uuid

Parsed = dict[str, object] | Rejected


def decode(batch: Batch) -> Sequence[Event | Rejected]:
    """Return an event or a rejection for each record of the batch. Never raises."""
    parsed = [parse(value) for value in batch.values]
    ids = _event_ids(batch, parsed)
    return [
        found if type(found) is Rejected else _to_event(found, event_id)  # type: ignore[arg-type]  # not Rejected
        for found, event_id in zip(parsed, ids, strict=True)
    ]


def _to_event(found: dict[str, object], event_id: str | Rejected) -> Event | Rejected:
    if type(event_id) is Rejected:
        return event_id
    if lab.is_lab(found):
        return lab.to_event(found, event_id)  # type: ignore[arg-type]  # a text: the other case has returned
    return Rejected(RejectReason.UNKNOWN_SHAPE, f"no event_type among the keys: {_some(found)}")


def _event_ids(batch: Batch, parsed: Sequence[Parsed]) -> list[str | Rejected]:
    """Return each record's event id: the body's, else the header's, else one hashed from the position."""
    ids = [
        "" if type(found) is Rejected else _given_id(found, headers)  # type: ignore[arg-type]  # not Rejected
        for found, headers in zip(parsed, batch.headers, strict=True)
    ]
    without = defaultdict(list)
    for index, (event_id, found) in enumerate(zip(ids, parsed, strict=True)):
        if event_id == "" and type(found) is not Rejected:
            without[batch.partitions[index]].append(index)
    for partition, indexes in without.items():
        hashed = ids_at([batch.stream.id, str(partition)], [batch.offsets[i] for i in indexes])
        for index, event_id in zip(indexes, hashed, strict=True):
            ids[index] = event_id
    return ids


def _given_id(found: dict[str, object], headers: Headers) -> str | Rejected:
    """Return the id that the body or the header gives, or an empty text."""
    given = found.get("event_id")
    if given is not None:
        if type(given) is str and is_uuid(given):
            return given
        return Rejected(RejectReason.BAD_FIELD, f"event_id: expected a UUID, got {str(given)[:60]!r}")
    for name, value in headers:
        if name == EVENT_ID_HEADER and value is not None:
            text = value.decode("ascii", "replace")
            return text if is_uuid(text) else ""
    return ""


def _some(found: dict[str, object]) -> str:
    names = ", ".join(list(found)[:6])
    return names if len(found) <= 6 else f"{names}, ... ({len(found)} keys)"
