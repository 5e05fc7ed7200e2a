"""Sinks, the CSV and the producer, traced: they stand before the real ones and change nothing they do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import cast

import numpy as np
import pyarrow as pa

from tocsin.model import Judged
from tocsin.model.identity import producer_span_id, trace_id
from tocsin.ports import PositionMoved, Positions, SideSink, Sink
from tocsin.telemetry import names
from tocsin.telemetry.sampling import Sampling
from tocsin.telemetry.spans import Attributes, Each, Kind, Shared, Spans
from tocsin.telemetry.tracer import Outlet, Pending, Tracer


class TracedSink:
    """A sink whose kept events are told when they are durable; see `Sink` and `SideSink` for the promises."""

    def __init__(self, sink: Sink, pending: Pending) -> None:
        self._sink = sink
        self._pending = pending

    def start(self, partitions: list[int]) -> Positions:
        """See `Sink.start`."""
        self._pending.discard(partitions)
        return self._sink.start(partitions)

    def begin(self, positions: Positions) -> None:
        """See `SideSink.begin`."""
        cast(SideSink, self._sink).begin(positions)

    def write(self, judged: Judged) -> None:
        """See `Sink.write`."""
        began = self._pending.clock()
        self._sink.write(judged)
        self._pending.wrote(judged, began)

    def flush(self) -> Positions:
        """See `Sink.flush`; of partitions that were moved on, their new owner tells."""
        began = self._pending.clock()
        try:
            positions = self._sink.flush()
        except PositionMoved as moved:
            self._pending.discard(moved.partitions)
            self._pending.flushed(began)
            raise
        self._pending.flushed(began)
        return positions

    def discard(self, partitions: list[int]) -> None:
        """See `Sink.discard`."""
        self._pending.discard(partitions)
        self._sink.discard(partitions)


class TracedView:
    """Tells which kept events are in the CSV, whoever judged them; see `ViewTrace` for when it is called.

    Only rows that were stored after this began: the spans of older ones may never have been made, and those
    of the CSV would hang under nothing.
    """

    columns = ("event_id", "trace_id", "level", "topic", "stored_time")

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._since = pa.scalar(time.time_ns() // 1_000_000, pa.timestamp("ms", "UTC"))
        self._held: list[tuple[str, str, int, int, str]] = []
        self._began = 0

    def begin(self) -> None:
        """Forget what was added and did not become durable."""
        self._held, self._began = [], time.time_ns()

    def added(self, rows: pa.RecordBatch) -> None:
        """Remember those of the rows that are kept."""
        rows = rows.filter(pa.compute.greater_equal(rows["stored_time"], self._since))
        if not rows.num_rows:
            return
        sampling = self._tracer.sampling
        ids = rows["trace_id"].to_pylist()
        traces = np.frombuffer(bytes.fromhex("".join(ids)), np.uint8).reshape(-1, 16)
        kept = sampling.share(traces)
        if sampling.level is not None:
            levels = np.asarray(rows["level"].fill_null(-1).to_pylist(), np.int64)
            kept = kept | (levels >= int(sampling.level))
        chosen = rows.filter(pa.array(kept))
        taken = (chosen[c].to_pylist() for c in ("topic", "trace_id", "partition", "offset", "event_id"))
        self._held += zip(*taken, strict=True)

    def durable(self) -> None:
        """Tell about what was added."""
        held, self._held = self._held, []
        for topic in sorted({row[0] for row in held}):
            self._tell(topic, [row for row in held if row[0] == topic])

    def _tell(self, topic: str, rows: Sequence[tuple[str, str, int, int, str]]) -> None:
        tracer = self._tracer
        traces = np.frombuffer(bytes.fromhex("".join(row[1] for row in rows)), np.uint8).reshape(-1, 16)
        partitions, offsets = [row[2] for row in rows], [row[3] for row in rows]
        spans = Spans(
            tracer.service,
            names.WRITE_CSV,
            Kind.INTERNAL,
            traces,
            tracer.span_ids(names.WRITE_CSV, topic, partitions, offsets, traces),
            tracer.span_ids(names.CONSUME, topic, partitions, offsets, traces),
            np.full(len(rows), self._began, np.int64),
            np.full(len(rows), time.time_ns(), np.int64),
            [Each(names.EVENT_ID, [row[4] for row in rows])],
        )
        tracer.put([spans])


class TracedProducer:
    """Makes the producer's spans; see `ProducerTrace` for when it is called.

    Args:
        service: the producer's.
        sampling: which events; a producer knows nothing of detections.
        outlet: where spans go.
    """

    def __init__(self, service: str, sampling: Sampling, outlet: Outlet) -> None:
        self._service = service
        self._sampling = sampling
        self._outlet = outlet
        self._held: list[tuple[str, str, int, int]] = []
        self._topics: dict[str, Attributes] = {}

    def keeps(self, event_id: str) -> bool:
        """Say whether an event's trace is kept."""
        return self._sampling.keeps(trace_id(event_id))

    def sent(self, event_id: str, host: str, began: int) -> None:
        """Remember an event that is on its way."""
        self._held.append((event_id, host, began, time.time_ns()))

    def flush(self, topic: str) -> None:
        """Tell about what was remembered."""
        if not self._held:
            return
        held, self._held = self._held, []
        place = self._topics.get(topic)
        if place is None:
            operation = ((names.OPERATION, "send"), (names.OPERATION_TYPE, "send"))
            place = Attributes((names.SYSTEM, "kafka"), (names.DESTINATION, topic), *operation)
            self._topics[topic] = place
        traces = bytes.fromhex("".join(trace_id(event_id) for event_id, *_ in held))
        ids = bytes.fromhex("".join(producer_span_id(event_id) for event_id, *_ in held))
        spans = Spans(
            self._service,
            names.PRODUCE,
            Kind.PRODUCER,
            np.frombuffer(traces, np.uint8).reshape(-1, 16),
            np.frombuffer(ids, np.uint8).reshape(-1, 8),
            np.zeros((len(held), 8), np.uint8),
            np.array([row[2] for row in held], np.int64),
            np.array([row[3] for row in held], np.int64),
            [
                Each(names.EVENT_ID, [row[0] for row in held]),
                Each(names.HOST, [row[1] for row in held]),
                Shared([place] * len(held)),
            ],
        )
        self._outlet([spans])
