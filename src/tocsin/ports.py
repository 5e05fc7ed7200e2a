"""What the loop asks of the world: a source of records and sinks of verdicts. Adapters keep the promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tocsin.model import Batch, Judged

Positions = Mapping[int, int]
"""Partition -> the offset of the next record to read."""


class Listener(Protocol):
    """What a source tells the loop from within `poll`, before any record of the new state is returned."""

    def assigned(self, partitions: list[int]) -> Positions:
        """Return where to read these on from; one that is missing is read from its beginning."""

    def revoked(self, partitions: list[int]) -> None:
        """Finish what is held for these: another worker gets them when this returns."""

    def lost(self, partitions: list[int]) -> None:
        """Drop what is held for these: another worker has them already."""


class Source(Protocol):
    """Hands out records of the partitions it currently owns, from the positions the results know."""

    def open(self, listener: Listener) -> None:
        """Begin. Called once, before the first `poll`."""

    def poll(self, max_records: int, timeout: float) -> Batch | None:
        """Return the next records, or None when none came within `timeout` seconds.

        May call the listener first. Never returns a record of a partition that is not owned.
        """

    def seek(self, positions: Positions) -> None:
        """Read on from `positions`; partitions that are no longer owned are ignored."""

    def commit(self, positions: Positions) -> None:
        """Copy positions to where lag tools look. Never the truth, so it may fail with a notice only."""


class Sink(Protocol):
    """Keeps verdicts, and with them the positions up to which it has them: it owns the offsets."""

    def start(self, partitions: list[int]) -> Positions:
        """Return where to read on from, for those partitions the sink has seen before.

        Called when partitions are assigned, and after `PositionMoved`; drops whatever is held for them.
        """

    def write(self, judged: Judged) -> None:
        """Take verdicts. They may stay in memory until `flush`."""

    def flush(self) -> Positions:
        """Make everything written durable together with its positions, and return those.

        Raises:
            PositionMoved: another worker has moved some partitions on. What was held for those is not
                written; for the others the flush is complete.
            StreamError: the store is away or full; nothing was written and it may be tried again.
        """

    def discard(self, partitions: list[int]) -> None:
        """Forget what is held for partitions that were lost to another worker."""


class PositionMoved(Exception):  # noqa: N818 - a signal between sink and loop, not an error shown to anyone
    """Another worker has committed these partitions meanwhile: read the positions again."""

    def __init__(self, partitions: list[int], flushed: Positions) -> None:
        super().__init__(f"partitions {partitions} were moved on by another worker")
        self.partitions = partitions
        self.flushed = flushed
