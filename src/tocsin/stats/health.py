"""How the pipeline did: how fast, how late, what it could not read, what it missed, by which rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tocsin.model import RejectReason
from tocsin.stats.buckets import MINUTE, instant, instant_or_none
from tocsin.stats.events import Events

_GAPS = 20
"""Gaps that are told one by one; there is one per loss of records, so more would be a broken set-up."""

LIMITS = (0.1, 0.25, 0.5, 1.0, 3.0, 10.0, 60.0, 600.0)
"""Seconds up to which latencies are counted together; what took longer is counted too."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from a record's timestamp in Kafka to its row in the results, to within one part in a hundred.

    A record that was read long after it was produced has waited that long: this is what a user waits for, not
    what the worker takes.

    Attributes:
        count: events of which both times are known.
        p50, p90, p95, p99, most: so many percent took no longer; the longest.
        up_to: counts of those that took at most so many seconds, and more than the limit before; one per
            `LIMITS`, and one for the rest.
    """

    count: int
    p50: float
    p90: float
    p95: float
    p99: float
    most: float
    up_to: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Records that were gone from the topic before they could be read."""

    partition: int
    offset: int
    detail: str
    noticed: datetime | None


@dataclass(frozen=True, slots=True)
class RuleSetUse:
    """A rule set by which events were judged, and when their rows were written."""

    revision: str
    events: int
    first_stored: datetime | None
    last_stored: datetime | None


@dataclass(frozen=True, slots=True)
class Minute:
    """The minute in which most rows were written."""

    start: datetime
    events: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the pipeline did.

    Attributes:
        stored_per_second: from the first row to the last, pauses included; None when that is no time at all.
        busiest: None in a CSV, which does not say when it was written.
        latency: None when no record had a timestamp.
        rejected: reason -> dead letters of the time that is meant, most first; they have no host or level.
        gaps: the latest of them; `gap_count` is the number of all.
        rule_sets: in the order in which they were first used.
    """

    stored_per_second: float | None
    busiest: Minute | None
    latency: Latency | None
    rejected: Mapping[str, int]
    gaps: tuple[Gap, ...]
    gap_count: int
    rule_sets: tuple[RuleSetUse, ...]


def health(events: Events) -> Health:
    """Tell how the pipeline did with these events."""
    gaps = _gaps(events)
    return Health(
        stored_per_second=_rate(events),
        busiest=_busiest(events),
        latency=latency(events),
        rejected=events.rejected,
        gaps=gaps,
        gap_count=events.rejected.get(RejectReason.LOST.value, 0),
        rule_sets=_rule_sets(events),
    )


def latency(events: Events) -> Latency | None:
    """Return how long events took from their record's timestamp to their row.

    Counts equal latencies, cut to three digits, and reads the percentiles from the counts: exact enough, the
    same each time, and small however many events there are. A clock behind the broker's counts as no time.
    """
    rows = events.ask(
        """
        SELECT CASE WHEN ms < 1000 THEN ms ELSE ms - ms % pow(10, floor(log10(ms)) - 2)::BIGINT END AS cut,
            count(*), max(ms)
        FROM (SELECT greatest(0, (stored_us - record_us) // 1000) AS ms FROM events
            WHERE stored_us IS NOT NULL AND record_us > 0)
        GROUP BY cut ORDER BY cut
        """
    )
    counts = [(ms / 1000, count) for ms, count, _ in rows]
    if not counts:
        return None
    return Latency(
        count=sum(count for _, count in counts),
        p50=percentile(counts, 0.50),
        p90=percentile(counts, 0.90),
        p95=percentile(counts, 0.95),
        p99=percentile(counts, 0.99),
        most=rows[-1][2] / 1000,
        up_to=_by_limit(counts),
    )


def percentile(counts: Sequence[tuple[float, int]], share: float) -> float:
    """Return the least value that at least `share` of the counted ones do not exceed (nearest rank).

    Args:
        counts: value and how often it occurs, in order of the values; at least one.
        share: 0 to 1.
    """
    wanted = share * sum(count for _, count in counts)
    so_far = 0
    for value, count in counts:
        so_far += count
        if so_far >= wanted:
            return value
    return counts[-1][0]


def _by_limit(counts: Sequence[tuple[float, int]]) -> tuple[int, ...]:
    edges = (-1.0, *LIMITS, float("inf"))
    return tuple(
        sum(count for value, count in counts if low < value <= high) for low, high in pairwise(edges)
    )


def _rate(events: Events) -> float | None:
    ((count, first, last),) = events.ask(
        "SELECT count(stored_us), min(stored_us), max(stored_us) FROM events"
    )
    return count / ((last - first) / 1e6) if count and last > first else None


def _busiest(events: Events) -> Minute | None:
    rows = events.ask(
        "SELECT stored_us // ? AS minute, count(*) AS n FROM events WHERE stored_us IS NOT NULL"
        " GROUP BY minute ORDER BY n DESC, minute LIMIT 1",
        MINUTE,
    )
    return Minute(instant(rows[0][0] * MINUTE), rows[0][1]) if rows else None


def _gaps(events: Events) -> tuple[Gap, ...]:
    rows = events.ask(
        'SELECT "partition", "offset", detail, us FROM dead WHERE reason = ?'
        ' ORDER BY us DESC, "partition", "offset" LIMIT ?',
        *(RejectReason.LOST.value, _GAPS),
    )
    return tuple(
        Gap(partition, offset, detail, instant_or_none(us)) for partition, offset, detail, us in rows
    )


def _rule_sets(events: Events) -> tuple[RuleSetUse, ...]:
    rows = events.ask(
        "SELECT rule_set, count(*), min(stored_us) AS first, max(stored_us) FROM events"
        " WHERE rule_set IS NOT NULL GROUP BY rule_set ORDER BY first, rule_set"
    )
    return tuple(
        RuleSetUse(revision, count, instant_or_none(first), instant_or_none(last))
        for revision, count, first, last in rows
    )
