"""Public doubles for the ports, for our tests and for those of programs built on Tocsin."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from tocsin.model import Batch, Judged, Verdict
from tocsin.ports import BEGINNING, Listener, PositionMoved, Positions


class MemorySource:
    """A topic in memory, read by one member of a group whose partitions come and go as a test wants.

    A poll hands out the next of the given batches, whole if it is wanted whole; a seek goes back or forth in
    them. At first every partition of the batches is assigned.

    Attributes:
        owned: partitions of this member.
        committed: positions that the loop copied to the group.
        sought: every call of `seek`.
        held_back: how often a poll wanted no records.
        away_for: what a test wants `waiting` to say.
    """

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._batches = list(batches)
        self._changes: list[Callable[[], None]] = []
        self._next: dict[int, int] = {}
        self.owned: set[int] = set()
        self.committed: dict[int, int] = {}
        self.sought: list[Positions] = []
        self.held_back = 0
        self.away_for: float | None = None
        self.listener: Listener | None = None

    def open(self, listener: Listener) -> None:
        """Assign every partition that the batches have."""
        self.listener = listener
        self.assign(sorted({p for batch in self._batches for p in batch.partitions}))

    def add(self, batch: Batch) -> None:
        """Append records to the topic."""
        self._batches.append(batch)

    def assign(self, partitions: list[int]) -> None:
        """Give partitions to this member, within its next poll."""
        self._changes.append(lambda: self._assign(partitions))

    def revoke(self, partitions: list[int]) -> None:
        """Take partitions from this member, within its next poll."""
        self._changes.append(lambda: self._take(partitions, self._listener.revoked))

    def lose(self, partitions: list[int]) -> None:
        """Let another member have partitions already, which this one hears within its next poll."""
        self._changes.append(lambda: self._take(partitions, self._listener.lost))

    def poll(self, max_records: int, timeout: float) -> Batch | None:
        """Return the next batch, or what is wanted of it."""
        while self._changes:
            self._changes.pop(0)()
        if max_records == 0:
            self.held_back += 1
        for batch in self._batches if max_records else ():
            places = zip(batch.partitions, batch.offsets, strict=True)
            rows = [row for row, (p, offset) in enumerate(places) if offset >= self._next.get(p, offset + 1)]
            if rows:
                found = batch.take(rows[:max_records])
                self._next.update({p: o + 1 for p, o in zip(found.partitions, found.offsets, strict=True)})
                return found
        time.sleep(min(timeout, 0.001))
        return None

    def seek(self, positions: Positions) -> None:
        """Hand out what is at the positions and after."""
        self.sought.append(positions)
        self._next.update({p: offset for p, offset in positions.items() if p in self.owned})

    def caught_up(self) -> bool:
        """Say whether nothing is left to hand out, of the partitions that are owned."""
        ends = {p: o for batch in self._batches for p, o in zip(batch.partitions, batch.offsets, strict=True)}
        sought = self._next.keys() >= self.owned and not self._changes
        return sought and all(self._next[p] > ends.get(p, BEGINNING - 1) for p in self.owned)

    def beginning(self, partitions: list[int]) -> Positions:
        """Return the first offsets in the batches."""
        found: dict[int, int] = {}
        for batch in self._batches:
            for partition, offset in zip(batch.partitions, batch.offsets, strict=True):
                found.setdefault(partition, offset)
        return {p: found.get(p, 0) for p in partitions}

    def confirm(self) -> None:
        """Do nothing: there is no other topic of the name."""

    def waiting(self) -> float | None:
        """Return `away_for`."""
        return self.away_for

    def commit(self, positions: Positions) -> None:
        """Remember the positions."""
        self.committed.update(positions)

    @property
    def _listener(self) -> Listener:
        assert self.listener is not None, "not open"
        return self.listener

    def _assign(self, partitions: list[int]) -> None:
        self.owned.update(partitions)
        self._listener.assigned(partitions)

    def _take(self, partitions: list[int], tell: Callable[[list[int]], None]) -> None:
        tell(partitions)
        self.owned.difference_update(partitions)
        for partition in partitions:
            self._next.pop(partition, None)


class Kept:
    """What sinks have kept, of one worker or of several that share it.

    Attributes:
        rows: (partition, offset, verdict), in the order of the flushes.
        positions: partition -> the offset after its last row.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, Verdict]] = []
        self.positions: dict[int, int] = {}
        self.lock = threading.Lock()

    def offsets(self, partition: int) -> list[int]:
        """Return the offsets of a partition's rows, in the order in which they were kept."""
        return [offset for p, offset, _ in self.rows if p == partition]


class ListSink:
    """A sink, of the first or the other sort, that keeps flushed verdicts in a list.

    Args:
        kept: where; others may write there too, and a position that they have moved is refused.
    """

    def __init__(self, kept: Kept | None = None) -> None:
        self.kept = kept or Kept()
        self._known: dict[int, int | None] = {}  # partition -> position as last read or written
        self._held: list[tuple[int, int, Verdict]] = []

    @property
    def verdicts(self) -> list[Verdict]:
        """Return what is kept."""
        return [verdict for _, _, verdict in self.kept.rows]

    @property
    def positions(self) -> dict[int, int]:
        """Return the positions that are kept."""
        return self.kept.positions

    def start(self, partitions: list[int]) -> Positions:
        """Return the positions kept so far."""
        self.discard(partitions)
        self._known.update({p: self.positions.get(p) for p in partitions})
        return {p: self.positions[p] for p in partitions if p in self.positions}

    def begin(self, positions: Positions) -> None:
        """Keep the positions."""
        with self.kept.lock:
            self.positions.update(positions)
        self._known.update(positions)

    def write(self, judged: Judged) -> None:
        """Hold the verdicts until the flush."""
        places = zip(judged.batch.partitions, judged.batch.offsets, strict=True)
        self._held += [(p, o, verdict) for (p, o), verdict in zip(places, judged.verdicts, strict=True)]

    def flush(self) -> Positions:
        """Keep what is held, except of partitions whose position is not the one known."""
        with self.kept.lock:
            held = {p for p, _, _ in self._held}
            moved = sorted(p for p in held if self.positions.get(p) != self._known.get(p))
            rows = [row for row in self._held if row[0] not in moved]
            flushed = {p: offset + 1 for p, offset, _ in rows}
            self._held.clear()
            self.kept.rows += rows
            self.positions.update(flushed)
            self._known.update(flushed)
        if moved:
            raise PositionMoved(moved, flushed)
        return flushed

    def discard(self, partitions: list[int]) -> None:
        """Drop what is held and known of these."""
        self._held = [row for row in self._held if row[0] not in partitions]
        for partition in partitions:
            self._known.pop(partition, None)
