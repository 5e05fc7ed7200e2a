"""What a worker has done so far, counted per batch, for whoever watches."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from tocsin.model import Judged, Level


class Snapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The state of a worker at one moment; the line that `--progress ndjson` prints.

    Attributes:
        seconds: since the worker began.
        records: judged so far; each is an event or was rejected.
        rejected: reason -> how many.
        tactics: label's tactic -> how many events.
        levels: level -> how many detections.
        per_second: records a second, over the time since the last snapshot.
        lag: partition -> records not yet read; only partitions that this worker owns.
        waiting: what the worker waits for at the moment, in words; empty when it works.
        cpu_seconds: processor time that the process has used, all of its threads.
        memory_bytes: the most that the process has held in memory at once; 0 where that is not told.
    """

    seconds: float
    records: int
    rejected: dict[str, int]
    tactics: dict[str, int]
    levels: dict[str, int]
    per_second: float
    lag: dict[int, int]
    waiting: str = ""
    cpu_seconds: float = 0.0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """What the process has cost so far; see `Snapshot`."""

    cpu_seconds: float
    memory_bytes: int


_KIB = 1024 if sys.platform == "linux" else 1
"""What `ru_maxrss` counts in: kibibytes on Linux, bytes on macOS."""


def own_cost() -> Cost:
    """Return what this process has cost."""
    return Cost(round(time.process_time(), 3), _most_memory())


def _most_memory() -> int:
    if sys.platform == "win32":
        return 0
    import resource  # noqa: PLC0415 - Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


class Progress:
    """Counts judged batches.

    Args:
        clock: monotonic seconds.
        cost: asked at each snapshot.
    """

    def __init__(self, clock: Callable[[], float], cost: Callable[[], Cost] = own_cost) -> None:
        self._clock = clock
        self._cost = cost
        self._began = self._last = clock()
        self._records = self._last_records = 0
        self._rejected: Counter[str] = Counter()
        self._tactics: Counter[str] = Counter()
        self._levels: Counter[int] = Counter()

    def count(self, judged: Judged) -> None:
        """Add a batch."""
        self._records += len(judged.batch)
        different = judged.different
        for verdict, times in zip(different.verdicts, different.counts, strict=True):
            if verdict.rejected is not None:
                self._rejected[verdict.rejected.reason.value] += times
                continue
            self._tactics[verdict.label.tactic] += times
            for detection in verdict.detections:
                self._levels[int(detection.level)] += times

    def snapshot(self, lag: Mapping[int, int], waiting: str = "") -> Snapshot:
        """Return the counts, and the rate since the snapshot before."""
        now = self._clock()
        elapsed, cost = max(now - self._last, 1e-9), self._cost()
        rate = (self._records - self._last_records) / elapsed
        self._last, self._last_records = now, self._records
        return Snapshot(
            seconds=round(now - self._began, 3),
            records=self._records,
            rejected=dict(self._rejected),
            tactics=dict(self._tactics),
            levels={str(Level(level)): count for level, count in dict(self._levels).items()},
            per_second=round(rate, 1),
            lag=dict(lag),
            waiting=waiting,
            cpu_seconds=cost.cpu_seconds,
            memory_bytes=cost.memory_bytes,
        )
