"""The thread on which a sink lives: it writes what was judged and flushes it, while the loop polls on.

What the loop says is done in the order in which it was said, but for `discard`, which works at once: rows
that still wait for a partition that was discarded or refused are dropped, until it has been started anew.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from tocsin.errors import StreamError
from tocsin.model import Judged
from tocsin.ports import PositionMoved, Positions, SideSink, Sink
from tocsin.run.pace import Pace

T = TypeVar("T")

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0
"""Seconds between two tries of a store that is away; doubled each time."""

_IDLE = 3600.0
"""Seconds after which a sink that got nothing is flushed nevertheless: it may keep positions alive."""


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
        self.judged = judged
        self.firsts = dict(zip(reversed(partitions), reversed(offsets), strict=True))  # offsets rise, so the
        self.ends = {
            p: o + 1 for p, o in dict(zip(partitions, offsets, strict=True)).items()
        }  # last one wins
        self.bytes = sum(map(len, filter(None, judged.batch.values)))


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

    def __init__(self) -> None:
        self.done = False


Task = Load | Ask | Begin | Drain


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sink said to `Ask` or `Begin`: the positions it knows; None when it was overtaken meanwhile."""

    ticket: int
    positions: Positions | None


@dataclass(frozen=True, slots=True)
class WriterState:
    """What a writer is about, for whoever watches.

    Attributes:
        rows, bytes: that wait in the queue.
        fill: of the queue's bounds; 1 is full.
        busy: seconds that the sink has been at one call.
        flushed: seconds since the last flush; None before the first.
        trouble: why the store is tried again and again; empty when it works.
    """

    name: str
    rows: int
    bytes: int
    fill: float
    busy: float
    flushed: float | None
    trouble: str


