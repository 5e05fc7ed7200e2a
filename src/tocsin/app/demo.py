"""The whole pipeline in one place: an embedded broker, a producer and workers as processes of their own."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tocsin import broker
from tocsin.app.children import Child
from tocsin.broker.loopback import free_port
from tocsin.errors import StreamError

_PATIENCE = 60.0
"""Seconds without a record judged after which the workers count as stuck."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a demonstration does.

    Attributes:
        folder: everything is left here.
        engine: of the broker.
        rate: events a second; 0 is as fast as possible.
        seconds: produce so long; None with `count`.
        count: produce so many; None with `seconds`.
        seed: of the synthetic activity; None picks one.
        workers: how many share the topic.
        partitions: of the topic.
    """

    folder: Path
    engine: Literal["auto", "apache", "tansu"] = "auto"
    rate: float = 1000.0
    seconds: float | None = 30.0
    count: int | None = None
    seed: int | None = None
    workers: int = 1
    partitions: int = 4

    @property
    def results(self) -> Path:
        """Return the results folder."""
        return self.folder / "results"

    @property
    def csv(self) -> Path:
        """Return the lab's CSV."""
        return self.folder / "classified_packets.csv"

    @property
    def plot(self) -> Path:
        """Return the picture of what was found."""
        return self.folder / "statistics.png"

    @property
    def raw_csv(self) -> Path:
        """Return the CSV of what was produced."""
        return self.folder / "raw_packets.csv"


@dataclass(frozen=True, slots=True)
class State:
    """What can be seen of the pipeline at one moment."""

    phase: str
    produced: int = 0
    produced_per_second: float = 0.0
    classified: int = 0
    classified_per_second: float = 0.0
    lag: int = 0
    rejected: int = 0
    tactics: Mapping[str, int] = field(default_factory=dict)


Show = Callable[[State], None]


class Pipeline:
    """A broker and workers that run.

    Attributes:
        plan: what the demonstration does.
        bootstrap: the broker.
        consumer: librdkafka properties that its consumers need.
        metrics: where the workers tell theirs.
    """

    def __init__(self, plan: Plan, running: broker.Running) -> None:
        self.plan = plan
        self.bootstrap = running.bootstrap
        self.consumer = running.consumer
        self._ports = [free_port() for _ in range(plan.workers)]
        self._workers: list[Child] = []

    @property
    def metrics(self) -> list[str]:
        """Return where the workers answer /metrics."""
        return [f"http://127.0.0.1:{port}/metrics" for port in self._ports]

    def start(self, stack: ExitStack) -> None:
        """Start the workers; the stack ends them."""
        for number, port in enumerate(self._ports, 1):
            worker = Child(f"worker {number}", _detect(self.plan, self.bootstrap, self.consumer, port))
            stack.callback(worker.stop)
            self._workers.append(worker)

    def play(self, stop: threading.Event, show: Show) -> State:
        """Produce as planned, and return the last state when everything is classified.

        Args:
            stop: when set, produce no more, finish what is there and return.
            show: called several times a second.

        Raises:
            StreamError: a part of the pipeline failed, or the workers did not catch up.
        """
        producer = Child("producer", _produce(self.plan, self.bootstrap))
        try:
            _watch(producer, self._workers, stop, show)
        finally:
            producer.stop()
        _catch_up(producer, self._workers, show)
        return _state("done", producer, self._workers)


@contextmanager
def started(plan: Plan, notice: Callable[[str], None]) -> Iterator[Pipeline]:
    """Start everything but the producer, and end it in order.

    Args:
        plan: what to do.
        notice: is told what the person should know.

    Raises:
        StreamError: the broker does not start.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    with broker.start(plan.engine, plan.folder / "broker", 0, notice) as running, ExitStack() as stack:
        notice(f"broker: {running.engine} {running.version} at {running.bootstrap}")
        pipeline = Pipeline(plan, running)
        pipeline.start(stack)
        yield pipeline


def _detect(plan: Plan, bootstrap: str, consumer: Mapping[str, str], port: int) -> list[str]:
    options = [part for key, value in consumer.items() for part in ("-X", f"{key}={value}")]
    files = ["--results", str(plan.results), "--csv", str(plan.csv)]
    return [
        "detect",
        "--bootstrap-servers",
        bootstrap,
        "--partitions",
        str(plan.partitions),
        *files,
        *options,
        *("--metrics-listen", f"127.0.0.1:{port}"),
        "--trace-store",
        *("--log-format", "text"),  # JSON on its stderr is its progress
    ]


def _produce(plan: Plan, bootstrap: str) -> list[str]:
    arguments = ["produce", "--bootstrap-servers", bootstrap, "--partitions", str(plan.partitions)]
    arguments += ["--rate", str(plan.rate), "--save", str(plan.raw_csv), "--log-format", "text"]
    for flag, value in (("--seconds", plan.seconds), ("--count", plan.count), ("--seed", plan.seed)):
        if value is not None:
            arguments += [flag, str(value)]
    return arguments


def _watch(producer: Child, workers: list[Child], stop: threading.Event, show: Show) -> None:
    while producer.running and not stop.wait(0.25):
        for worker in workers:
            worker.check()
        show(_state("producing and classifying", producer, workers))
    producer.check()


def _catch_up(producer: Child, workers: list[Child], show: Show) -> None:
    """Wait until every record that was produced has been judged."""
    judged, deadline = -1, 0.0
    while True:
        state = _state("the producer has ended; the workers catch up", producer, workers)
        show(state)
        if state.classified >= state.produced:
            return
        if state.classified > judged:
            judged, deadline = state.classified, time.monotonic() + _PATIENCE
        for worker in workers:
            worker.check()
        if time.monotonic() > deadline:
            raise StreamError(
                f"the workers judged {state.classified:,} of {state.produced:,} events and stopped"
            )
        time.sleep(0.25)


def _state(phase: str, producer: Child, workers: list[Child]) -> State:
    reports = [worker.latest for worker in workers]
    tactics: Counter[str] = Counter()
    for report in reports:
        tactics.update(report.get("tactics", {}))
    return State(
        phase=phase,
        produced=producer.latest.get("produced", 0),
        produced_per_second=producer.latest.get("per_second", 0.0),
        classified=sum(r.get("records", 0) for r in reports),
        classified_per_second=sum(r.get("per_second", 0.0) for r in reports),
        lag=sum(sum(r.get("lag", {}).values()) for r in reports),
        rejected=sum(sum(r.get("rejected", {}).values()) for r in reports),
        tactics=tactics,
    )
