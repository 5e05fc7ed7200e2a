"""What flows through the topics: the records as they lie there, looked at without taking part."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked, Console
from tocsin.app.console.record_view import RecordView, has, record_view
from tocsin.app.console.stream import streamed, told_again
from tocsin.app.settings import Settings
from tocsin.kafka.browsing import Peek, Stretch

router = APIRouter(prefix="/api/topics", tags=["topics"])

Role = Literal["events", "detections", "classified", "dead_letters", "other"]

_ABOUT: Mapping[Role, str] = {
    "events": "Raw events, as producers sent them: the workers read them here.",
    "detections": "A message for every detection.",
    "classified": "A message for every event, with its label.",
    "dead_letters": "The records that could not be events.",
    "other": "",
}

_ANSWER = 16 * 2**20
"""Bytes of values in one answer."""

_PER_LOOK = 2_000
"""Records in which the newest of all partitions are looked for."""

_SEARCHED = 20_000
"""Records in which a text is looked for..."""

_SECONDS = 5.0
"""... and how long an answer may take."""

Limit = Annotated[int, Query(ge=1, le=500)]


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic.

    Attributes:
        role: what the console's settings say it is for.
        records: between the log's start and end.
        about: in a sentence.
    """

    name: str
    role: Role
    partitions: int
    records: int
    about: str


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a topic.

    Attributes:
        records: the newest first when asked from the latest, else in order of offsets.
        at: partition -> the offset after what was looked at.
        searched: records that were looked at.
        complete: the whole stretch was looked at, not only as much as time and memory allow.
    """

    records: list[RecordView]
    at: dict[int, int]
    searched: int
    complete: bool


@router.get("", response_model=list[TopicView])
def topics(console: Asked) -> Response:
    """Return the topics, those of the workers first."""
    roles = _roles(console.settings)
    found = [
        TopicView(
            each.name,
            role := roles.get(each.name, "other"),
            each.partitions,
            each.records,
            _ABOUT[role],
        )
        for each in console.browsing.topics.sizes()
    ]
    return answered(sorted(found, key=lambda topic: list(_ABOUT).index(topic.role)))


@router.get("/{topic}/records", response_model=Records)
def records(
    console: Asked,
    topic: str,
    begin: Annotated[str, Query(alias="from", pattern=r"^(latest|earliest|\d{1,18})$")] = "latest",
    partition: Annotated[int | None, Query(ge=0)] = None,
    limit: Limit = 50,
    q: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    """Return records of a topic: the latest, the earliest, or those from an offset on.

    With `q`, only those that have the text in key, value or headers; it is looked for in the latest (or next)
    records, as many as can be read in some seconds.
    """
    browsing = console.browsing
    bounds = browsing.topics.bounds(topic, browsing.partitions(topic, partition))
    asked = _stretches(bounds, begin, limit, searching=bool(q))
    with browsing.reading(topic, asked) as peek:
        return answered(_read(peek, asked, q, limit, newest=begin == "latest"))


@router.get(
    "/{topic}/tail",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events named `records`."}},
)
async def tail(
    console: Asked, topic: str, q: Annotated[str, Query(max_length=1_000)] = ""
) -> StreamingResponse:
    """Send what comes into a topic as server-sent events, at most 200 records a second.

    Each has `records` and `dropped`: how many more came than could be looked at.
    """
    return streamed(_tailing(console, topic, q))


async def _tailing(console: Console, topic: str, q: str) -> AsyncIterator[bytes]:
    listener = console.browsing.tails.listen(topic, q)
    try:
        async with aclosing(told_again(listener.bell, listener.frame)) as frames:
            async for frame in frames:
                yield frame
    finally:
        listener.leave()


def _read(peek: Peek, asked: Mapping[int, Stretch], q: str, limit: int, *, newest: bool) -> Records:
    deadline = time.monotonic() + _SECONDS
    at = {partition: stretch.first for partition, stretch in asked.items()}
    found: list[RecordView] = []
    searched = size = 0
    while not peek.is_at_end and (left := deadline - time.monotonic()) > 0 and size < _ANSWER:
        for record in peek.read(20, left):
            searched += 1
            at[record.partition] = record.offset + 1
            view = record_view(record)
            if not q or has(view, q):
                found.append(view)
                size += len(view.value or "")
        if not newest and len(found) >= limit:
            break
    found.sort(key=_age, reverse=newest)
    kept = found[:limit]
    if not newest:
        for left_out in reversed(found[limit:]):
            at[left_out.partition] = min(at[left_out.partition], left_out.offset)
    return Records(kept, at, searched, complete=peek.is_at_end)


def _age(view: RecordView) -> tuple[float, int]:
    return (view.timestamp.timestamp() if view.timestamp else 0.0, view.offset)


def _stretches(
    bounds: Mapping[int, Stretch], begin: str, limit: int, *, searching: bool
) -> dict[int, Stretch]:
    """Return where to read in each partition, so that all of it together has a bound."""
    filled = sum(held.first < held.end for held in bounds.values()) or 1
    share = max(1, (_SEARCHED if searching else _PER_LOOK) // filled)
    most = share if searching else min(limit, share)
    if begin == "latest":
        return {p: Stretch(max(held.first, held.end - most), held.end) for p, held in bounds.items()}
    offset = 0 if begin == "earliest" else int(begin)
    first = {p: min(max(held.first, offset), held.end) for p, held in bounds.items()}
    return {p: Stretch(first[p], min(held.end, first[p] + most)) for p, held in bounds.items()}


def _roles(settings: Settings) -> dict[str, Role]:
    publish = settings.publish
    named: dict[str, Role] = {
        publish.dead_letters_topic: "dead_letters",
        publish.classified_topic: "classified",
        publish.detections_topic: "detections",
        settings.kafka.topic: "events",
    }
    return {name: role for name, role in named.items() if name}