class Writer:
    """A sink with its thread and its queue. Called by the loop's thread only.

    Args:
        name: of the sink, for humans.
        sink: whose methods are called on this writer's thread only.
        pace: the bounds.
        bell: set whenever there is something new to know.
        tell: called with sentences, on the writer's thread.
    """

    def __init__(
        self, name: str, sink: Sink, pace: Pace, bell: threading.Event, tell: Callable[[str], None]
    ) -> None:
        self.name = name
        self._sink = sink
        self._pace = pace
        self._bell = bell
        self._tell = tell
        self._thread = threading.Thread(target=self._work, name=f"writes-{name}", daemon=True)
        # Shared between the two threads, under the lock:
        self._changed = threading.Condition()
        self._queue: deque[Task] = deque()
        self._asking: Ask | Begin | None = None  # taken from the queue, and not answered yet
        self._discarded: set[int] = set()
        self._queued_rows = self._queued_bytes = 0
        self._full = self._ending = False
        self._answers: list[Answer] = []
        self._moved: set[int] = set()
        self._flushed: dict[int, int] = {}
        self._failure: BaseException | None = None
        # The writer thread's own (others only look at them):
        self._open: dict[int, int] = {}  # partition -> lowest offset that the sink does not have
        self._held_rows = self._held_bytes = 0
        self._held_since = time.monotonic()  # the first row that is held; with none, the last flush
        self._busy_since: float | None = None
        self._flushed_at: float | None = None
        self._trouble = ""

    # --- what the loop says

    def launch(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ask(self, ticket: int, partitions: list[int]) -> None:
        """Have the sink start these; `answers` has the positions later."""
        self._put(Ask(ticket, set(partitions)))

    def begin(self, ticket: int, positions: Positions) -> None:
        """Give the sink positions for partitions that it knows nothing of; `answers` confirms them later."""
        self._put(Begin(ticket, dict(positions)))

    def write(self, load: Load) -> None:
        """Hand over a batch. Never waits: whoever writes looks at `full` first."""
        with self._changed:
            self._queued_rows += len(load.judged.batch)
            self._queued_bytes += load.bytes
            self._full |= self._fill() >= 1.0
        self._put(load)

    def drain(self) -> Drain:
        """Have everything that was handed over flushed."""
        wish = Drain()
        self._put(wish)
        return wish

    def discard(self, partitions: list[int]) -> None:
        """Drop what waits and what is held for these, as soon as the sink has finished the call it is at."""
        with self._changed:
            self._discarded.update(partitions)
            self._moved.difference_update(partitions)
            for task in (*self._queue, self._asking):
                if isinstance(task, Ask):  # or the sink would claim what another worker has by now
                    task.partitions.difference_update(partitions)
                elif isinstance(task, Begin):
                    for partition in partitions:
                        task.positions.pop(partition, None)
            self._changed.notify()

    def end(self, timeout: float) -> bool:
        """End the thread, dropping what waits; say whether it has ended in time."""
        with self._changed:
            self._ending = True
            self._queue.clear()
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- what the loop asks

    @property
    def full(self) -> bool:
        """Say whether no more should be handed over; once full, that lasts until half is written."""
        with self._changed:
            self._full = self._full and self._fill() >= 0.5
            return self._full

    @property
    def idle(self) -> bool:
        """Say whether everything that was handed over is flushed, and nothing was refused."""
        with self._changed:
            at_rest = not self._queue and self._busy_since is None and not self._held_rows
            return at_rest and not self._moved

    def check(self) -> None:
        """Raise what has ended the thread, if anything has."""
        if self._failure is not None:
            raise self._failure

    def answers(self) -> list[Answer]:
        """Return what the sink has said since the last call."""
        with self._changed:
            found, self._answers = self._answers, []
            return found

    def moved(self) -> set[int]:
        """Return the partitions that were refused since the last call, and not started anew since."""
        with self._changed:
            found, self._moved = self._moved, set()
            return found

    def flushed(self) -> Positions:
        """Return the positions that became durable since the last call."""
        with self._changed:
            found, self._flushed = self._flushed, {}
            return found

    def state(self) -> WriterState:
        """Return what it is about. May be called from any thread."""
        now, busy, flushed = time.monotonic(), self._busy_since, self._flushed_at
        return WriterState(
            name=self.name,
            rows=self._queued_rows,
            bytes=self._queued_bytes,
            fill=self._fill(),
            busy=0.0 if busy is None else now - busy,
            flushed=None if flushed is None else now - flushed,
            trouble=self._trouble,
        )

    # --- the thread

    def _work(self) -> None:
        """Do one task after the other, and flush when it is time, until told to end."""
        try:
            while True:
                task = self._next()
                if self._ending:
                    break
                self._drop_discarded()
                if isinstance(task, Load):
                    self._write(task)
                elif isinstance(task, Ask | Begin):
                    self._answer(task)
                if self._is_due() or (isinstance(task, Drain) and self._held_rows):
                    self._flush()
                self._finished(task)
        except BaseException as error:  # noqa: BLE001 - the loop raises it
            self._failure = error
        self._bell.set()

    def _write(self, load: Load) -> None:
        """Give the sink what it does not have yet of the partitions that it has started."""
        wanted = self._wanted(load)
        if wanted is None:
            return
        if not self._held_rows:
            self._held_since = time.monotonic()
        self._sink.write(wanted)
        self._held_rows += len(wanted.batch)
        self._held_bytes += load.bytes
        self._open.update({p: end for p, end in load.ends.items() if end > self._open.get(p, end)})

    def _flush(self) -> None:
        """Make what is held durable; what another worker has moved on is closed until it is started anew."""
        try:
            flushed = self._patiently(self._sink.flush)
        except PositionMoved as moved:
            flushed = moved.flushed
            self._close(moved.partitions)
            with self._changed:
                self._moved.update(moved.partitions)
        self._held_rows = self._held_bytes = 0
        self._flushed_at = self._held_since = time.monotonic()
        with self._changed:
            self._flushed.update(flushed)

    def _answer(self, task: Ask | Begin) -> None:
        positions: Positions | None
        try:
            positions = self._patiently(lambda: self._said(task))
        except PositionMoved:
            positions = None
        with self._changed:
            self._answers.append(Answer(task.ticket, positions))

    def _said(self, task: Ask | Begin) -> Positions:
        """Ask the sink, and open the partitions for what comes after this in the queue."""
        if isinstance(task, Ask):
            partitions = sorted(task.partitions)
            self._close(partitions)
            with self._changed:
                self._moved.difference_update(partitions)
            found = self._sink.start(partitions)
            self._open.update({p: found.get(p, 0) for p in partitions})
            return found
        positions = dict(task.positions)
        cast(SideSink, self._sink).begin(positions)
        self._open.update(positions)
        return positions

    def _wanted(self, load: Load) -> Judged | None:
        """Return what of a batch is for the sink: all of it, nearly always."""
        lowest = self._open
        if all(p in lowest and first >= lowest[p] for p, first in load.firsts.items()):
            return load.judged
        places = zip(load.judged.batch.partitions, load.judged.batch.offsets, strict=True)
        rows = [row for row, (p, offset) in enumerate(places) if p in lowest and offset >= lowest[p]]
        return load.judged.take(rows) if rows else None

    def _drop_discarded(self) -> None:
        with self._changed:
            partitions, self._discarded = sorted(self._discarded), set()
        if partitions:
            self._close(partitions)
            self._sink.discard(partitions)

    def _close(self, partitions: list[int]) -> None:
        for partition in partitions:
            self._open.pop(partition, None)

    def _patiently(self, act: Callable[[], T]) -> T:
        """Do it, and again for as long as the store is away, within the patience we have."""
        wait, since = _FIRST_WAIT, time.monotonic()
        while True:
            try:
                done = act()
            except StreamError as error:
                if self._ending or time.monotonic() - since > self._pace.patience_seconds:
                    raise
                if not self._trouble:
                    self._tell(f"{self.name}: {error}; trying again")
                self._trouble = error.problem
            else:
                if self._trouble:
                    self._trouble = ""
                    self._tell(f"{self.name}: works again after {time.monotonic() - since:.1f} s")
                return done
            with self._changed:
                self._changed.wait_for(lambda: self._ending, wait)
            wait = min(2 * wait, _LONGEST_WAIT)
            self._drop_discarded()

    # --- the queue

    def _put(self, task: Task) -> None:
        with self._changed:
            self._queue.append(task)
            self._changed.notify()

    def _next(self) -> Task | None:
        """Return the next task; None when it is time to flush, or to drop what was discarded."""
        with self._changed:
            self._busy_since = None
            self._changed.wait_for(lambda: self._queue or self._discarded or self._ending, self._leisure())
            self._busy_since = time.monotonic()
            task = self._queue.popleft() if self._queue else None
            self._asking = task if isinstance(task, Ask | Begin) else None
            return task

    def _finished(self, task: Task | None) -> None:
        with self._changed:
            if isinstance(task, Load):
                self._queued_rows -= len(task.judged.batch)
                self._queued_bytes -= task.bytes
            elif isinstance(task, Drain):
                task.done = True
        self._bell.set()

    def _leisure(self) -> float:
        """Return the seconds until the next flush."""
        due = self._held_since + (self._pace.commit_seconds if self._held_rows else _IDLE)
        return max(0.0, due - time.monotonic())

    def _is_due(self) -> bool:
        pace, held = self._pace, self._held_rows
        return (
            held >= pace.commit_rows
            or self._held_bytes >= pace.queue_bytes
            or time.monotonic() - self._held_since >= (pace.commit_seconds if held else _IDLE)
        )

    def _fill(self) -> float:
        return max(self._queued_rows / self._pace.queue_rows, self._queued_bytes / self._pace.queue_bytes)
