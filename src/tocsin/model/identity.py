"""Who an event is: event ids, detection ids and W3C trace context, all derived so that a replay agrees.

Producer and worker never exchange more than the event id: both derive the same trace id and the same producer
span id from it. A contract: changing anything here makes old ids unrecognisable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

EVENT_ID_HEADER = "event-id"
TRACEPARENT_HEADER = "traceparent"

_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Say whether a text is a UUID, with or without its dashes."""
    return _UUID.fullmatch(text) is not None


def trace_id(event_id: str) -> str:
    """Return the trace id of an event as 32 lower-case hex digits: the event id's 128 bits.

    An event id that is not a UUID, or is all zero (which W3C Trace Context forbids), is hashed.
    """
    if is_uuid(event_id):
        digits = event_id.replace("-", "").lower()
        if digits.strip("0"):
            return digits
    return _hashed(event_id, 16, b"tocsin.trace")


def producer_span_id(event_id: str) -> str:
    """Return the id of the `produce_event` span as 16 hex digits, equal in producer and worker."""
    return producer_span_of(trace_id(event_id)).hex()


def producer_span_of(trace: str) -> bytes:
    """Return the same as 8 bytes, from a trace id."""
    return hashlib.blake2b(trace.encode("ascii"), digest_size=8, person=b"tocsin.produce").digest()


def traceparent(event_id: str, *, sampled: bool) -> str:
    """Return the W3C `traceparent` that Tocsin's producer sends for an event."""
    return f"00-{trace_id(event_id)}-{producer_span_id(event_id)}-{'01' if sampled else '00'}"


def carried_traceparent(headers: Iterable[tuple[str, bytes | None]]) -> bytes | None:
    """Return the context that a record's headers carry, or None when they carry none that is valid.

    Valid is what W3C Trace Context says; of a version newer than 00 the part that all versions share is
    returned, as 00. A context that stands there twice is none.
    """
    found = [value for name, value in headers if name == TRACEPARENT_HEADER]
    if len(found) != 1 or found[0] is None or not (match := _TRACEPARENT.fullmatch(found[0])):
        return None
    if found[0].startswith(b"00"):
        return None if match[1] else found[0]
    return b"00" + found[0][2:_TRACEPARENT_SIZE]


_TRACEPARENT_SIZE = 55


def ids_at(scope: Sequence[str], offsets: Sequence[int]) -> list[str]:
    """Return one UUIDv8 (RFC 9562) per offset, hashed from `scope` and the offset, for a batch at once.

    The scope is hashed once; each half of the id then is a SplitMix64 output (Steele, Lea and Flood,
    "Fast splittable pseudorandom number generators", OOPSLA 2014) of the scope's half and the offset, which
    is a bijection of the offset: ids collide only where a 122-bit hash would.

    Args:
        scope: what the offsets are relative to, such as (topic id, partition) or those and a rule id.
        offsets: each >= 0.
    """
    found = id_letters(scope, np.asarray(offsets, dtype=np.uint64)).tobytes().decode("ascii")
    return [found[i : i + _ID] for i in range(0, len(found), _ID)]


def id_letters(
    scope: Sequence[str], offsets: np.ndarray[Any, np.dtype[np.uint64]]
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the same as ASCII, of shape (offsets, 36), for whoever wants a column and not texts."""
    seed = bytes.fromhex(_hashed("\0".join(scope), 16, b"tocsin.position"))
    high_seed, low_seed = np.frombuffer(seed, dtype=">u8").astype(np.uint64)
    steps = offsets + np.uint64(1)
    high = _mixed(high_seed + steps * np.uint64(0x9E3779B97F4A7C15))
    low = _mixed(low_seed ^ (steps * np.uint64(0xD1B54A32D192ED03)))
    high = (high & np.uint64(0xFFFFFFFFFFFF0FFF)) | np.uint64(0x8000)  # version 8
    low = (low & np.uint64(0x3FFFFFFFFFFFFFFF)) | np.uint64(1 << 63)  # variant 10
    digits = np.frombuffer(np.stack([high, low], axis=1).astype(">u8").tobytes().hex().encode(), np.uint8)
    text = np.full((len(high), _ID), ord("-"), np.uint8)
    text[:, _DIGITS] = digits.reshape(-1, 32)
    return text


_ID = 36
"""Letters of a UUID."""

_DIGITS = [i for i in range(_ID) if i not in {8, 13, 18, 23}]
"""Where the digits are in a UUID's text; at the other places are dashes."""


def _hashed(text: str, size: int, purpose: bytes) -> str:
    data = text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(data, digest_size=size, person=purpose).hexdigest()


def _mixed(z: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
