"""The loop of a worker: poll, judge, write, flush, commit, in this order and no other (see `turn`).

The loop polls and judges; every sink writes and flushes on a thread of its own (`run/writer.py`).

Why nothing is lost and nothing is there twice:
1. A position moves only in the same commit as the rows before it (`Sink.flush`), and every partition is read
   from the positions that the sinks have, never from the group's copy (`assigned`, `_listen`).
2. Between the source and a sink rows keep their order. When a sink refuses a partition or is told to discard
   it, it takes nothing of it until it has said where it is; what is read before that is dropped (`_reading`).
3. Whoever writes what another worker has written already is refused by the position check of the sink. So
   giving up at a deadline loses nothing: the next owner reads those records again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tocsin.detect import Detector
from tocsin.errors import StreamError
from tocsin.model import Batch, Judged
from tocsin.model.verdict import Times
from tocsin.ports import SideSink, Sink, Source
from tocsin.run.orders import Drain, Load
from tocsin.run.pace import Pace, Portion
from tocsin.run.starting import Starting
from tocsin.run.writer import Surroundings, Writer, WriterState


@dataclass(frozen=True, slots=True)
class Side:
    """A sink beside the first one.

    Attributes:
        name: for humans.
        sink: has its own positions.
        backfill: begin at the log's start where it was never used, not where the first sink is.
        pace: of its own; None for the worker's.
    """

    name: str
    sink: SideSink
    backfill: bool = False
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Who wants to know.

    Attributes:
        judged: called with each judged batch.
        took: called with a stage of the loop and the seconds that a batch took in it.
        tell: called with sentences for the person watching, from several threads.
    """

    judged: Callable[[Judged], None] = lambda _: None
    tell: Callable[[str], None] = lambda _: None
    took: Callable[[str, float], None] = lambda _stage, _seconds: None


@dataclass(frozen=True, slots=True)
class State:
    """What a worker is about at one moment.

    Attributes:
        turned: seconds since the loop last turned.
        owned: partitions that are this worker's.
        reading: those of them that are read; the others' positions are being asked.
        writers: the sinks, the first one first.
        revision: of the rule set.
    """

    turned: float
    owned: tuple[int, ...]
    reading: tuple[int, ...]
    writers: tuple[WriterState, ...]
    revision: str


