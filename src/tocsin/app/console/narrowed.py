"""The parameters that narrow what is asked about detections, and a detection as the API tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query

from tocsin.model import Level
from tocsin.stats.detections.narrowing import Narrowing

LevelName = Literal["critical", "high", "medium", "low", "informational"]

_MOST = 200
"""Values of one parameter."""

_LONGEST = 2_000

Texts = Annotated[list[str] | None, Query(max_length=_MOST)]


def _narrowing(  # noqa: PLR0913, PLR0917 - one argument per parameter is FastAPI's way
    since: datetime | None = None,
    until: datetime | None = None,
    level: Annotated[list[LevelName] | None, Query(max_length=5)] = None,
    tactic: Texts = None,
    technique: Texts = None,
    rule: Texts = None,
    host: Texts = None,
    user: Texts = None,
    q: Annotated[str, Query(max_length=_LONGEST)] = "",
) -> Narrowing:
    """Return the choice that the parameters make; what happened at `until` is no part of it."""
    return Narrowing(
        since=None if since is None else aware(since),
        until=None if until is None else aware(until),
        levels=tuple(Level[name.upper()] for name in level or ()),
        tactics=tuple(tactic or ()),
        techniques=tuple(technique or ()),
        rules=tuple(rule or ()),
        hosts=tuple(host or ()),
        users=tuple(user or ()),
        text=q,
    )


Chosen = Annotated[Narrowing, Depends(_narrowing)]
"""The choice, as an argument of a route."""


def aware(time: datetime) -> datetime:
    """Return a time with a zone; without one it is UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DetectionRow:
    """A detection: the keys that it has in NDJSON, in Kafka and in the results, and when it was stored.

    Attributes:
        matched: field -> value, or values; in lists longer ones are cut.
    """

    detection_id: str
    event_id: str
    timestamp: str | None
    rule_id: str
    rule_title: str
    rule_revision: str
    level: LevelName
    tactics: list[str]
    techniques: list[str]
    host: str
    user: str
    source_ip: str
    event_type: str
    matched: dict[str, str | list[str]]
    topic: str
    partition: int
    offset: int
    trace_id: str
    stored_time: datetime
