"""The numbers: each question computed once, here, for every table, plot and screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tocsin.errors import SettingsError
from tocsin.model import Level
from tocsin.stats.buckets import Bucket, Span, choose, instant, instant_or_none
from tocsin.stats.chain import KillChain, kill_chain
from tocsin.stats.entities import Entities, entities
from tocsin.stats.events import Events
from tocsin.stats.health import Health, health
from tocsin.stats.naming import NOT_GIVEN, kill_chain_order, tactic_name, technique_name
from tocsin.stats.selection import Selection
from tocsin.stats.strays import main_span

TOP = 10

_MOST_ROWS = 500_000
"""Rows of counts over time: more are not for reading, and would not fit into memory for ever."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many events have one value.

    Attributes:
        value: the value, or id, as stored.
        name: what a person calls it; the value itself where it needs no other name.
        count: events with it.
        share: of all events, 0 to 1.
        tactic: for a technique, the tactic it was most often shown with.
        first, last: when they happened; None when none of them says.
    """

    value: str
    name: str
    count: int
    share: float
    tactic: str = ""
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The most frequent values, most frequent first, and how many different ones there are in all."""

    rows: tuple[Count, ...]
    distinct: int


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule fired; `share` is of all events, `first` and `last` are when these happened."""

    rule_id: str
    title: str
    level: str
    count: int
    share: float
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that fired most, and how many fired at all; none are known in a CSV."""

    rows: tuple[RuleCount, ...]
    distinct: int


@dataclass(frozen=True, slots=True)
class BucketCount:
    """Events of one tactic that happened in one bucket of time, which starts at `start_us` since 1970 UTC."""

    start_us: int
    tactic: str
    name: str
    count: int

    @property
    def start(self) -> datetime:
        """Return when the bucket starts."""
        return instant(self.start_us)


@dataclass(frozen=True, slots=True)
class OverTime:
    """Counts per bucket by tactic, in order of time, then of the kill chain; empty buckets are left out."""

    bucket: Bucket
    rows: tuple[BucketCount, ...]


@dataclass(frozen=True, slots=True)
class Processing:
    """What went through.

    Attributes:
        events: events stored, each with a verdict.
        labelled: events with a tactic.
        detected: events on which a rule fired; None in a CSV, which does not say.
        levels: the highest level of an event's detections -> events, highest first, all five; empty in a CSV.
        rejected: reason -> records that could not be events.
        untimed: events whose timestamp cannot be read: counted everywhere but over time.
        first_event, last_event: when they happened; None when no event says.
        first_stored, last_stored: when they were written; None in a CSV.
        stored_per_second: events between those two, pauses included; None when that is no time at all.
    """

    events: int
    labelled: int
    detected: int | None
    levels: Mapping[str, int]
    rejected: Mapping[str, int]
    untimed: int
    first_event: datetime | None
    last_event: datetime | None
    first_stored: datetime | None
    last_stored: datetime | None
    stored_per_second: float | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The answers to all questions about one store.

    Attributes:
        name: the folder or file, as the user named it.
        meant: which of the events stored there.
        span: from the first event to the last, without stray clocks; None when no event has a time.
        tactics: in kill-chain order, those that occur; events without a tactic last.
    """

    name: str
    meant: Selection
    span: Span | None
    processing: Processing
    event_types: Ranking
    tactics: tuple[Count, ...]
    techniques: Ranking
    over_time: OverTime
    users: Ranking
    hosts: Ranking
    source_ips: Ranking
    rules: Rules
    entities: Entities
    kill_chain: KillChain
    health: Health


def summary(events: Events, top: int = TOP) -> Summary:
    """Answer every question; `top` limits each ranking but that of the tactics."""
    span = main_span(events)
    return Summary(
        name=events.name,
        meant=events.meant,
        span=span,
        processing=processing(events),
        event_types=event_types(events, top),
        tactics=tactics(events),
        techniques=techniques(events, top),
        over_time=over_time(events, bucket_for(span)),
        users=users(events, top),
        hosts=hosts(events, top),
        source_ips=source_ips(events, top),
        rules=rules(events, top),
        entities=entities(events, top),
        kill_chain=kill_chain(events, top),
        health=health(events),
    )


def processing(events: Events) -> Processing:
    """Count what went through, and between when."""
    (row,) = events.ask(
        """
        SELECT count(*), count(*) FILTER (has_tactic), count("level"), count(us),
            min(us), max(us), min(stored_us), max(stored_us)
        FROM events
        """
    )
    total, labelled, detected, timed, first, last, first_stored, last_stored = row
    stored_for = (last_stored - first_stored) / 1e6 if first_stored is not None else 0.0
    return Processing(
        events=total,
        labelled=labelled,
        detected=detected if events.has_detections else None,
        levels=_levels(events) if events.has_detections else {},
        rejected=events.rejected,
        untimed=total - timed,
        first_event=instant_or_none(first),
        last_event=instant_or_none(last),
        first_stored=instant_or_none(first_stored),
        last_stored=instant_or_none(last_stored),
        stored_per_second=total / stored_for if stored_for > 0 else None,
    )


def event_types(events: Events, top: int = TOP) -> Ranking:
    """Rank the event types: the class distribution."""
    return _ranking(events, "event_type", top)


def users(events: Events, top: int = TOP) -> Ranking:
    """Rank the users."""
    return _ranking(events, "user", top)


def hosts(events: Events, top: int = TOP) -> Ranking:
    """Rank the hosts."""
    return _ranking(events, "host", top)


def source_ips(events: Events, top: int = TOP) -> Ranking:
    """Rank the source addresses."""
    return _ranking(events, "source_ip", top)


def tactics(events: Events) -> tuple[Count, ...]:
    """Count the events of each tactic that occurs, in kill-chain order, those without one last."""
    rows = events.ask("SELECT tactic, count(*), min(us), max(us) FROM events GROUP BY tactic")
    total = sum(count for _, count, _, _ in rows)
    found = [
        Count(tactic, tactic_name(tactic), count, count / total, "", *_seen(first, last))
        for tactic, count, first, last in rows
    ]
    return tuple(sorted(found, key=lambda c: kill_chain_order(c.value)))


def techniques(events: Events, top: int = TOP) -> Ranking:
    """Rank the techniques and sub-techniques of the events' labels."""
    rows = events.ask(
        """
        SELECT technique, sum(n)::BIGINT AS events, max({'n': n, 'tactic': tactic}).tactic,
            min(first), max(last), count(*) OVER (), (sum(sum(n)) OVER ())::BIGINT
        FROM (
            SELECT tactic, technique, count(*) AS n, min(us) AS first, max(us) AS last
            FROM events GROUP BY ALL
        )
        GROUP BY technique ORDER BY events DESC, technique LIMIT ?
        """,
        top,
    )
    found = tuple(
        Count(
            *(technique, technique_name(tactic, technique), count, count / total, tactic), *_seen(first, last)
        )
        for technique, count, tactic, first, last, _, total in rows
    )
    return Ranking(found, rows[0][5] if rows else 0)


