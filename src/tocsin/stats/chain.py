"""The kill chain per host: which tactics were seen on it, when first, and how often."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.model import Level
from tocsin.stats.buckets import instant_or_none
from tocsin.stats.events import Events
from tocsin.stats.naming import kill_chain_order, tactic_name

SERIOUS = Level.MEDIUM
"""From this level on, a detection counts as a step of an attacker; below it, hosts at work have many."""


@dataclass(frozen=True, slots=True)
class Step:
    """One tactic on one host.

    Attributes:
        count: events with it.
        first, last: when they happened; None when none of them says.
        level: the highest level of their detections; empty in a CSV, and where it is not known.
    """

    tactic: str
    name: str
    count: int
    first: datetime | None
    last: datetime | None
    level: str


@dataclass(frozen=True, slots=True)
class HostChain:
    """What was seen on one host.

    Attributes:
        host: its name.
        reach: tactics with a detection of medium level or above; in a CSV, which knows no levels, all.
        count: events with a tactic.
        level: the highest level.
        steps: in kill-chain order.
    """

    host: str
    reach: int
    count: int
    level: str
    steps: tuple[Step, ...]

    def serious(self) -> tuple[Step, ...]:
        """Return the steps that count for `reach`, in the order in which they were first seen."""
        steps = (step for step in self.steps if not step.level or Level[step.level.upper()] >= SERIOUS)
        return tuple(sorted(steps, key=lambda step: (step.first is None, step.first)))


@dataclass(frozen=True, slots=True)
class KillChain:
    """The hosts that went furthest, and how many hosts have any tactic at all."""

    rows: tuple[HostChain, ...]
    distinct: int


_CELLS = """
    WITH cells AS (
        SELECT host, tactic, count(*) AS n, min(us) AS first_us, max(us) AS last_us, max("level") AS worst
        FROM events WHERE has_tactic AND host <> '' GROUP BY ALL
    ), ranked AS (
        SELECT host, count(*) FILTER (worst >= ? OR worst IS NULL) AS reach, sum(n)::BIGINT AS total,
            max(worst) AS highest, count(*) OVER () AS hosts
        FROM cells GROUP BY host
        ORDER BY reach DESC, highest DESC NULLS LAST, count(*) DESC, total DESC, host LIMIT ?
    )
    SELECT ranked.*, tactic, n, first_us, last_us, worst FROM ranked JOIN cells USING (host)
"""


def kill_chain(events: Events, top: int) -> KillChain:
    """Rank the hosts by how many tactics an attacker seems to have reached on them.

    An event counts for the tactic of its label, so that the numbers add up to those of the tactics, less
    the events that do not name a host.
    """
    by_host: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    hosts = 0
    for host, reach, total, highest, hosts, *cell in events.ask(_CELLS, int(SERIOUS), top):  # noqa: B007 - the same in each
        by_host[host].append((reach, total, highest, cell))
    rows = [_chain(host, cells) for host, cells in by_host.items()]
    rows.sort(key=lambda c: (-c.reach, -_rank(c.level), -len(c.steps), -c.count, c.host))
    return KillChain(tuple(rows), hosts)


def _chain(host: str, rows: list[tuple[Any, ...]]) -> HostChain:
    reach, total, highest, _ = rows[0]
    steps = [
        Step(tactic, tactic_name(tactic), n, instant_or_none(first), instant_or_none(last), level_name(worst))
        for _, _, _, (tactic, n, first, last, worst) in rows
    ]
    steps.sort(key=lambda step: kill_chain_order(step.tactic))
    return HostChain(host, reach, total, level_name(highest), tuple(steps))


def level_name(level: int | None) -> str:
    """Return the name of a stored level; empty when there is none."""
    return "" if level is None else str(Level(level))


def _rank(level: str) -> int:
    return int(Level[level.upper()]) if level else -1
