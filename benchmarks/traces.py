"""What traces cost: judging and storing the lab's events with traces off, by default, and of all, in one run.

    python benchmarks/traces.py [EVENTS [SHARE]]

Events have the headers of Tocsin's producer; SHARE of them are attacks, and every detection that is traced by
default is kept. Spans are encoded and given to a collector that takes everything at once, so what is measured
is the worker's part. Times are those of the process, threads included, best of several rounds taking turns;
only the ratios compare between machines.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import msgspec

from tocsin.detect import Detector
from tocsin.model import Batch, Level, Stream
from tocsin.model.identity import traceparent
from tocsin.model.verdict import Times
from tocsin.ports import Sink
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.rules import load_rules
from tocsin.simulate.weave import Simulator
from tocsin.telemetry.export import Exporter
from tocsin.telemetry.outlet import Outlets
from tocsin.telemetry.sampling import Sampling
from tocsin.telemetry.traced import TracedSink
from tocsin.telemetry.tracer import Consumer, Pending, Tracer

BATCH = 10_000
EVENTS = 60_000
ROUNDS = 5
SHARE = 0.01
_TOPIC = Stream("topic", "raw-events", "topic-id")
MODES = {"off": None, "default": Sampling(0.01, Level.MEDIUM), "all": Sampling(1.0, Level.MEDIUM)}


class Nowhere:
    """A collector that takes everything at once."""

    def __init__(self) -> None:
        self.taken = 0

    def send(self, request: bytes) -> bytes:
        """Take it."""
        self.taken += len(request)
        return b""

    def close(self) -> None:
        """Nothing is open."""


def main(arguments: Sequence[str]) -> None:
    """Print a table."""
    batches = list(
        _batches(int(arguments[0]) if arguments else EVENTS, float(arguments[1]) if arguments[1:] else SHARE)
    )
    total = sum(map(len, batches))
    detector = Detector(load_rules(["builtin:lab", "builtin:windows"]))
    for batch in batches:
        detector.judge(batch)
    gc.freeze()
    best: dict[str, float] = {}
    spans: dict[str, int] = {}
    for _ in range(ROUNDS):
        for mode, sampling in MODES.items():
            seconds, spans[mode] = _timed(detector, batches, sampling)
            best[mode] = min(best.get(mode, seconds), seconds)
    print(f"{'traces':8} {'us/event':>9} {'of off':>7} {'spans/event':>12}")  # noqa: T201 - its output
    for mode, seconds in best.items():
        each, ratio = seconds / total * 1e6, seconds / best["off"]
        print(f"{mode:8} {each:9.2f} {ratio:7.3f} {spans[mode] / total:12.2f}")  # noqa: T201


def _timed(detector: Detector, batches: Sequence[Batch], sampling: Sampling | None) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder:
        sink: Sink = ResultsSink(
            Path(folder), Origin("cluster", "raw-events", "topic-id"), "detected", time.time
        )
        exporter = Exporter(Nowhere(), "nowhere", lambda _: None)
        tracer = None
        if sampling is not None:
            tracer = Tracer(sampling, Consumer("packet-classifier", "group"), Outlets({}, exporter, None).put)
            sink = TracedSink(sink, Pending(tracer, tracer.judged_and_stored))
        sink.start([0])
        began = time.process_time()
        for number, batch in enumerate(batches):
            now = time.time_ns()
            sink.write(replace(detector.judge(batch), times=Times(now, now, now)))
            if number % 2:
                sink.flush()
        sink.flush()
        exporter.close()
        seconds = time.process_time() - began
        if tracer is not None and exporter.exported != tracer.kept:
            raise SystemExit(f"{tracer.kept - exporter.exported} spans were dropped: the measurement is void")
        return seconds, exporter.exported


def _batches(count: int, share: float) -> list[Batch]:
    events = Simulator(1, "lab", share).take([1_700_000_000_000 + i for i in range(count)])
    found = []
    for start in range(0, count, BATCH):
        some = events[start : start + BATCH]
        ids = [msgspec.json.decode(event.value)["event_id"] for event in some]
        found.append(
            Batch(
                stream=_TOPIC,
                partitions=[0] * len(some),
                offsets=range(start, start + len(some)),
                timestamps=[1_700_000_000_000] * len(some),
                keys=[event.host.encode() for event in some],
                values=[event.value for event in some],
                headers=[
                    [("event-id", i.encode()), ("traceparent", traceparent(i, sampled=False).encode())]
                    for i in ids
                ],
            )
        )
    return found


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main(sys.argv[1:])
