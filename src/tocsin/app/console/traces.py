"""The way of one event through the pipeline: its spans where they were kept, else the times in its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from itertools import pairwise
from typing import Any, Literal

from fastapi import APIRouter
from starlette.responses import Response

from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked, Console
from tocsin.app.console.faults import Unanswered
from tocsin.app.story import COLUMNS, Step, Story, story_of
from tocsin.errors import SettingsError
from tocsin.results.detection import row_at
from tocsin.stats.detections.questions import event_place

router = APIRouter(prefix="/api/events", tags=["traces"])


@dataclass(frozen=True, slots=True)
class SpanView:
    """A span.

    Attributes:
        kind: `producer`, `consumer`, `internal`; empty where it is not known.
        start_ms: since 1970.
        parent: `span_id` of the span that it hangs below; null for a root.
        status: `error` where it failed, else null.
    """

    span_id: str
    name: str
    service: str
    kind: str
    start_ms: float
    duration_ms: float
    parent: str | None
    status: str | None
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TraceView:
    """An event's way.

    Attributes:
        source: `store` for spans that the worker kept beside the results; `times` where it was not
            traced, and the times of its row tell the way in outline; null where not even those are known.
        jaeger_url: where Jaeger shows it, if it has it; null where no Jaeger is named in the settings.
        spans: each after the one that it hangs below.
    """

    trace_id: str
    source: Literal["store", "times"] | None
    jaeger_url: str | None
    spans: list[SpanView]


@router.get("/{event_id:path}/trace", response_model=TraceView)
def event_trace(console: Asked, event_id: str) -> Response:
    """Return the way of an event; `event_id` may also be its trace id."""
    try:
        story = story_of(console.results, event_id, None, _row(console, event_id))
    except SettingsError as error:
        raise Unanswered(HTTPStatus.NOT_FOUND, "the event is neither stored nor traced") from error
    url = console.settings.console.jaeger_url
    kept = _kept(story)
    spans = kept or _outline(story)
    source = "store" if kept else "times" if spans else None
    jaeger = f"{url.rstrip('/')}/trace/{story.trace_id}" if url else None
    return answered(TraceView(story.trace_id, source, jaeger, spans))  # type: ignore[arg-type]  # one of the words


def _row(console: Console, event_id: str) -> Mapping[str, Any] | None:
    """Return the event's row if something was detected on it; then nobody has to look through the table."""
    place = event_place(console.detections.store, event_id)
    if place is None:
        return None
    return row_at(console.results, (place.partition, place.offset), place.stored, (*COLUMNS, "time"))


def _kept(story: Story) -> list[SpanView]:
    known = {step.span.span_id for step in story.steps}
    return [_span(step, known) for step in story.steps]


def _span(step: Step, known: set[str]) -> SpanView:
    span = step.span
    return SpanView(
        span_id=span.span_id,
        name=span.name,
        service=span.service,
        kind=span.kind,
        start_ms=span.begin / 1e6,
        duration_ms=(span.end - span.begin) / 1e6,
        parent=span.parent_id if span.parent_id in known else None,
        status="error" if span.attributes.get("error") else None,
        attributes=dict(span.attributes),
    )


def _outline(story: Story) -> list[SpanView]:
    """Return the stretches between the times that are known: it happened, it came to Kafka, it was stored."""
    return [
        SpanView(
            span_id=name,
            name=name,
            service="",
            kind="",
            start_ms=begin.timestamp() * 1_000,
            duration_ms=(end - begin).total_seconds() * 1_000,
            parent=None,
            status=None,
            attributes=said,
        )
        for (begin, _), (end, name) in pairwise(_times(story.row or {}))
        for said in [{"from": begin.isoformat(), "to": end.isoformat()}]
        if end >= begin
    ]


def _times(row: Mapping[str, Any]) -> Sequence[tuple[datetime, str]]:
    return [(time, name) for time, name in _all_times(row) if isinstance(time, datetime)]


def _all_times(row: Mapping[str, Any]) -> Iterator[tuple[object, str]]:
    """Yield the times, each with what it took to get there; when it happened is by the event's own clock."""
    yield row.get("time"), "happened"
    yield row.get("record_time"), "to Kafka"
    yield row.get("stored_time"), "to the results"
