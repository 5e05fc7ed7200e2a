"""Event ids of many records at once: the body's, else the header's, else hashed from the position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from typing import cast

from tocsin.model import Batch, Headers
from tocsin.model.identity import EVENT_ID_HEADER, ids_at, is_uuid


def event_ids(batch: Batch, rows: Sequence[int], given: Sequence[str]) -> Sequence[str]:
    """Return the event ids of some records.

    Args:
        batch: where they are.
        rows: of the records.
        given: what `own_ids` makes of what their bodies give.
    """
    if all(given):
        return given
    if any(given):
        return row_by_row(batch, rows, given)
    headers, offsets = batch.headers, batch.offsets
    if not any(headers) and len(set(batch.partitions)) == 1:
        if len(rows) < len(offsets):
            offsets = [offsets[row] for row in rows]
        return ids_at(batch.stream.scope(batch.partitions[0]), offsets)
    stamped = _all_in_headers([headers[row] for row in rows])
    return row_by_row(batch, rows, given) if stamped is None else stamped


def row_by_row(batch: Batch, rows: Sequence[int], given: Sequence[str]) -> Sequence[str]:
    """Return what `event_ids` does, whatever the records have."""
    headers = batch.headers
    ids = list(given)
    without: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if not ids[place]:
            ids[place] = _in_headers(headers[row]) if headers[row] else ""
            if not ids[place]:
                without[batch.partitions[row]].append(place)
    for partition, places in without.items():
        offsets = [batch.offsets[rows[place]] for place in places]
        hashed = ids_at(batch.stream.scope(partition), offsets)
        if len(hashed) == len(ids):
            return hashed
        for place, event_id in zip(places, hashed, strict=True):
            ids[place] = event_id
    return ids


def own_ids(given: Sequence[object]) -> Sequence[str]:
    """Return the ids that bodies give as `event_id`; an empty text for what is not a UUID.

    In most shapes the name may stand for something else.
    """
    if not any(given):
        return [""] * len(given)
    if are_uuids(given):
        return cast(Sequence[str], given)
    return [value if isinstance(value, str) and is_uuid(value) else "" for value in given]


def _all_in_headers(headers: Sequence[Headers]) -> Sequence[str] | None:
    """Return the ids in headers where one producer has put one into each record; None where it is not so."""
    first = [name for name, _ in headers[0]]
    if EVENT_ID_HEADER not in first:
        return None
    at = first.index(EVENT_ID_HEADER)
    try:
        names, values = zip(*map(itemgetter(at), headers), strict=True)
        joined = b"".join(values)
        before = {name for some in headers for name, _ in some[:at]} if at else ()
    except (IndexError, TypeError):  # one has fewer headers, or one without a value
        return None
    if set(names) != {EVENT_ID_HEADER} or EVENT_ID_HEADER in before or set(map(len, values)) != {_SIZE}:
        return None
    if joined.translate(_CLASSES) != _UUID * len(values):
        return None
    text = joined.decode("ascii")
    return [text[start : start + _SIZE] for start in range(0, len(text), _SIZE)]


def _in_headers(headers: Headers) -> str:
    for name, value in headers:
        if name == EVENT_ID_HEADER and value is not None:
            text = value.decode("ascii", "replace")
            return text if is_uuid(text) else ""
    return ""


def are_uuids(values: Sequence[object]) -> bool:
    """Say whether all values are UUIDs with their dashes; no for other ways to write one."""
    try:
        joined = "".join(values).encode("ascii")  # type: ignore[arg-type]  # what is no text is refused
    except (TypeError, UnicodeEncodeError):
        return False
    if set(map(len, cast(Sequence[str], values))) != {_SIZE}:
        return False
    return joined.translate(_CLASSES) == _UUID * len(values)


_UUID = b"0" * 8 + b"-0000-0000-0000-" + b"0" * 12
_SIZE = len(_UUID)
_CLASSES = bytes.maketrans(b"0123456789abcdefABCDEF", b"0" * 22)
