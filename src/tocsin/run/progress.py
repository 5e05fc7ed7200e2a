"""What a worker has done so far, counted per batch, for whoever watches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

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
    """

    seconds: float
    records: int
    rejected: dict[str, int]
    tactics: dict[str, int]
    levels: dict[str, int]
    per_second: float
    lag: dict[int, int]
    waiting: str = ""


class Progress:
    """Counts judged batches.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = self._last = clock()
        self._records = self._last_records = 0
        self._rejected: Counter[str] = Counter()
        self._tactics: Counter[str] = Counter()
        self._levels: Counter[int] = Counter()

    def count(self, judged: Judged) -> None:
        """Add a batch."""
        self._records += len(judged.batch)
        self._tactics.update([v.label.tactic for v in judged.verdicts if v.rejected is None])
        self._rejected.update([v.rejected.reason.value for v in judged.verdicts if v.rejected is not None])
        self._levels.update([int(d.level) for v in judged.verdicts for d in v.detections])

    def snapshot(self, lag: Mapping[int, int], waiting: str = "") -> Snapshot:
        """Return the counts, and the rate since the snapshot before."""
        now = self._clock()
        elapsed = max(now - self._last, 1e-9)
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
        )
