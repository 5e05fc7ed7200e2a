"""A source and sinks that are counted: they stand between the loop and the real ones, and change nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from tocsin.errors import StreamError
from tocsin.model import Batch, Judged, Level
from tocsin.model.contexts import trace_ids
from tocsin.ports import Listener, PositionMoved, Positions, SideSink, Sink, Source
from tocsin.telemetry import metric_names as names
from tocsin.telemetry.buckets import Example
from tocsin.telemetry.metrics import Metrics

T = TypeVar("T")


class MeteredSource:
    """The source port over another source, whose polls, commits and rebalances are counted."""

    def __init__(self, source: Source, metrics: Metrics) -> None:
        self._source = source
        self._metrics = metrics

    def open(self, listener: Listener) -> None:
        """See `Source.open`."""
        self._source.open(_MeteredListener(listener, self._metrics))

    def poll(self, max_records: int, timeout: float) -> Batch | None:
        """See `Source.poll`; polls that give no records are not counted."""
        began = time.perf_counter()
        batch = self._source.poll(max_records, timeout)
        if batch is not None:
            self._metrics.time("poll", time.perf_counter() - began)
        return batch

    def seek(self, positions: Positions) -> None:
        """See `Source.seek`."""
        self._source.seek(positions)

    def beginning(self, partitions: list[int]) -> Positions:
        """See `Source.beginning`."""
        return self._source.beginning(partitions)

    def confirm(self) -> None:
        """See `Source.confirm`."""
        self._source.confirm()

    def waiting(self) -> float | None:
        """See `Source.waiting`."""
        return self._source.waiting()

    def commit(self, positions: Positions) -> None:
        """See `Source.commit`."""
        began = time.perf_counter()
        self._source.commit(positions)
        self._metrics.time("commit", time.perf_counter() - began)


class _MeteredListener:
    def __init__(self, listener: Listener, metrics: Metrics) -> None:
        self._listener = listener
        self._metrics = metrics

    def assigned(self, partitions: list[int]) -> None:
        self._metrics.count(names.REBALANCES, "assigned")
        self._listener.assigned(partitions)

    def revoked(self, partitions: list[int]) -> None:
        self._metrics.count(names.REBALANCES, "revoked")
        self._listener.revoked(partitions)

    def lost(self, partitions: list[int]) -> None:
        self._metrics.count(names.REBALANCES, "lost")
        self._listener.lost(partitions)


@dataclass(frozen=True, slots=True)
class _Held:
    """What is remembered of a batch until it is durable: numbers, not its records.

    Attributes:
        timestamps: milliseconds since 1970; -1 for none.
        example: the timestamp and the trace of an event whose trace is kept; None when there is none.
    """

    partitions: np.ndarray[Any, np.dtype[np.int64]]
    timestamps: np.ndarray[Any, np.dtype[np.int64]]
    example: tuple[int, str] | None

    def without(self, partitions: Sequence[int]) -> _Held:
        rows = ~np.isin(self.partitions, partitions)
        return _Held(self.partitions[rows], self.timestamps[rows], None)


class MeteredSink:
    """The sink port over another sink: how long its calls take, and how old records are when it has them.

    Args:
        sink: the real one; a `SideSink` when it is used as one.
        name: of the sink.
        metrics: where to count.
        traced: examples are events with a detection of this level or above, because their traces are kept.
        clock: seconds since 1970, as Kafka's timestamps are.
    """

    def __init__(
        self,
        sink: Sink,
        name: str,
        metrics: Metrics,
        traced: Level = Level.MEDIUM,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sink = sink
        self._name = name
        self._metrics = metrics
        self._traced = traced
        self._clock = clock
        self._held: list[_Held] = []
        metrics.count(
            names.SINK_FAILURES, name, by=0
        )  # there from the beginning, so that the first one shows
        metrics.count(names.SINK_REFUSED, name, by=0)

    def start(self, partitions: list[int]) -> Positions:
        """See `Sink.start`."""
        self._forget(partitions)
        return self._counted(lambda: self._sink.start(partitions))

    def begin(self, positions: Positions) -> None:
        """See `SideSink.begin`."""
        self._counted(lambda: cast(SideSink, self._sink).begin(positions))

    def write(self, judged: Judged) -> None:
        """See `Sink.write`."""
        began = time.perf_counter()
        self._sink.write(judged)
        self._metrics.time("write", time.perf_counter() - began, self._name)
        self._held.append(_held(judged, self._traced))

    def flush(self) -> Positions:
        """See `Sink.flush`."""
        began = time.perf_counter()
        try:
            flushed = self._counted(self._sink.flush)
        except PositionMoved as moved:
            self._metrics.count(names.SINK_REFUSED, self._name, by=len(moved.partitions))
            self._forget(moved.partitions)
            self._are_durable()
            raise
        if self._held:
            self._metrics.time("flush", time.perf_counter() - began, self._name)
            self._are_durable()
        return flushed

    def discard(self, partitions: list[int]) -> None:
        """See `Sink.discard`."""
        self._forget(partitions)
        self._sink.discard(partitions)

    def _counted(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except StreamError:
            self._metrics.count(names.SINK_FAILURES, self._name)
            raise

    def _forget(self, partitions: Sequence[int]) -> None:
        self._held = [held.without(partitions) for held in self._held]

    def _are_durable(self) -> None:
        held, self._held = self._held, []
        if not held:
            return
        now = self._clock()
        stamps = np.concatenate([each.timestamps for each in held])
        ages = np.maximum(now - stamps[stamps >= 0] / 1000.0, 0.0)  # clocks of two machines may differ
        self._metrics.stored(self._name, ages, len(stamps))
        for each in held:
            if each.example is not None:
                stamp, trace = each.example
                age = max(now - stamp / 1000.0, 0.0)
                self._metrics.show(self._name, Example(trace, age, now))


def _held(judged: Judged, traced: Level) -> _Held:
    batch = judged.batch
    return _Held(np.asarray(batch.partitions), np.asarray(batch.timestamps), _example(judged, traced))


def _example(judged: Judged, traced: Level) -> tuple[int, str] | None:
    different, stamps = judged.different, judged.batch.timestamps
    wanted = [any(d.level >= traced for d in verdict.detections) for verdict in different.verdicts]
    if not any(wanted):
        return None
    rows = np.flatnonzero(np.array(wanted)[different.places]).tolist()
    row = next((row for row in rows if stamps[row] >= 0), None)
    if row is None:
        return None
    (trace,) = trace_ids([judged.events.ids[row]], [judged.batch.headers[row]])
    return stamps[row], trace
