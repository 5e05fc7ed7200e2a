"""The tables that `tocsin stats` shows on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.stats.entities import Concerned
from tocsin.stats.questions import Count, Summary
from tocsin.stats.wording import percent, plural, seconds

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its title, which keys it shows, and its rows."""

    title: str
    columns: Sequence[str]
    rows: Rows


def number_table(found: Summary) -> Table:
    """Return what went through, in numbers."""
    done = found.processing
    rows: list[tuple[str, object]] = [("events", done.events), ("with a tactic", done.labelled)]
    if done.detected is not None:
        rows.append(("with a detection", done.detected))
    rows += [(f"highest level {level}", count) for level, count in done.levels.items() if count]
    rows += [(f"rejected: {reason}", count) for reason, count in done.rejected.items()]
    if done.untimed:
        rows.append(("without a readable time", done.untimed))
    if done.first_event and done.last_event:
        rows.append(("happened", f"{when(done.first_event)} to {when(done.last_event)} UTC"))
    if done.stored_per_second is not None:
        rows.append(("stored per second", round(done.stored_per_second)))
    table = [{"processing": name, "count": value} for name, value in rows]
    return Table(found.name, ["processing", "count"], table)


def tables(found: Summary) -> Iterator[Table]:
    """Yield a table for each question about what happened."""
    yield _chains(found)
    yield _rules(found)
    tactics = [_counted("tactic", row, id_=True) for row in found.tactics]
    yield Table("Tactics, in kill-chain order", ["tactic", "name", "events", "share", *_SEEN], tactics)
    techniques = [_counted("technique", row, id_=True) for row in found.techniques.rows]
    yield Table(
        f"Techniques ({found.techniques.distinct:,})",
        ["technique", "name", "events", "share", *_SEEN],
        techniques,
    )
    for title, name, concerned in (
        ("Hosts", "host", found.entities.hosts),
        ("Users", "user", found.entities.users),
        ("Source addresses", "source", found.entities.source_ips),
    ):
        yield _concerned(title, name, concerned)
    for title, name, ranking in (
        ("Event types", "event type", found.event_types),
        ("Users", "user", found.users),
        ("Hosts", "host", found.hosts),
        ("Source addresses", "source", found.source_ips),
    ):
        rows = [_counted(name, row) for row in ranking.rows]
        yield Table(f"{title} by events ({ranking.distinct:,})", [name, "events", "share"], rows)


def health_table(found: Summary) -> Table:
    """Return how the pipeline did."""
    did = found.health
    rows: list[tuple[str, object]] = []
    if did.busiest:
        rows.append(
            ("busiest minute", f"{plural(did.busiest.events, 'event')}, {when(did.busiest.start)} UTC")
        )
    if did.latency:
        late = did.latency
        rows += [
            ("topic to row, half within", seconds(late.p50)),
            ("90 % within", seconds(late.p90)),
            ("95 % within", seconds(late.p95)),
            ("99 % within", seconds(late.p99)),
            ("the longest", seconds(late.most)),
        ]
    rows += [(f"dead letters: {reason}", count) for reason, count in did.rejected.items()]
    rows += [(f"gap in partition {gap.partition}", gap.detail) for gap in did.gaps]
    rows += [
        (
            f"rule set {used.revision[:_REVISION]}",
            f"{plural(used.events, 'event')} since {when(used.first_stored)}",
        )
        for used in did.rule_sets
    ]
    return Table(
        "Pipeline", ["pipeline", "value"], [{"pipeline": name, "value": value} for name, value in rows]
    )


_REVISION = 16
"""Signs of a rule set's revision that tell it from any other."""

_SEEN = ("first_seen", "last_seen")


def when(time: datetime | None) -> str:
    """Return a time to the second; nothing where there is none."""
    return f"{time:%Y-%m-%d %H:%M:%S}" if time else ""


def _seen(first: datetime | None, last: datetime | None) -> dict[str, str]:
    return {"first_seen": when(first), "last_seen": when(last)}


def _chains(found: Summary) -> Table:
    chain = found.kill_chain
    rows = [
        {
            "host": host.host,
            "level": step.level,
            "tactic": step.name,
            "first_seen": when(step.first),
            "events": step.count,
        }
        for host in chain.rows
        for step in host.steps
    ]
    shown = f"{len(chain.rows):,} of {plural(chain.distinct, 'host')}"
    columns = ["host", "level", "tactic", "first_seen", "events"]
    last = None
    for row in rows:  # a host is named once, over its own steps
        row["host"], last = ("" if row["host"] == last else row["host"]), row["host"]
    return Table(f"Kill chain per host, furthest first ({shown})", columns, rows)


def _rules(found: Summary) -> Table:
    rows = [
        {
            "level": rule.level,
            "rule": rule.title,
            "events": rule.count,
            "share": percent(rule.share),
            **_seen(rule.first, rule.last),
        }
        for rule in found.rules.rows
    ]
    title = f"Rules that fired ({found.rules.distinct:,})"
    return Table(title, ["level", "rule", "events", "share", *_SEEN], rows)


def _concerned(title: str, name: str, concerned: Concerned) -> Table:
    rows = [
        {
            name: entity.value,
            "level": entity.level,
            "detected": entity.detected,
            "high or above": entity.alarming,
            "events": entity.count,
            **_seen(entity.first, entity.last),
        }
        for entity in concerned.rows
    ]
    columns = [name, "level", "high or above", "detected", "events", *_SEEN]
    return Table(f"{title} with detections, worst first ({concerned.distinct:,})", columns, rows)


def _counted(name: str, count: Count, *, id_: bool = False) -> dict[str, Any]:
    """Return a row; with `id_`, the id stands under `name` and what it is called beside it."""
    return {
        "name": count.name,
        name: count.value if id_ else count.name,
        "events": count.count,
        "share": percent(count.share),
        **_seen(count.first, count.last),
    }
