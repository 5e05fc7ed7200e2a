"""Whom the detections are about: hosts, users and source addresses, the worst first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tocsin.model import Level
from tocsin.stats.buckets import instant_or_none
from tocsin.stats.chain import level_name
from tocsin.stats.events import Events

ALARMING = Level.HIGH
"""From this level on, somebody should look today."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A host, a user or a source address.

    Attributes:
        value: its name.
        count: its events.
        detected: those on which a rule fired; in a CSV, those with a tactic.
        alarming: those with a detection of level high or above; 0 in a CSV, which does not say.
        level: the highest level of its detections; empty in a CSV.
        first, last: when the detected ones happened; None when none of them says.
    """

    value: str
    count: int
    detected: int
    alarming: int
    level: str
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Concerned:
    """Those with detections, the worst first, and how many there are in all."""

    rows: tuple[Entity, ...]
    distinct: int


@dataclass(frozen=True, slots=True)
class Entities:
    """Who is concerned.

    Attributes:
        alarming_events, alarming_hosts: with a detection of level high or above; None in a CSV.
    """

    hosts: Concerned
    users: Concerned
    source_ips: Concerned
    alarming_events: int | None
    alarming_hosts: int | None


def entities(events: Events, top: int) -> Entities:
    """Rank hosts, users and source addresses by their detections.

    Most critical events first, then most high ones, and so on down: a single critical event comes before a
    thousand low ones. Events that name nobody are left out.
    """
    found = events.ask('SELECT count(*), count(DISTINCT host) FROM events WHERE "level" >= ?', int(ALARMING))[
        0
    ]
    alarming = found if events.has_detections else (None, None)
    return Entities(
        hosts=_concerned(events, "host", top),
        users=_concerned(events, "user", top),
        source_ips=_concerned(events, "source_ip", top),
        alarming_events=alarming[0],
        alarming_hosts=alarming[1],
    )


def _concerned(events: Events, column: Literal["host", "user", "source_ip"], top: int) -> Concerned:
    rows = events.ask(
        f"""
        SELECT "{column}", count(*), count(*) FILTER (detected) AS found,
            count(*) FILTER ("level" >= {int(ALARMING)}), max("level"),
            min(us) FILTER (detected), max(us) FILTER (detected), count(*) OVER ()
        FROM events WHERE "{column}" <> '' GROUP BY "{column}" HAVING found > 0
        ORDER BY {", ".join(f'count(*) FILTER ("level" = {int(level)}) DESC' for level in reversed(Level))},
            found DESC, "{column}" LIMIT ?
        """,  # noqa: S608 - the column is one of three, the rest are numbers
        top,
    )
    found = tuple(
        Entity(
            *(value, count, detected, alarming),
            level=level_name(level),
            first=instant_or_none(first),
            last=instant_or_none(last),
        )
        for value, count, detected, alarming, level, first, last, _ in rows
    )
    return Concerned(found, rows[0][-1] if rows else 0)
