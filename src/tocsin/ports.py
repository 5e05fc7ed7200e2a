"""What the loop asks of the world: a source of records and sinks of verdicts. Adapters keep the promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from tocsin.model import Batch, Judged

Positions = Mapping[int, int]
"""Partition -> the offset of the next record to read."""

BEGINNING = -2
"""In `Source.seek` instead of an offset: the first record that the log still has."""


class Listener(Protocol):
    """What a source tells the loop from within `poll`, before any record of the new state is returned."""

    def assigned(self, partitions: list[int]) -> None:
        """Take note that these are ours now; their records are handed out after a `seek`."""

    def revoked(self, partitions: list[int]) -> None:
        """Finish what is held for these: another worker gets them when this returns."""

    def lost(self, partitions: list[int]) -> None:
        """Drop what is held for these: another worker has them already."""


class Source(Protocol):
    """Hands out records of the partitions it currently owns, from the positions it is sent to."""

    def open(self, listener: Listener) -> None:
        """Begin. Called once, before the first `poll`."""

    def poll(self, max_records: int, timeout: float) -> Batch | None:
        """Return the next records, or None when none came within `timeout` seconds.

        May call the listener first. Never returns a record of a partition that is not owned, or that was not
        yet sought since it was assigned. With `max_records` 0 records are held back, for however many
        calls, while everything else goes on: listener calls, and whatever keeps others from taking over.
        """

    def seek(self, positions: Positions) -> None:
        """Read on from `positions`, `BEGINNING` among them; partitions no longer owned are ignored."""

    def beginning(self, partitions: list[int]) -> Positions:
        """Return the offset of the first record that the log still has, of each.

        Raises:
            StreamError: nobody answers; it may be asked again.
        """

    def confirm(self) -> None:
        """Return when what was handed out so far surely came from the stream that it says it came from.

        Called on the sinks' threads, before a flush.

        Raises:
            SettingsError: it may not have: the stream was made anew under the same name.
        """

    def waiting(self) -> float | None:
        """Return for how many seconds nobody has answered; None when somebody does. For any thread."""

    def commit(self, positions: Positions) -> None:
        """Copy positions to where lag tools look. Never the truth, so it may fail with a notice only."""


class Sink(Protocol):
    """Keeps verdicts, and with them the positions up to which it has them: it owns the offsets.

    All of its methods are called on one and the same thread, one after the other.
    """

    def start(self, partitions: list[int]) -> Positions:
        """Return where to read on from, for those partitions the sink has seen before.

        Called when partitions are assigned, and after `PositionMoved`; drops whatever is held for them.

        Raises:
            StreamError: the store is away; it may be asked again.
        """

    def write(self, judged: Judged) -> None:
        """Take verdicts of partitions that were started; they may stay in memory until `flush`.

        Never a record below the position that `start` or `begin` gave, and none twice.
        """

    def flush(self) -> Positions:
        """Make everything written durable together with its positions, and return those.

        Raises:
            PositionMoved: another worker has moved some partitions on. What was held for those is not
                written; for the others the flush is complete.
            StreamError: the store is away or full; what was not written is still held, and it may be tried
                again.
        """

    def discard(self, partitions: list[int]) -> None:
        """Forget what is held for partitions that go, or went, to another worker."""


class SideSink(Sink, Protocol):
    """A sink beside the first one. It may come later than that, and is then told where to begin."""

    def begin(self, positions: Positions) -> None:
        """Take these as the positions of partitions that `start` knew nothing of.

        They are durable when it returns: should this worker die before the first `flush`, `start` gives
        them to the next one, or records that only the other sinks have would be missing here.

        Raises:
            StreamError: the store is away; it may be tried again.
        """


class ProducerTrace(Protocol):
    """Hears which events are sent, so that their traces begin there; never waits."""

    def keeps(self, event_id: str) -> bool:
        """Say whether an event's trace is kept: its context then says so, and `sent` is called."""

    def sent(self, event_id: str, host: str, began: int) -> None:
        """Take note that a kept event was handed to the client, begun at these nanoseconds since 1970."""

    def flush(self, topic: str) -> None:
        """Tell about what was sent to this topic. Called after each stretch of events."""


class ViewTrace(Protocol):
    """Hears which rows a view has; never waits."""

    @property
    def columns(self) -> Sequence[str]:
        """Return the columns of the results that `added` needs besides the partition and the offset."""

    def begin(self) -> None:
        """Expect rows; those of before that did not become durable will come again."""

    def added(self, rows: Any) -> None:  # noqa: ANN401 - an Arrow record batch, which ports do not import
        """Take note of rows that are being written."""

    def durable(self) -> None:
        """Tell about them: they are."""


class PositionMoved(Exception):  # noqa: N818 - a signal between sink and loop, not an error shown to anyone
    """Another worker has committed these partitions meanwhile: read the positions again."""

    def __init__(self, partitions: list[int], flushed: Positions) -> None:
        super().__init__(f"partitions {partitions} were moved on by another worker")
        self.partitions = partitions
        self.flushed = flushed
