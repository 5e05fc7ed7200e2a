"""Counts what is stored second by second, for as long as the console shows it: rates, latencies, tactics.

Only the last quarter of an hour is held, as numbers: its size does not depend on how much is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tocsin.model import NO_LABEL, Level

COLUMNS = ("tactic", "record_time", "stored_time")
"""Of the verdicts table: what is counted of every event..."""

FIRED = ("detections", "stored_time")
"""... and of those with detections."""

KEPT = 15 * 60
"""Seconds that are held."""

_LONGEST = 86_400_000
_BINS = 1_000
_GROWTH = _LONGEST ** (1 / _BINS)
_EDGES = _GROWTH ** np.arange(1, _BINS)
"""Latencies from one millisecond to a day, each bin 1.8 % longer than the one before."""

Bins = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(slots=True)
class Second:
    """What was stored in one second.

    Attributes:
        events: how many.
        levels: their detections by level.
        tactics: of their labels, those with one.
        latencies: how many took how long, in bins.
    """

    events: int = 0
    levels: Counter[str] = field(default_factory=Counter)
    tactics: Counter[str] = field(default_factory=Counter)
    latencies: Bins = field(default_factory=lambda: np.zeros(_BINS, np.int64))


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long the events of a while took from Kafka's timestamp to their row, in milliseconds."""

    p50: float
    p95: float
    p99: float


class Rates:
    """What was stored lately; times are whole seconds since 1970."""

    def __init__(self) -> None:
        self._seconds: dict[int, Second] = {}

    def add(self, rows: pa.Table, detected: pa.Table, second: int | None = None) -> None:
        """Count events and their detections.

        Args:
            rows: all events, with `COLUMNS`.
            detected: those of them that have detections, with `FIRED`.
            second: when they came; None goes by when each was stored, which another machine's clock says.
        """
        for found, some in _by_second(rows, second):
            self._count(some, found)
        for found, some in _by_second(detected, second):
            self._at(found).levels.update(dict(_counts(_fired(some, "level"))))

    def forget(self, now: int) -> None:
        """Let go of what is too old to be shown."""
        for second in [s for s in self._seconds if s <= now - KEPT]:
            del self._seconds[second]

    def per_second(self, now: int, window: int) -> float:
        """Return the events a second over a window that ends now."""
        return sum(found.events for _, found in self._between(now - window, now)) / window

    def levels(self, now: int, window: int) -> Counter[str]:
        """Return the detections by level over a window that ends now."""
        return sum((found.levels for _, found in self._between(now - window, now)), Counter[str]())

    def latency(self, now: int, window: int) -> Percentiles | None:
        """Return how long events took; None when none was stored in the window."""
        counted = [found.latencies for _, found in self._between(now - window, now)]
        return _percentiles(np.sum(counted, axis=0)) if counted else None

    def tactics(self, now: int) -> Iterator[tuple[int, str, int]]:
        """Yield the minute in which it began, the tactic and how many events, in order of time."""
        minutes: dict[int, Counter[str]] = {}
        for second, found in self._between(now - KEPT, now):
            minutes.setdefault(second - second % 60, Counter()).update(found.tactics)
        for minute in sorted(minutes):
            for tactic, count in sorted(minutes[minute].items()):
                yield minute, tactic, count

    def at(self, second: int) -> Second | None:
        """Return what was stored in a second; None when nothing was."""
        return self._seconds.get(second)

    def _between(self, after: int, until: int) -> Iterator[tuple[int, Second]]:
        """Yield the seconds after one and until another."""
        for second in range(after + 1, until + 1):
            if (found := self._seconds.get(second)) is not None:
                yield second, found

    def _at(self, second: int) -> Second:
        return self._seconds.setdefault(second, Second())

    def _count(self, rows: pa.Table, second: int) -> None:
        found = self._at(second)
        found.events += rows.num_rows
        found.tactics.update(
            {tactic: n for tactic, n in _counts(rows["tactic"]) if tactic != NO_LABEL.tactic}
        )
        timed = rows.filter(pc.field("record_time").is_valid())
        took = _milliseconds(timed["stored_time"]) - _milliseconds(timed["record_time"])
        found.latencies += np.bincount(np.searchsorted(_EDGES, took), minlength=_BINS)


def by_level(found: Counter[str]) -> dict[str, int]:
    """Return counts of all levels, the highest first."""
    return {str(level): found[str(level)] for level in reversed(Level)}


def count_fired(detected: pa.Table) -> int:
    """Return how many detections there are."""
    return pc.sum(pc.list_value_length(detected["detections"])).as_py() or 0


def _fired(detected: pa.Table, field_: str) -> pa.ChunkedArray:
    return pc.struct_field(pc.list_flatten(detected["detections"]), field_)


def _counts(values: pa.ChunkedArray) -> Iterator[tuple[str, int]]:
    found = pc.value_counts(values.drop_null()).to_pylist()
    return ((one["values"], one["counts"]) for one in found)


def _by_second(rows: pa.Table, second: int | None) -> Iterator[tuple[int, pa.Table]]:
    """Yield rows with the second they belong to."""
    if second is not None:
        yield second, rows
        return
    stored = _milliseconds(rows["stored_time"]) // 1_000
    for found in np.unique(stored):
        yield int(found), rows.filter(pa.array(stored == found))


def _milliseconds(times: pa.ChunkedArray) -> Bins:
    found: Bins = times.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy()
    return found


def _percentiles(counts: Bins) -> Percentiles | None:
    total = int(counts.sum())
    if not total:
        return None
    reached = np.cumsum(counts)
    return Percentiles(
        *(_latency(int(np.searchsorted(reached, total * share))) for share in (0.5, 0.95, 0.99))
    )


def _latency(bin_: int) -> float:
    """Return the middle of a bin."""
    return round(float(_GROWTH ** (bin_ + 0.5)), 1)
