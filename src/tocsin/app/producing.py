"""Feeds a topic: takes events at a steady pace and hands them to the publisher until told to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from tocsin.simulate.pace import Pace
from tocsin.simulate.packets import BadRow, Packet, read_packets
from tocsin.simulate.timeline import spread
from tocsin.simulate.weave import Happening, Simulator
from tocsin.sinks import Counts, Outgoing, Publisher

BATCH = 1_000
"""Events made at once at most: a few milliseconds of work, so that nobody waits for Ctrl-C."""

SOON = 2.0
"""Seconds in which a healthy broker has acknowledged everything."""

EXAMPLES = 5
"""Bad rows remembered one by one; the others are only counted."""


class Feed(Protocol):
    """Where the events come from."""

    def take(self, count: int) -> Sequence[Outgoing]:
        """Return the next events, at most so many; none when there are no more."""


class SimulatedFeed:
    """Synthetic activity, happening now or at the given times.

    Args:
        times: milliseconds since 1970 UTC; None for the time at which each event is taken.
    """

    def __init__(self, simulator: Simulator, times: Iterator[int] | None = None) -> None:
        self._simulator = simulator
        self._times = times

    def take(self, count: int) -> Sequence[Happening]:
        """Return the next events; none only when the given times are used up."""
        if self._times is None:
            now = time.time_ns() // 1_000_000
            return self._simulator.take([now] * count)
        return self._simulator.take(list(islice(self._times, count)))


class PacketFeed:
    """The rows of a `raw_packets.csv`; bad ones are counted and the first few remembered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows = read_packets(path)
        self.bad = 0
        self.examples: list[BadRow] = []

    def take(self, count: int) -> Sequence[Packet]:
        """Return the next good rows."""
        return list(islice(self._good(), count))

    def _good(self) -> Iterator[Packet]:
        for row in self._rows:
            if isinstance(row, Packet):
                yield row
                continue
            self.bad += 1
            if len(self.examples) < EXAMPLES:
                self.examples.append(row)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much, how fast.

    Attributes:
        rate: events a second; 0 for as fast as possible.
        count: stop after so many events; None for no end.
        seconds: stop after so long; None for no end.
    """

    rate: float
    count: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the loop needs of the world, replaceable in tests.

    Attributes:
        stopping: says that somebody wants it to end.
        sleep: waits so many seconds, or less.
        watch: is told the counts again and again.
        tell: is told what the person should know.
        keep: is given the events that were handed to the publisher.
    """

    stopping: Callable[[], bool] = lambda: False
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic
    watch: Callable[[Counts], None] = lambda _counts: None
    tell: Callable[[str], None] = lambda _sentence: None
    keep: Sequence[Callable[[Sequence[Any]], None]] = field(default_factory=tuple)


def publish_all(feed: Feed, publisher: Publisher, plan: Plan, around: Surroundings) -> Counts:
    """Publish until the plan is fulfilled, the feed is at its end, or somebody wants it to stop; then flush.

    Raises:
        StreamError: the broker has shut the producer out for good.
    """
    pace = Pace(plan.rate, BATCH, around.clock, around.sleep)
    end = around.clock() + plan.seconds if plan.seconds is not None else float("inf")
    left = plan.count if plan.count is not None else float("inf")
    while left > 0 and around.clock() < end and not around.stopping():
        due = int(min(pace.due(), left))
        events = feed.take(due) if due else ()
        if due and not events:
            break
        taken = publisher.publish(events)
        left -= taken
        for keep in around.keep:
            keep(events[:taken])
        around.watch(publisher.counts())
    waiting = publisher.drain(SOON)
    if waiting:
        around.tell(
            f"waiting for the broker to acknowledge {waiting:,} records; press Ctrl-C again to give up"
        )
    counts = publisher.close()
    around.watch(counts)
    return counts


def times_of(start: int, span: int | None, plan: Plan) -> Iterator[int]:
    """Return the times of simulated events that do not happen now.

    Args:
        start: of the first event, milliseconds since 1970 UTC.
        span: spread the plan's count over so many milliseconds; None for the pace of the plan's rate.
        plan: how many events, and how fast.
    """
    if span is not None and plan.count is not None:
        return spread(start, span, plan.count)
    step = 1_000 / (plan.rate or 100)
    return (int(start + i * step) for i in range(plan.count if plan.count is not None else 10**12))
