"""The thread on which a sink lives: it writes what was judged and flushes it, while the loop polls on.

A partition is *open* from the sink's answer to where it is, until it is discarded or refused. Rows of others
are dropped: they were read before somebody else came in between, and will be read again from the right place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from tocsin.errors import StreamError
from tocsin.ports import PositionMoved, Positions, SideSink, Sink
from tocsin.run.orders import Ask, Begin, Drain, Load, Orders
from tocsin.run.pace import Pace

T = TypeVar("T")

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 5.0
"""Seconds between two tries of a store that is away; doubled each time."""

_IDLE = 3600.0
"""Seconds after which a sink that got nothing is flushed nevertheless: it may keep positions alive."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a sink said to `ask` or `begin`: the positions it knows; None when it was overtaken meanwhile."""

    ticket: int
    positions: Positions | None


@dataclass(frozen=True, slots=True)
class WriterState:
    """What a writer is about, for whoever watches.

    Attributes:
        rows, bytes: that wait in the queue.
        fill: of the queue's bounds; 1 is full.
        busy: seconds that the sink has been at one thing; each try of a store that is away is one.
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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a writer needs besides its sink.

    Attributes:
        confirm: `Source.confirm`, called before each flush of rows.
        waiting: `Source.waiting`; as long as the stream is away, no store is given up: it may be the same.
        bell: set whenever there is something new to know.
        tell: called with sentences for the person watching, on the writer's thread.
    """

    confirm: Callable[[], None]
    waiting: Callable[[], float | None]
    bell: threading.Event
    tell: Callable[[str], None]


