"""Recorded events as a feed of the producer: as fast as one likes, or at the pace at which they happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from tocsin.decode import decode
from tocsin.model import Batch, Event
from tocsin.model.identity import ids_at
from tocsin.sources.files import RecordedFiles

EXAMPLES = 5
"""Unreadable records remembered one by one; the others are only counted."""

_PATIENCE = 0.2
"""Longest sleep, so that Ctrl-C is heard."""


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """A recorded event to be published, byte for byte; what is not an event is published too.

    Attributes:
        event_id: the event's own, else hashed from its position in the file, so that a rerun sends the same.
        host: empty when it does not say.
        value: the record as it was read.
        time: when it happened, seconds since 1970; None when it does not say.
    """

    event_id: str
    host: str
    value: bytes
    time: float | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record whose bytes could not be had, so that there is nothing to publish."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Tempo:
    """How fast recorded time passes.

    Attributes:
        speed: 1 is real time, 60 an hour a minute.
        clock: monotonic seconds.
        sleep: waits so many seconds, or less.
        stopping: says that somebody wants it to end.
    """

    speed: float
    clock: Callable[[], float]
    sleep: Callable[[float], object]
    stopping: Callable[[], bool]


class RecordedFeed:
    """Hands out the records of files in order.

    Args:
        files: where they are.
        shape: the shape that all records have; None to recognise it.
        tempo: None for as fast as they are taken.

    Attributes:
        unreadable: file -> how many of its records could not be read.
        examples: the first of them.
    """

    def __init__(self, files: RecordedFiles, shape: str | None = None, tempo: Tempo | None = None) -> None:
        self._records = self._read(files, shape)
        self._tempo = tempo
        self._next: Recorded | None = None
        self._began: tuple[float, float] | None = None  # the clock and the recorded time of the first event
        self.unreadable: Counter[str] = Counter()
        self.examples: list[Unreadable] = []

    def take(self, count: int) -> Sequence[Recorded]:
        """Return the next records that are due, at least one; none when there are no more."""
        found: list[Recorded] = []
        while len(found) < count:
            record = self._next or next(self._records, None)
            self._next = None
            if record is None:
                break
            if not self._due(record, wait=not found):
                self._next = record
                break
            found.append(record)
        return found

    def _due(self, record: Recorded, *, wait: bool) -> bool:
        """Say whether a record's time has come; with `wait`, wait for it unless somebody wants to stop."""
        if self._tempo is None or record.time is None:
            return True
        tempo = self._tempo
        if self._began is None:
            self._began = (tempo.clock(), record.time)
        began, first = self._began
        due = began + (record.time - first) / tempo.speed
        while (left := due - tempo.clock()) > 0:
            if not wait or tempo.stopping():
                return False
            tempo.sleep(min(left, _PATIENCE))
        return True

    def _read(self, files: RecordedFiles, shape: str | None) -> Iterator[Recorded]:
        for batch in files.batches():
            yield from self._readable(batch, shape)

    def _readable(self, batch: Batch, shape: str | None) -> Iterator[Recorded]:
        hashed: list[str] = []
        for row, found in enumerate(decode(batch, shape)):
            value = batch.values[row]
            if isinstance(found, Event) and value is not None:
                yield Recorded(found.event_id, found.host, value, _seconds(found.timestamp))
            elif not isinstance(found, Event) and (value is None or row in batch.faults):
                self._leave_out(Unreadable(batch.stream.name, batch.offsets[row], found.detail))
            elif value is not None:
                hashed = hashed or ids_at([batch.stream.id, "0"], batch.offsets)
                yield Recorded(hashed[row], "", value, None)

    def _leave_out(self, record: Unreadable) -> None:
        self.unreadable[record.file] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(record)


def _seconds(timestamp: str) -> float | None:
    try:
        found = datetime.fromisoformat(timestamp)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
