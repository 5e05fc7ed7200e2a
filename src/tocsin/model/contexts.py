"""The W3C trace contexts of a batch's events, as columns: what records carry, else what event ids give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from tocsin.model.identity import TRACEPARENT_HEADER, carried_traceparent, producer_span_of, trace_id
from tocsin.model.record import Headers

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class Contexts:
    """One context per event.

    Attributes:
        traces: trace ids, of shape (events, 16).
        carried: the record came with a valid context, so its trace id is that one's; else the event id's.
        parents: span ids of the contexts that were carried, of shape (events, 8); else zeros.
        sampled: the context that was carried says that its span is kept.
    """

    traces: Bytes
    carried: Flags
    parents: Bytes
    sampled: Flags

    def take(self, rows: Sequence[int]) -> Contexts:
        """Return the contexts of some of the events."""
        at = np.asarray(rows, dtype=np.intp)
        return Contexts(self.traces[at], self.carried[at], self.parents[at], self.sampled[at])


def contexts_of(event_ids: Sequence[str], headers: Sequence[Headers]) -> Contexts:
    """Return the contexts of events, at once when all is as usual; the last answer is remembered.

    Whoever stores a batch and whoever traces it ask one after the other.

    Args:
        event_ids: any texts; not to be changed afterwards.
        headers: of the records that the events were in, as many as there are event ids.
    """
    global _last  # noqa: PLW0603 - one entry, set as a whole: safe between threads, and never wrong
    last = _last
    if last is not None and last[0] is event_ids and last[1] is headers:
        return last[2]
    found = _contexts(event_ids, headers)
    _last = (event_ids, headers, found)
    return found


_last: tuple[Sequence[str], Sequence[Headers], Contexts] | None = None


def _contexts(event_ids: Sequence[str], headers: Sequence[Headers]) -> Contexts:
    count = len(event_ids)
    traces = _of_ids(event_ids)
    carried, parents = np.zeros(count, np.bool_), np.zeros((count, 8), np.uint8)
    sampled = np.zeros(count, np.bool_)
    if any(headers):
        rows, found = _carried(headers)
        if rows:
            traces[rows], parents[rows] = found[:, 1:17], found[:, 17:25]
            carried[rows], sampled[rows] = True, found[:, 25] & 1
    return Contexts(traces, carried, parents, sampled)


def from_our_producer(contexts: Contexts, event_ids: Sequence[str]) -> Flags:
    """Say of each event whether the context that it carries is one that Tocsin's producer gives it."""
    found = np.zeros(len(event_ids), np.bool_)
    rows = np.flatnonzero(contexts.carried)
    if len(rows):
        traces = _of_ids(event_ids)[rows]
        made = b"".join(producer_span_of(trace.tobytes().hex()) for trace in traces)
        spans = np.frombuffer(made, np.uint8).reshape(-1, 8)
        found[rows] = (traces == contexts.traces[rows]).all(axis=1) & (spans == contexts.parents[rows]).all(
            axis=1
        )
    return found


def trace_digits(event_ids: Sequence[str], headers: Sequence[Headers]) -> bytes:
    """Return the trace ids of all events in one, 32 lower-case hex digits each; see `contexts_of`."""
    return contexts_of(event_ids, headers).traces.tobytes().hex().encode() if event_ids else b""


def trace_ids(event_ids: Sequence[str], headers: Sequence[Headers]) -> list[str]:
    """Return the trace id of each event as 32 lower-case hex digits; see `contexts_of`."""
    if not event_ids:
        return []
    digits = contexts_of(event_ids, headers).traces.tobytes().hex()
    return [digits[at : at + 32] for at in range(0, len(digits), 32)]


_UUID = b"00000000-0000-0000-0000-000000000000"
_CONTEXT = b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00"
_ANY_CASE = bytes.maketrans(b"0123456789abcdefABCDEF", b"0" * 22)
_LOWER_CASE = bytes.maketrans(b"0123456789abcdefABCDEF", b"0" * 16 + b"x" * 6)


def _of_ids(event_ids: Sequence[str]) -> Bytes:
    """Return what `trace_id` says of each, as bytes."""
    joined = "".join(event_ids)
    if set(map(len, event_ids)) == {len(_UUID)} and joined.isascii():
        shape = joined.encode().translate(_ANY_CASE)
        if shape == _UUID * len(event_ids):
            found = _bytes_of(joined, 16)
            if found.any(axis=1).all():
                return found
    return _bytes_of("".join(map(trace_id, event_ids)), 16)


def _carried(headers: Sequence[Headers]) -> tuple[list[int], Bytes]:
    """Return the rows that carry a valid context, and what stands in each: version, trace, span, flags."""
    rows, values = _given(headers)
    joined = b"".join(values)
    if set(map(len, values)) == {len(_CONTEXT)} and joined.translate(_LOWER_CASE) == _CONTEXT * len(rows):
        found = _bytes_of(joined.decode(), _CONTEXT_BYTES)
        if not found[:, 0].any() and found[:, 1:17].any(axis=1).all() and found[:, 17:25].any(axis=1).all():
            return rows, found
    read = [(row, own) for row in rows if (own := carried_traceparent(headers[row])) is not None]
    return [row for row, _ in read], _bytes_of(b"".join(own for _, own in read).decode(), _CONTEXT_BYTES)


def _given(headers: Sequence[Headers]) -> tuple[list[int], Sequence[bytes]]:
    """Return the rows with a context, valid or not, and what it is; empty where that is not one text."""
    sizes = set(map(len, headers))
    if len(sizes) == 1:  # mostly all records have the same headers, in the same order
        (size,) = sizes
        flat: list[Any] = list(chain.from_iterable(chain.from_iterable(headers)))  # name, value, name...
        names = [set(flat[at :: 2 * size]) for at in range(0, 2 * size, 2)]
        ours = [place for place, own in enumerate(names) if TRACEPARENT_HEADER in own]
        if len(ours) == 1 and all(len(own) == 1 for own in names):
            return list(range(len(headers))), [value or b"" for value in flat[2 * ours[0] + 1 :: 2 * size]]
    rows: list[int] = []
    plain: list[bytes] = []
    for row, own in enumerate(headers):
        given = [value for name, value in own if name == TRACEPARENT_HEADER]
        if given:
            rows.append(row)
            plain.append(given[0] if len(given) == 1 and given[0] is not None else b"")
    return rows, plain


_CONTEXT_BYTES = 1 + 16 + 8 + 1


def _bytes_of(digits: str, size: int) -> Bytes:
    plain = bytearray.fromhex(digits.replace("-", ""))
    return np.frombuffer(plain, np.uint8).reshape(-1, size)
