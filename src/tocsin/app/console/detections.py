"""Stored detections: page by page, in groups, over time, and what else happened on a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from tocsin.app.console import cursors
from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked
from tocsin.app.console.narrowed import Chosen, DetectionRow, LevelName, aware
from tocsin.app.console.store import Total
from tocsin.attack import catalogue
from tocsin.model import Level
from tocsin.results.around import events_around
from tocsin.stats.detections.counts import groups, histogram
from tocsin.stats.detections.questions import Place, page

router = APIRouter(prefix="/api", tags=["detections"])

_MOST_GROUPS = 100_000
"""Groups that are paged through: nobody reads so many."""


@dataclass(frozen=True, slots=True)
class Taking:
    """How far the console is when it reads all results for the first time.

    Attributes:
        read, files: of the results' files; what has been read can be asked about.
    """

    read: int
    files: int


@dataclass(frozen=True, slots=True)
class DetectionPage:
    """Some detections, newest first by when they happened.

    Attributes:
        total: how many were chosen, in all.
        total_is_exact: false when they were not counted to the end, or some pages ago.
        taking_in: null as soon as all results were read.
        trouble: why new results are not taken in; empty when they are.
    """

    rows: list[DetectionRow]
    next: str | None
    total: int
    total_is_exact: bool
    taking_in: Taking | None
    trouble: str


@router.get("/detections", response_model=DetectionPage)
def detections(
    console: Asked,
    chosen: Chosen,
    cursor: Annotated[str, Query(max_length=1_000)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Return detections, newest first."""
    found = page(console.detections.store, chosen, limit, cursors.read(cursor, Place) if cursor else None)
    if not cursor and found.next is None:  # that is all of them
        total = Total(len(found.rows), is_exact=True)
    else:
        total = console.detections.total(chosen, len(found.rows), again=bool(cursor))
    standing = console.detections.standing
    return answered(
        {
            "rows": found.rows,
            "next": None if found.next is None else cursors.written(found.next),
            "total": total.count,
            "total_is_exact": total.is_exact,
            "taking_in": None if standing.ready else Taking(standing.read, standing.files),
            "trouble": standing.trouble,
        }
    )


@dataclass(frozen=True, slots=True)
class GroupRow:
    """Detections that have something in common.

    Attributes:
        key: an id or a name; empty where events do not say.
        title: of a rule or a technique; else the key.
        level: the highest among them.
        hosts: on how many hosts they happened.
    """

    key: str
    title: str
    level: LevelName
    count: int
    hosts: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Some groups, largest first."""

    rows: list[GroupRow]
    next: str | None


@router.get("/detections/groups", response_model=GroupPage)
def detection_groups(
    console: Asked,
    chosen: Chosen,
    by: Literal["rule", "host", "user", "technique"],
    cursor: Annotated[str, Query(max_length=1_000)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Return groups of detections, largest first; one of several techniques is in several groups."""
    skip = min(max(cursors.read(cursor, int), 0), _MOST_GROUPS) if cursor else 0
    found = groups(console.detections.store, chosen, by, limit + 1, skip)
    rows = [
        GroupRow(
            group.key,
            titled(by, group.key, group.title),
            str(group.level),  # type: ignore[arg-type]  # one of the names
            group.count,
            group.hosts,
            group.first_seen,
            group.last_seen,
        )
        for group in found[:limit]
    ]
    return answered(GroupPage(rows, cursors.written(skip + limit) if len(found) > limit else None))


@dataclass(frozen=True, slots=True)
class Bar:
    """Detections of a stretch of time: level -> how many; levels that did not occur are left out."""

    start: datetime
    by_level: dict[LevelName, int]


@dataclass(frozen=True, slots=True)
class Bars:
    """Detections over time, without a gap.

    Attributes:
        start: of the first bar; null when there is nothing.
        outside: detections of clocks that were years off, in no bar.
    """

    start: datetime | None
    seconds_per_bucket: float
    rows: list[Bar]
    outside: int


@router.get("/detections/histogram", response_model=Bars)
def detection_histogram(
    console: Asked, chosen: Chosen, buckets: Annotated[int, Query(ge=1, le=500)] = 60
) -> Response:
    """Count detections over time, from `since` to `until`, or from the first to the last."""
    found = histogram(console.detections.store, chosen, buckets)
    rows = [
        {"start": column.start, "by_level": {str(level): n for level, n in column.by_level.items()}}
        for column in found.columns
    ]
    start = found.columns[0].start if found.columns else None
    return answered(
        {"start": start, "seconds_per_bucket": found.seconds, "rows": rows, "outside": found.outside}
    )


@dataclass(frozen=True, slots=True)
class NeighbourRow:
    """An event of a host.

    Attributes:
        tactic, technique, level: of its label and its detections; null when nothing fired.
        rules: titles of those that fired.
    """

    event_id: str
    timestamp: str
    event_type: str
    user: str
    tactic: str | None
    technique: str | None
    level: LevelName | None
    rules: list[str]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Events of a host within minutes, in order of time.

    Attributes:
        truncated: there are more; those nearest to the moment are shown.
    """

    rows: list[NeighbourRow]
    truncated: bool


@router.get("/hosts/{host:path}/events", response_model=Neighbours)
def host_events(
    console: Asked,
    host: str,
    around: datetime,
    minutes: Annotated[float, Query(gt=0, le=24 * 60)] = 5.0,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> Response:
    """Return what happened on a host around a moment, with and without detections."""
    found = events_around(console.results, host, aware(around), timedelta(minutes=minutes), limit)
    return answered(Neighbours([_neighbour(row) for row in found.rows], found.truncated))


def _neighbour(row: Mapping[str, Any]) -> NeighbourRow:
    fired: Sequence[Mapping[str, Any]] = row["detections"] or ()
    return NeighbourRow(
        event_id=row["event_id"],
        timestamp=row["timestamp"],
        event_type=row["event_type"],
        user=row["user"],
        tactic=row["tactic"] if fired else None,
        technique=row["technique"] if fired else None,
        level=str(Level(row["level"])) if fired else None,  # type: ignore[arg-type]  # one of the names
        rules=[one["rule_title"] for one in fired],
    )


def titled(by: str, key: str, title: str) -> str:
    """Return what a group is called: a technique has its name in the catalogue."""
    return catalogue().name(key) if by == "technique" else title
