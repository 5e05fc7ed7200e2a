"""The loop of a worker: poll, judge, write, flush, commit, in this order and no other (see `turn`, `settle`).

Why nothing is lost and nothing is there twice: a position moves only in the same commit as the rows before it
(`flush`), and every partition is read from the position in the results, never from the group's copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.detect import Detector
from tocsin.model import Judged
from tocsin.ports import PositionMoved, Positions, Sink, Source


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is taken and held at once.

    Attributes:
        poll_records: at most so many records a poll; 5,000 to 10,000 fit a core's cache.
        poll_seconds: wait at most so long for the first of them.
        commit_rows: flush after so many records...
        commit_seconds: ... or after so long, whichever comes first.
    """

    poll_records: int = 10_000
    poll_seconds: float = 0.1
    commit_rows: int = 20_000
    commit_seconds: float = 0.5


class Worker:
    """Turns records of a source into verdicts in a sink, until told to stop. It is the source's listener.

    Args:
        source: opened by `run`.
        detector: judges batches.
        sink: owns the positions.
        pace: how much at once.
        clock: monotonic seconds.
        watch: called with each judged batch, for whoever shows progress.
    """

    def __init__(
        self,
        source: Source,
        detector: Detector,
        sink: Sink,
        pace: Pace,
        clock: Callable[[], float],
        watch: Callable[[Judged], None],
    ) -> None:
        self.source = source
        self.detector = detector
        self.sink = sink
        self.pace = pace
        self.clock = clock
        self.watch = watch
        self._held = 0
        self._held_since = 0.0
        self._failed = False

    def run(self, stopped: Callable[[], bool]) -> None:
        """Work until `stopped` says so, then finish what is held."""
        self.source.open(self)
        try:
            while not stopped():
                self.turn()
            self.settle()
        except BaseException:
            self._failed = True
            raise

    def turn(self) -> None:
        """Take one batch from the source to the sink."""
        batch = self.source.poll(self.pace.poll_records, self.pace.poll_seconds)
        if batch is not None:
            judged = self.detector.judge(batch)
            self.sink.write(judged)
            self._hold(judged)
            self.watch(judged)
        if self._due():
            self.settle()

    def settle(self) -> None:
        """Make what is held durable, then tell the group; what another worker has taken over is read anew."""
        try:
            positions = self.sink.flush()
        except PositionMoved as moved:
            positions = moved.flushed
            self.source.seek(self.sink.start(moved.partitions))  # moved by others, so each has a position
        self._held = 0
        self.source.commit(positions)

    def assigned(self, partitions: list[int]) -> Positions:
        """Read where the results are, and go on from there."""
        return self.sink.start(partitions)

    def revoked(self, partitions: list[int]) -> None:
        """Finish before another worker reads the positions; after a failure, leave that to the other one."""
        if not self._failed:
            self.settle()
        self.sink.discard(partitions)

    def lost(self, partitions: list[int]) -> None:
        """Throw away what another worker is doing already."""
        self.sink.discard(partitions)

    def _hold(self, judged: Judged) -> None:
        if not self._held:
            self._held_since = self.clock()
        self._held += len(judged.batch)

    def _due(self) -> bool:
        if not self._held:
            return False
        return (
            self._held >= self.pace.commit_rows or self.clock() - self._held_since >= self.pace.commit_seconds
        )
