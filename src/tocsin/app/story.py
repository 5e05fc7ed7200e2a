"""What is known of one event's way: its row in the results, and its spans, from a store or from Jaeger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.dataset as pads

from tocsin.errors import SettingsError
from tocsin.model.identity import is_uuid, trace_id
from tocsin.results.location import Location, Where, rows_read
from tocsin.results.table import VERDICTS, Reader
from tocsin.telemetry.jaeger import jaeger_spans
from tocsin.telemetry.store import StoredSpan, stored_spans

COLUMNS = (
    "event_id",
    "timestamp",
    "event_type",
    "host",
    "user",
    "source_ip",
    "tactic",
    "technique",
    "detections",
    "topic",
    "partition",
    "offset",
    "record_time",
    "stored_time",
    "trace_id",
)
"""Of the results: what they know of an event."""


@dataclass(frozen=True, slots=True)
class Step:
    """A span with its place in the tree.

    Attributes:
        depth: 0 for a root.
    """

    span: StoredSpan
    depth: int


@dataclass(frozen=True, slots=True)
class Story:
    """An event's way.

    Attributes:
        trace_id: of the event.
        row: what the results have of it; None when they have nothing.
        steps: its spans, each after its parent; none when nobody kept them.
    """

    trace_id: str
    row: Mapping[str, Any] | None
    steps: Sequence[Step]


def story_of(
    results: Where, event_id: str, jaeger: str | None, row: Mapping[str, Any] | None = None
) -> Story:
    """Find out what is known of an event.

    Args:
        results: the folder of the results.
        event_id: of the event, or its trace id.
        jaeger: address of Jaeger's query service; None for the store beside the results.
        row: what the results have of it, with `COLUMNS`, where that is known; None to look for it.

    Raises:
        SettingsError: nothing is known of it.
        StreamError: the results or Jaeger cannot be read.
    """
    row = row or _row(results, event_id)
    trace = trace_id(event_id) if row is None else str(row["trace_id"])
    if jaeger is not None:
        spans = jaeger_spans(jaeger, trace)
    else:
        place = Location.of(results)
        spans = [] if place.is_remote else stored_spans(place.path, trace)
    if row is None and not spans:
        raise SettingsError(
            f"event {event_id}: is neither in the results in {results} nor traced", "see: tocsin results info"
        )
    return Story(trace, row, _steps(_of_event(spans, row)))


def _row(results: Where, event_id: str) -> Mapping[str, Any] | None:
    place = Location.of(results)
    if not (place / VERDICTS).is_table():
        return None
    found = pads.field("event_id") == event_id
    if is_uuid(event_id):
        found |= pads.field("trace_id") == trace_id(event_id)
    source = Reader(results).look()
    with rows_read(source.place):
        rows: list[Mapping[str, Any]] = (
            source.rows().to_table(columns=list(COLUMNS), filter=found).to_pylist()
        )
    exact = [row for row in rows if row["event_id"] == event_id]
    return next(iter(exact or rows), None)


def _of_event(spans: Sequence[StoredSpan], row: Mapping[str, Any] | None) -> list[StoredSpan]:
    """Leave out spans of other events, which a foreign producer may have sent in the same trace."""
    if row is None:
        return list(spans)
    return [span for span in spans if span.attributes.get("event.id", row["event_id"]) == row["event_id"]]


def _steps(spans: Sequence[StoredSpan]) -> list[Step]:
    """Return the tree line by line; what hangs under nothing is a root."""
    known = {span.span_id for span in spans}
    under: dict[str, list[StoredSpan]] = {}
    for span in spans:
        under.setdefault(span.parent_id if span.parent_id in known else "", []).append(span)
    steps: list[Step] = []
    waiting = [(span, 0) for span in reversed(under.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        steps.append(Step(span, depth))
        waiting += [(child, depth + 1) for child in reversed(under.get(span.span_id, []))]
    return steps