class Writer:
    """A sink with its thread. All public methods are for the loop's thread, `state` for any.

    Args:
        name: of the sink, for humans.
        sink: whose methods are called on this writer's thread only.
        pace: when it is flushed, and the bounds of the queue.
        around: what else it needs.
    """

    def __init__(self, name: str, sink: Sink, pace: Pace, around: Surroundings) -> None:
        self.name = name
        self._sink = sink
        self._pace = pace
        self._around = around
        self._orders = Orders(pace)
        self._thread = threading.Thread(target=self._work, name=f"writes-{name}", daemon=True)
        self._lock = threading.Lock()  # for the three that both threads change, and read by swapping
        self._answers: list[Answer] = []
        self._moved: set[int] = set()
        self._flushed: dict[int, int] = {}
        self._failure: BaseException | None = None
        # The writer thread's own; others only look at them:
        self._open: dict[int, int] = {}  # partition -> lowest offset that the sink does not have
        self._held_rows = self._held_bytes = 0
        self._held_since = time.monotonic()  # the first row that is held; with none, the last flush
        self._flushed_at: float | None = None
        self._trouble = ""

    # --- what the loop says

    def launch(self) -> None:
        """Start the thread."""
        self._thread.start()

    def ask(self, ticket: int, partitions: list[int]) -> None:
        """Have the sink start these; `answers` has the positions later."""
        self._orders.give(Ask(ticket, set(partitions)))

    def begin(self, ticket: int, positions: Positions) -> None:
        """Give the sink positions for partitions that it knows nothing of; `answers` confirms them later."""
        self._orders.give(Begin(ticket, dict(positions)))

    def write(self, load: Load) -> None:
        """Hand over a batch. Never waits: whoever writes looks at `full` first."""
        self._orders.give(load)

    def drain(self) -> Drain:
        """Have everything that was handed over flushed."""
        wish = Drain()
        self._orders.give(wish)
        return wish

    def discard(self, partitions: list[int]) -> None:
        """Drop what waits and what is held for these, as soon as the sink has finished the call it is at."""
        self._orders.discard(partitions)
        with self._lock:
            self._moved.difference_update(partitions)

    def end(self, timeout: float) -> None:
        """End the thread, dropping what waits; a sink that is in a call may go on with it for longer."""
        self._orders.end()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    # --- what the loop asks

    @property
    def full(self) -> bool:
        """Say whether no more should be handed over."""
        return self._orders.full

    @property
    def idle(self) -> bool:
        """Say whether everything that was handed over is flushed, and nothing was refused."""
        return self._orders.at_rest and not self._held_rows and not self._moved

    def check(self) -> None:
        """Raise what has ended the thread, if anything has."""
        if self._failure is not None:
            raise self._failure

    def answers(self) -> list[Answer]:
        """Return what the sink has said since the last call."""
        with self._lock:
            found, self._answers = self._answers, []
            return found

    def moved(self) -> set[int]:
        """Return the partitions that were refused since the last call, and not asked about since."""
        with self._lock:
            found, self._moved = self._moved, set()
            return found

    def flushed(self) -> Positions:
        """Return the positions that became durable since the last call."""
        with self._lock:
            found, self._flushed = self._flushed, {}
            return found

    def state(self) -> WriterState:
        """Return what it is about."""
        orders, flushed = self._orders, self._flushed_at
        return WriterState(
            name=self.name,
            rows=orders.rows,
            bytes=orders.bytes,
            fill=orders.fill,
            busy=orders.busy(),
            flushed=None if flushed is None else time.monotonic() - flushed,
            trouble=self._trouble,
        )

    # --- the thread

    def _work(self) -> None:
        """Do one order after the other, and flush when it is time, until told to end."""
        try:
            while True:
                order = self._orders.take(self._leisure())
                if self._orders.ending:
                    break
                self._drop_discarded()
                if isinstance(order, Load):
                    self._write(order)
                elif isinstance(order, Ask | Begin):
                    self._answer(order)
                if self._is_due() or (isinstance(order, Drain) and self._held_rows):
                    self._flush()
                self._orders.finish()
                self._around.bell.set()
        except BaseException as error:  # noqa: BLE001 - the loop raises it
            self._failure = error
            self._around.bell.set()

    def _write(self, load: Load) -> None:
        """Give the sink what it does not have yet of the partitions that are open."""
        wanted = load.above(self._open)
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
            flushed = self._patiently(self._confirmed)
        except PositionMoved as moved:
            flushed = moved.flushed
            self._close(moved.partitions)
            with self._lock:
                self._moved.update(moved.partitions)
        self._held_rows = self._held_bytes = 0
        self._flushed_at = self._held_since = time.monotonic()
        with self._lock:
            self._flushed.update(flushed)

    def _confirmed(self) -> Positions:
        if self._held_rows:
            self._around.confirm()
        return self._sink.flush()

    def _answer(self, order: Ask | Begin) -> None:
        positions: Positions | None
        try:
            positions = self._patiently(lambda: self._said(order))
        except PositionMoved:
            positions = None
        with self._lock:
            self._answers.append(Answer(order.ticket, positions))

    def _said(self, order: Ask | Begin) -> Positions:
        """Ask the sink, and open the partitions for what comes after this in the queue."""
        if isinstance(order, Begin):
            positions = self._orders.begun(order)
            if positions:
                cast(SideSink, self._sink).begin(positions)
            self._open.update(positions)
            return positions
        partitions = self._orders.asked(order)
        self._close(partitions)
        with self._lock:
            self._moved.difference_update(partitions)
        found = self._sink.start(partitions) if partitions else {}
        self._open.update({p: found.get(p, 0) for p in partitions})
        return found

    def _drop_discarded(self) -> None:
        partitions = self._orders.discarded()
        if partitions:
            self._close(partitions)
            self._sink.discard(partitions)

    def _close(self, partitions: list[int]) -> None:
        for partition in partitions:
            self._open.pop(partition, None)

    def _patiently(self, act: Callable[[], T]) -> T:
        """Do it, and again for as long as the store is away, within the patience we have."""
        begun = since = time.monotonic()
        wait = _FIRST_WAIT
        while True:
            try:
                done = act()
            except StreamError as error:
                if self._around.waiting() is not None:
                    since = time.monotonic()
                if self._orders.ending or time.monotonic() - since > self._pace.patience_seconds:
                    raise
                if not self._trouble:
                    self._around.tell(f"{self.name}: {error}; trying again")
                self._trouble = error.problem
            else:
                if self._trouble:
                    self._trouble = ""
                    self._around.tell(f"{self.name}: works again after {time.monotonic() - begun:.1f} s")
                return done
            self._orders.pause(wait)
            wait = min(2 * wait, _LONGEST_WAIT)
            self._drop_discarded()

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