def rules(events: Events, top: int = TOP) -> Rules:
    """Rank the rules by how many events they fired on."""
    if not events.has_detections:
        return Rules((), 0)
    lowest = events.meant.level or Level.INFORMATIONAL
    rows = events.ask(
        """
        SELECT d.rule_id, max(d.rule_title), max(d."level"), count(*) AS fired, min(us), max(us),
            count(*) OVER ()
        FROM (SELECT unnest(detections) AS d, epoch_us("time") AS us FROM verdicts WHERE "level" IS NOT NULL)
        WHERE list_contains(?, d."level") GROUP BY d.rule_id ORDER BY fired DESC, d.rule_id LIMIT ?
        """,
        [str(level) for level in Level if level >= lowest],
        top,
    )
    (total,) = events.ask("SELECT count(*) FROM events")[0]
    return Rules(
        tuple(
            RuleCount(id_, title, level, fired, fired / total, *_seen(first, last))
            for id_, title, level, fired, first, last, _ in rows
        ),
        rows[0][6] if rows else 0,
    )


def bucket_for(span: Span | None) -> Bucket:
    """Return the bucket that suits a span; one second where there is none."""
    return choose(span or Span(0, 0))


def over_time(events: Events, bucket: Bucket) -> OverTime:
    """Count the events of each tactic per bucket of time, those of stray clocks too.

    Raises:
        SettingsError: the bucket is so narrow that the answer would be millions of rows.
    """
    start = bucket.start_sql("us")
    rows = events.ask(
        f"SELECT {start} AS start, tactic, count(*) FROM events"  # noqa: S608 - made of numbers
        f" WHERE us IS NOT NULL GROUP BY ALL ORDER BY start LIMIT {_MOST_ROWS + 1}"
    )
    if len(rows) > _MOST_ROWS:
        raise SettingsError(
            f"{events.name}: more than {_MOST_ROWS:,} counts per {bucket.name} by tactic",
            "choose a wider bucket",
        )
    rows.sort(key=lambda row: (row[0], kill_chain_order(row[1])))
    return OverTime(bucket, tuple(BucketCount(at, tactic, tactic_name(tactic), n) for at, tactic, n in rows))


_Column = Literal["event_type", "user", "host", "source_ip"]


def _ranking(events: Events, column: _Column, top: int) -> Ranking:
    rows = events.ask(
        f"""
        SELECT "{column}", count(*) AS n, min(us), max(us), count(*) OVER (), (sum(count(*)) OVER ())::BIGINT
        FROM events GROUP BY "{column}" ORDER BY n DESC, "{column}" LIMIT ?
        """,  # noqa: S608 - the column is one of four
        top,
    )
    found = tuple(
        Count(value, value or NOT_GIVEN, count, count / total, "", *_seen(first, last))
        for value, count, first, last, _, total in rows
    )
    return Ranking(found, rows[0][4] if rows else 0)


def _levels(events: Events) -> dict[str, int]:
    rows = events.ask('SELECT "level", count(*) FROM events WHERE "level" IS NOT NULL GROUP BY ALL')
    found: dict[int, int] = {level: count for level, count in rows}  # noqa: C416 - dict() would lose the types
    return {str(level): found.get(level, 0) for level in reversed(Level)}


def _seen(first: int | None, last: int | None) -> tuple[datetime | None, datetime | None]:
    return instant_or_none(first), instant_or_none(last)
