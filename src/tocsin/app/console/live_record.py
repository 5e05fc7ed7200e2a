"""What the live page shows, as its API tells it. A contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class EventsNow:
    """Events.

    Attributes:
        total: stored in the results.
        per_second: stored a second, over the last few.
        rejected: records in the dead letters.
    """

    total: int
    per_second: float
    rejected: int


@dataclass(frozen=True, slots=True)
class DetectionsNow:
    """Detections.

    Attributes:
        total: stored in the results; null until they have been counted.
        per_minute: stored in the last minute.
        by_level: stored in the last quarter of an hour, the highest level first; all levels.
    """

    total: int | None
    per_minute: int
    by_level: dict[str, int]


@dataclass(frozen=True, slots=True)
class PartitionNow:
    """A partition.

    Attributes:
        position: next offset to be stored; null where nothing is.
        end: of its log.
        worker: who reads it; null when nobody does.
        per_second: records stored a second.
    """

    topic: str
    partition: int
    position: int | None
    end: int
    lag: int
    worker: str | None
    per_second: float | None


@dataclass(frozen=True, slots=True)
class LagNow:
    """How far the workers are behind.

    Attributes:
        total: records of all partitions; null while Kafka is not there to be asked.
        partitions: the first so many, or those with the most lag when there are more.
        left_out: how many more there are.
        unread: partitions that nobody reads.
        seconds_left: until there is no lag, at the rates of the moment; null when it is not going down.
    """

    total: int | None
    partitions: Sequence[PartitionNow]
    left_out: int
    unread: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from Kafka's timestamp of a record to its row."""

    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class LatencyNow:
    """Latencies.

    Attributes:
        stored: null when nothing was stored in the window.
        window_seconds: that it is over.
    """

    stored: Latency | None
    window_seconds: int


@dataclass(frozen=True, slots=True)
class TacticMinute:
    """Events of one tactic that were stored in one minute; those without a tactic are left out."""

    start: datetime
    tactic: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class WorkerNow:
    """A member of the consumer group.

    Attributes:
        partitions: that it reads.
        state: of the group, such as `stable`.
    """

    id: str
    host: str
    partitions: Sequence[int]
    state: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One second that has passed.

    Attributes:
        lag: null when it was not known.
        p99_ms: null when nothing was stored.
        detections: stored in it.
    """

    time: datetime
    per_second: float
    lag: int | None
    p99_ms: float | None
    detections: int


@dataclass(frozen=True, slots=True)
class KafkaNow:
    """Whether Kafka answers.

    Attributes:
        state: `connected`, `away`, or `not_asked` in the first moments.
        detail: the servers, or what is wrong.
    """

    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class ResultsNow:
    """Whether there are results.

    Attributes:
        state: `there`, or `missing`.
        detail: what is wrong, and what to do about it; empty when nothing is.
    """

    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class Live:
    """The pipeline at one moment.

    Attributes:
        tactics: of the last quarter of an hour, minute by minute.
        recent: the newest detections above informational (of any level where there are none), newest first,
            with the keys that a detection has everywhere and `stored_time`; long values are cut.
        history: of the last five minutes; null in all but the first message of a stream.
    """

    time: datetime
    kafka: KafkaNow
    results: ResultsNow
    events: EventsNow
    detections: DetectionsNow
    lag: LagNow
    latency_ms: LatencyNow
    tactics: Sequence[TacticMinute]
    workers: Sequence[WorkerNow]
    recent: Sequence[dict[str, object]]
    history: Sequence[Moment] | None
