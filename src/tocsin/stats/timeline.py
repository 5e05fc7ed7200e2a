"""Turns counts over time into what is drawn: every bucket, in lanes by tactic."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.stats.buckets import Bucket
from tocsin.stats.palette import TACTICS, has_tactic
from tocsin.stats.questions import Count, Summary

_DWARFED = 0.75
"""When more events than this have no tactic, the others could not be seen in one stack with them."""

_MOST_UNKNOWN = 3
"""Lanes for tactics that the catalogue does not know: a CSV may have anything in that column."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Counts per bucket, empty ones included.

    Attributes:
        starts: start of each bucket, in microseconds since 1970.
        lanes: tactic -> counts, one per bucket; the tactics of `drawn_tactics`.
        stacked: the tactics whose counts are stacked: all, or all but "no detection".
        hidden: share of events that are not stacked because they would dwarf the others; None when all are.
        outside: events that are not drawn, because their clocks were years off or their tactic has no lane.
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
    lanes = {tactic.value: [0] * len(starts) for tactic in drawn_tactics(found)}
    outside = 0
    for row in found.over_time.rows:
        if row.start_us in starts and row.tactic in lanes:
            lanes[row.tactic][starts.index(row.start_us)] += row.count
        else:
            outside += row.count
    hidden = sum(tactic.share for tactic in found.tactics if not has_tactic(tactic.value))
    hides = hidden > _DWARFED and found.processing.labelled > 0
    return Timeline(
        bucket=bucket,
        starts=starts,
        lanes=lanes,
        stacked=tuple(t for t in lanes if has_tactic(t) or not hides),
        hidden=hidden if hides else None,
        outside=outside,
    )


def drawn_tactics(found: Summary) -> tuple[Count, ...]:
    """Return the tactics that have a lane, in kill-chain order: all known ones, and a few others."""
    unknown = [t for t in found.tactics if has_tactic(t.value) and t.value not in TACTICS]
    left_out = {t.value for t in sorted(unknown, key=lambda t: -t.count)[_MOST_UNKNOWN:]}
    return tuple(t for t in found.tactics if t.value not in left_out)