class Worker:
    """Turns records of a source into verdicts in sinks, until told to stop. It is the source's listener.

    Args:
        source: opened by `run`.
        detector: judges batches; the attribute may be set to another one between two turns.
        sink: owns the positions; the group gets a copy of them.
        pace: how much at once, and how long to wait.
        watch: who wants to know.
        sides: further sinks; each holds the others back when its queue is full.
    """

    def __init__(
        self,
        source: Source,
        detector: Detector,
        sink: Sink,
        pace: Pace,
        watch: Watch,
        sides: Sequence[Side] = (),
    ) -> None:
        self.source = source
        self.detector = detector
        self.pace = pace
        self.watch = watch
        self._bell = threading.Event()
        sinks = [("results", sink, pace), *((side.name, side.sink, side.pace or pace) for side in sides)]
        around = Surroundings(source.confirm, source.waiting, self._bell, watch.tell)
        self._writers = [Writer(name, each, own, around) for name, each, own in sinks]
        backfill = frozenset(place for place, side in enumerate(sides, 1) if side.backfill)
        self._starting = Starting(self._writers, backfill, source.beginning)
        self._portion = Portion(pace)
        self._owned: set[int] = set()
        self._reading: set[int] = set()  # of those: sought, and neither refused nor given away since
        self._wishes: list[Drain] = []
        self._turned = time.monotonic()
        self._began = 0.0  # the last batch
        self._ended = False

    def run(self, stopped: Callable[[], bool]) -> None:
        """Work until `stopped` says so, then finish what is held.

        Raises:
            StreamError: the stream or a store is lost, or the finish took longer than `pace.drain_seconds`.
        """
        for writer in self._writers:
            writer.launch()
        try:
            self.source.open(self)
            while not stopped():
                self.turn()
            self._finish()
        finally:
            self._ended = True  # whatever is left belongs to whoever comes next
            for writer in self._writers:
                writer.end(timeout=1.0)

    def turn(self) -> None:
        """Take one batch to the writers, which flush at their pace, and hear what they have to say."""
        self._keep_pace()
        room, asked = self._room(), time.time_ns()
        batch = self.source.poll(room, self.pace.poll_seconds)  # poll
        if batch is not None:
            batch = self._of_those_read(batch)
        if batch is not None:
            self._began = time.monotonic()
            load = self._judge(batch, asked)  # judge
            for writer in self._writers:
                writer.write(load)  # write, and flush when it is time
            self.watch.judged(load.judged)
        self._listen()
        self._commit()  # commit
        self._turned = time.monotonic()

    # --- what the source says, from within `poll`

    def assigned(self, partitions: list[int]) -> None:
        """Ask the sinks where they are; their answers are heard in a later turn."""
        self._owned.update(partitions)
        self._restart(partitions)

    def revoked(self, partitions: list[int]) -> None:
        """Finish before another worker reads the positions; what takes too long is left to that one."""
        if self._ended:
            return
        read = self._reading.intersection(partitions)
        self._drop([p for p in partitions if p not in read])
        if read and not self._drained(self.pace.revoke_seconds):
            self.watch.tell(
                f"partitions {sorted(read)} were given away before everything of them was stored:"
                " their next worker reads the rest again"
            )
        self._commit()
        self._drop(partitions)

    def lost(self, partitions: list[int]) -> None:
        """Throw away what another worker is doing already."""
        if not self._ended:
            self._drop(partitions)

    # --- what others ask

    def idle(self) -> bool:
        """Say whether everything that was polled is stored, and every partition's position is known."""
        return self._reading == self._owned and all(writer.idle for writer in self._writers)

    def settled(self) -> bool:
        """Say whether the worker is idle; if not, have what is held flushed now. For the loop's thread."""
        if self.idle():
            return True
        if all(wish.done for wish in self._wishes):
            self._wishes = [writer.drain() for writer in self._writers]
        return False

    def state(self) -> State:
        """Return what the worker is about. May be called from any thread."""
        return State(
            turned=time.monotonic() - self._turned,
            owned=tuple(sorted(self._owned.copy())),
            reading=tuple(sorted(self._reading.copy())),
            writers=tuple(writer.state() for writer in self._writers),
            revision=self.detector.rules.revision,
        )

    # --- the steps

    def _keep_pace(self) -> None:
        """Let records gather for a moment when the last batch was a small one."""
        early = self._began + self.pace.turn_seconds - time.monotonic()
        if early > 0:
            time.sleep(early)

    def _room(self) -> int:
        """Return how many records to take: none while a sink cannot follow."""
        self._bell.clear()
        if any(writer.full for writer in self._writers):
            self._bell.wait(self.pace.poll_seconds)  # it is nearly done, mostly
        return 0 if any(writer.full for writer in self._writers) else self._portion()

    def _of_those_read(self, batch: Batch) -> Batch | None:
        """Leave out what was read before a seek."""
        if self._reading.issuperset(batch.partitions):
            return batch
        rows = [row for row, partition in enumerate(batch.partitions) if partition in self._reading]
        return batch.take(rows) if rows else None

    def _judge(self, batch: Batch, asked: int) -> Load:
        detector = self.detector  # another one may come at any moment
        began, arrived = time.monotonic(), time.time_ns()
        decoded = detector.decode(batch)
        between, then = time.monotonic(), time.time_ns()
        judged = detector.match(batch, decoded)
        load = Load(replace(judged, times=Times(asked, arrived, time.time_ns(), then)))
        ended = time.monotonic()
        self._portion.learn(len(batch), ended - began, load.bytes)
        self.watch.took("decode", between - began)
        self.watch.took("match", ended - between)
        return load

    def _listen(self) -> None:
        """Hear the writers: what was refused is started anew, what is started is read."""
        refused: set[int] = set()
        for writer in self._writers:
            writer.check()
            refused |= writer.moved()
        refused &= self._reading  # of the others the position is being asked anyway
        if refused:
            self._restart(sorted(refused))
        positions = self._starting.answered()
        if positions:
            self.source.seek(positions)
            self._reading.update(positions)

    def _commit(self) -> None:
        """Copy the first sink's positions to the group."""
        flushed = self._writers[0].flushed()
        positions = {p: offset for p, offset in flushed.items() if p in self._owned}
        if positions:
            self.source.commit(positions)

    def _restart(self, partitions: list[int]) -> None:
        self._reading.difference_update(partitions)
        self._starting.ask(partitions)

    def _drop(self, partitions: list[int]) -> None:
        self._owned.difference_update(partitions)
        self._reading.difference_update(partitions)
        self._starting.forget(partitions)
        for writer in self._writers:
            writer.discard(partitions)

    def _finish(self) -> None:
        drained = self._drained(self.pace.drain_seconds)
        self._commit()
        if not drained:
            raise StreamError(
                f"not everything that was read could be stored within {self.pace.drain_seconds:g} s",
                "nothing is lost: the next worker reads it again",
            )

    def _drained(self, seconds: float) -> bool:
        """Have every sink flush what it was given; say whether all of it was done in time."""
        deadline = time.monotonic() + seconds
        wishes = [writer.drain() for writer in self._writers]
        while not all(wish.done for wish in wishes):
            for writer in self._writers:
                writer.check()
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._bell.wait(left)
            self._bell.clear()
        return True
