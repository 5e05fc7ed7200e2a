"""Event ids of many records at once: the body's, else the header's, else hashed from the position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import cast

import numpy as np

from tocsin.model import Batch, Headers
from tocsin.model.identity import EVENT_ID_HEADER, ids_at, is_uuid


def event_ids(batch: Batch, rows: Sequence[int], given: Sequence[object]) -> list[str]:
    """Return the event ids of some records.

    Args:
        batch: where they are.
        rows: of the records.
        given: what the body of each gives as `event_id`; what is not a UUID is passed over, since in most
            shapes the name may stand for something else.
    """
    if are_uuids(given):
        return cast(list[str], list(given))
    ids = [value if type(value) is str and is_uuid(value) else "" for value in given]
    headers = batch.headers
    without: dict[int, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if not ids[place]:
            ids[place] = _in_headers(headers[row])
            if not ids[place]:
                without[batch.partitions[row]].append(place)
    for partition, places in without.items():
        offsets = [batch.offsets[rows[place]] for place in places]
        for place, event_id in zip(places, ids_at(batch.stream.scope(partition), offsets), strict=True):
            ids[place] = event_id
    return ids


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
    if len(joined) != 36 * len(values) or any(len(cast(str, value)) != 36 for value in values):
        return False
    digits = np.frombuffer(joined, np.uint8).reshape(-1, 36)
    return bool((_EXPECTED[digits] == _KIND).all())


_EXPECTED = np.zeros(256, np.uint8)
_EXPECTED[list(b"0123456789abcdefABCDEF")] = 1
_EXPECTED[ord("-")] = 2
_KIND = np.ones(36, np.uint8)
_KIND[[8, 13, 18, 23]] = 2
