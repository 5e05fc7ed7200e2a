"""Public doubles for the ports, for our tests and for those of programs built on Tocsin."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from tocsin.model import Batch, Judged, Verdict
from tocsin.ports import Listener, Positions


class MemorySource:
    """A source that hands out the given batches, one a poll, and remembers what was committed."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._batches = deque(batches)
        self.committed: dict[int, int] = {}
        self.sought: list[Positions] = []
        self.listener: Listener | None = None

    def open(self, listener: Listener) -> None:
        """Assign every partition that the batches have."""
        self.listener = listener
        listener.assigned(sorted({p for batch in self._batches for p in batch.partitions}))

    def poll(self, max_records: int, timeout: float) -> Batch | None:  # noqa: ARG002 - the port's signature
        """Return the next batch, whole."""
        return self._batches.popleft() if self._batches else None

    def seek(self, positions: Positions) -> None:
        """Remember that the loop asked for it."""
        self.sought.append(positions)

    def commit(self, positions: Positions) -> None:
        """Remember the positions."""
        self.committed.update(positions)


class ListSink:
    """A sink that keeps flushed verdicts in a list."""

    def __init__(self) -> None:
        self.verdicts: list[Verdict] = []
        self.positions: dict[int, int] = {}
        self._held: list[Judged] = []

    def start(self, partitions: list[int]) -> Positions:
        """Return the positions flushed so far."""
        self.discard(partitions)
        return {p: self.positions[p] for p in partitions if p in self.positions}

    def write(self, judged: Judged) -> None:
        """Hold the verdicts until the flush."""
        self._held.append(judged)

    def flush(self) -> Positions:
        """Move what is held to `verdicts`."""
        moved: dict[int, int] = defaultdict(int)
        for judged in self._held:
            self.verdicts += judged.verdicts
            for partition, offset in zip(judged.batch.partitions, judged.batch.offsets, strict=True):
                moved[partition] = max(moved[partition], offset + 1)
        self._held.clear()
        self.positions.update(moved)
        return moved

    def discard(self, partitions: list[int]) -> None:
        """Drop what is held; a double has one owner, so all of it."""
        if partitions:
            self._held.clear()
