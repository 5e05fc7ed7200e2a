"""Says in plain words what the numbers say: a headline, and a few sentences to go with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.stats.chain import HostChain
from tocsin.stats.entities import ALARMING
from tocsin.stats.questions import Summary
from tocsin.stats.wording import percent, plural, seconds, shortened


@dataclass(frozen=True, slots=True)
class Headline:
    """What a summary says to somebody in a hurry.

    Attributes:
        title: the one thing to know.
        points: whole sentences, the most important first.
        alarming: whether the title is bad news.
    """

    title: str
    points: tuple[str, ...]
    alarming: bool


def headline(found: Summary) -> Headline:
    """Return what a summary says."""
    points = (*_scope(found), *_chain(found), *_rule(found), *_read(found), *_missed(found), *_late(found))
    return Headline(_title(found), points, bool(found.entities.alarming_events))


def between(first: datetime, last: datetime) -> str:
    """Return a stretch of time in words, in UTC, no finer than it needs."""
    if last - first < timedelta(seconds=1):
        return f"at {first:%Y-%m-%d %H:%M:%S} UTC"
    if first.date() == last.date():
        return f"on {first:%Y-%m-%d} between {first:%H:%M:%S} and {last:%H:%M:%S} UTC"
    return f"between {first:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} UTC"


def _title(found: Summary) -> str:
    events, labelled = found.processing.events, found.processing.labelled
    alarming, hosts = found.entities.alarming_events, found.entities.alarming_hosts
    if not events:
        return "No events"
    if alarming is None or hosts is None:
        return f"{labelled:,} of {plural(events, 'event')} were labelled with an ATT&CK tactic"
    if alarming:
        which = _those_levels(found)
        return f"{plural(alarming, 'event')} of {which} level, on {plural(hosts, 'host')}"
    if found.processing.detected:
        lower = plural(found.processing.detected, "event")
        return f"Nothing of {ALARMING} or critical level; rules of lower ones fired on {lower}"
    return f"No rule fired on {plural(events, 'event')}"


def _those_levels(found: Summary) -> str:
    there = [level for level in ("critical", "high") if found.processing.levels.get(level)]
    return " or ".join(there)


def _scope(found: Summary) -> Iterator[str]:
    done = found.processing
    if not done.events:
        yield "No stored event is among those that are asked for."
        return
    when = f" {between(done.first_event, done.last_event)}" if done.first_event and done.last_event else ""
    yield (
        f"{plural(done.events, 'event')} of {plural(found.hosts.distinct, 'host')} and"
        f" {plural(found.users.distinct, 'user')} happened{when}."
    )
    if done.detected is not None:
        yield (
            f"Rules fired on {done.detected:,} of them ({percent(done.detected / done.events)});"
            f" {done.labelled:,} carry an ATT&CK tactic."
        )


def _chain(found: Summary) -> Iterator[str]:
    for chain in found.kill_chain.rows[:1]:
        if len(chain.serious()) > 1:
            yield f"{shortened(chain.host)} went furthest along the kill chain: {path(chain)}."


def path(chain: HostChain) -> str:
    """Return the serious steps on a host in the order in which they were first seen, with when that was."""
    steps = chain.serious()
    days = {step.first.date() for step in steps if step.first}
    form = "%H:%M:%S" if len(days) < 2 else "%m-%d %H:%M"
    told = [
        f"{shortened(step.name)} ({step.first:{form}})" if step.first else shortened(step.name)
        for step in steps[:_TOLD]
    ]
    more = [f"and {len(steps) - _TOLD} more"] if len(steps) > _TOLD else []
    return ", ".join([*told, *more])


_TOLD = 6
"""Tactics that one sentence can hold."""


def _rule(found: Summary) -> Iterator[str]:
    for rule in found.rules.rows[:1]:
        yield (
            f"{plural(found.rules.distinct, 'rule')} fired; the most frequent is"
            f" \u201c{shortened(rule.title)}\u201d ({rule.level}), on {plural(rule.count, 'event')}."
        )


def _read(found: Summary) -> Iterator[str]:
    unreadable = sum(found.health.rejected.values()) - found.health.gap_count
    if unreadable:
        what = "events" if unreadable > 1 else "an event"
        yield f"Dead letters: {plural(unreadable, 'record')} could not be read as {what}."
    elif found.processing.events and found.processing.detected is not None:
        yield "Every record could be read."


def _missed(found: Summary) -> Iterator[str]:
    if found.health.gap_count:
        yield (
            f"Records were lost {plural(found.health.gap_count, 'time')}:"
            " they were gone from the topic before they could be read."
        )


def _late(found: Summary) -> Iterator[str]:
    late = found.health.latency
    if late:
        yield (
            f"Half of the events were stored within {seconds(late.p50)} of reaching Kafka,"
            f" 99 % within {seconds(late.p99)}."
        )
