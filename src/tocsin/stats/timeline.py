"""Turns counts over time into what is drawn: every bucket, in lanes by tactic."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tocsin.stats.buckets import Bucket
from tocsin.stats.palette import has_tactic
from tocsin.stats.questions import Summary

_DWARFED = 0.75
"""When more events than this have no tactic, the others could not be seen in one stack with them."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Counts per bucket, empty ones included.

    Attributes:
        starts: start of each bucket, in microseconds since 1970.
        lanes: tactic -> counts, one per bucket; the tactics that occur, in kill-chain order.
        stacked: the tactics whose counts are stacked: all, or all but "no detection".
        hidden: share of events that are not stacked because they would dwarf the others; None when all are.
        outside: events that are not drawn because their clocks were years off.
    """

    bucket: Bucket
    starts: range
    lanes: dict[str, list[int]]
    stacked: tuple[str, ...]
    hidden: float | None
    outside: int


def timeline(found: Summary) -> Timeline | None:
    """Return what to draw over time; None when no event has a time."""
    if found.span is None:
        return None
    bucket = found.over_time.bucket
    starts = bucket.starts(found.span)
    lanes = {tactic.value: [0] * len(starts) for tactic in found.tactics}
    outside = 0
    for row in found.over_time.rows:
        if row.start_us in starts:
            lanes[row.tactic][starts.index(row.start_us)] += row.count
        else:
            outside += row.count
    totals = Counter({tactic: sum(counts) for tactic, counts in lanes.items()})
    plain = sum(count for tactic, count in totals.items() if not has_tactic(tactic))
    hidden = plain / totals.total()
    hides = _DWARFED < hidden < 1
    return Timeline(
        bucket=bucket,
        starts=starts,
        lanes=lanes,
        stacked=tuple(t for t in lanes if has_tactic(t) or not hides),
        hidden=hidden if hides else None,
        outside=outside,
    )
