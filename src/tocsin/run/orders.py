"""What the loop orders of a writer: a queue between their two threads, bounded in rows and in bytes.

Orders are taken in the order in which they were given, but for `discard`, which is heard at once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from tocsin.model import Judged
from tocsin.ports import Positions
from tocsin.run.pace import Pace


class Load:
    """A judged batch on its way to the sinks.

    Attributes:
        judged: the batch.
        firsts: partition -> its first offset in the batch.
        ends: partition -> the offset after its last one.
        bytes: of the values.
    """

    __slots__ = ("bytes", "ends", "firsts", "judged")

    def __init__(self, judged: Judged) -> None:
        partitions, offsets = judged.batch.partitions, judged.batch.offsets
        lasts = dict(zip(partitions, offsets, strict=True))  # offsets rise: the last one wins
        self.judged = judged
        self.firsts = dict(zip(reversed(partitions), reversed(offsets), strict=True))
        self.ends = {p: offset + 1 for p, offset in lasts.items()}
        self.bytes = sum(map(len, filter(None, judged.batch.values)))

    def above(self, lowest: Positions) -> Judged | None:
        """Return what lies at these offsets or above, of the partitions that have one; None for nothing."""
        if all(p in lowest and first >= lowest[p] for p, first in self.firsts.items()):
            return self.judged  # nearly always
        places = zip(self.judged.batch.partitions, self.judged.batch.offsets, strict=True)
        rows = [row for row, (p, offset) in enumerate(places) if p in lowest and offset >= lowest[p]]
        return self.judged.take(rows) if rows else None


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the sink: where to read these on from?"""

    ticket: int
    partitions: set[int]


@dataclass(frozen=True, slots=True)
class Begin:
    """Positions for partitions that the sink has never seen."""

    ticket: int
    positions: dict[int, int]


class Drain:
    """The wish that everything before it be flushed; `done` when it is."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = False


Order = Load | Ask | Begin | Drain


class Orders:
    """The queue. Given by the loop's thread, taken and finished by the writer's.

    Args:
        pace: the bounds.
    """

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._changed = threading.Condition()
        self._queue: deque[Order] = deque()
        self._current: Order | None = None  # taken, and not finished
        self._busy_since: float | None = None
        self._discarded: set[int] = set()
        self._full = False
        self.rows = self.bytes = 0  # that wait, or are being written
        self.ending = False

    # --- the loop's side

    def give(self, order: Order) -> None:
        """Append an order. Never waits: whoever gives a load looks at `full` first."""
        with self._changed:
            if isinstance(order, Load):
                self.rows += len(order.judged.batch)
                self.bytes += order.bytes
                self._full = self._full or self.fill >= 1.0
            self._queue.append(order)
            self._changed.notify()

    def discard(self, partitions: list[int]) -> None:
        """Have the writer drop what it has of these before it does anything else."""
        with self._changed:
            self._discarded.update(partitions)
            for order in (*self._queue, self._current):
                if isinstance(order, Ask):  # or the sink would claim what another worker has by now
                    order.partitions.difference_update(partitions)
                elif isinstance(order, Begin):
                    for partition in partitions:
                        order.positions.pop(partition, None)
            self._changed.notify()

    def end(self) -> None:
        """Have the writer end, and drop what waits."""
        with self._changed:
            self.ending = True
            self._queue.clear()
            self._changed.notify()

    @property
    def full(self) -> bool:
        """Say whether no more loads should be given; once full, that lasts until half is written."""
        with self._changed:
            self._full = self._full and self.fill >= 0.5
            return self._full

    @property
    def fill(self) -> float:
        """Return how full it is; 1 is full."""
        return max(self.rows / self._pace.queue_rows, self.bytes / self._pace.queue_bytes)

    @property
    def at_rest(self) -> bool:
        """Say whether everything has been taken and finished."""
        with self._changed:
            return not self._queue and self._busy_since is None

    def busy(self) -> float:
        """Return for how many seconds the writer has been at its current order, or at this try of it."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    # --- the writer's side

    def take(self, seconds: float) -> Order | None:
        """Wait for the next order; None after so long, or when there is something to discard, or to end."""
        with self._changed:
            self._busy_since = None
            self._changed.wait_for(lambda: self._queue or self._discarded or self.ending, seconds)
            self._busy_since = time.monotonic()
            self._current = self._queue.popleft() if self._queue else None
            return self._current

    def finish(self) -> None:
        """Have done what was taken last."""
        with self._changed:
            if isinstance(self._current, Load):
                self.rows -= len(self._current.judged.batch)
                self.bytes -= self._current.bytes
            elif isinstance(self._current, Drain):
                self._current.done = True
            self._current = None

    def discarded(self) -> list[int]:
        """Return the partitions that were discarded since the last call."""
        if not self._discarded:
            return []
        with self._changed:
            found, self._discarded = sorted(self._discarded), set()
            return found

    def asked(self, order: Ask) -> list[int]:
        """Return the partitions of a question that were not discarded meanwhile."""
        with self._changed:
            return sorted(order.partitions)

    def begun(self, order: Begin) -> dict[int, int]:
        """Return the positions of partitions that were not discarded meanwhile."""
        with self._changed:
            return dict(order.positions)

    def pause(self, seconds: float) -> None:
        """Wait so long, unless it is time to end, before the order is tried again: that is no being stuck."""
        with self._changed:
            self._changed.wait_for(lambda: self.ending, seconds)
            self._busy_since = time.monotonic()
