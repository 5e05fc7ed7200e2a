"""One step of a benchmark: its own topics, workers, load at a rate, and what was seen of it from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from tocsin.app.children import Child
from tocsin.app.producing import Feed, Surroundings, publish_all
from tocsin.app.producing import Plan as Load
from tocsin.errors import SettingsError, StreamError, TocsinError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.kafka.removal import remove
from tocsin.results.commits import Commit, commits_of
from tocsin.results.table import Origin, dataset
from tocsin.results.view import journal_of
from tocsin.sinks import Publisher, largest_batch
from tocsin.sources.kafka_watch import Sightings, Watcher

_READY = 90.0
"""Seconds until all workers read: they load rules and join one after the other."""

_CATCH_UP = 60.0
"""Seconds for the workers to catch up when the load has ended; at a rate beyond theirs they never will."""

_TURN = 0.05
"""Seconds between two looks at the CSV's journal: what is told of the CSV is as exact as that."""

Tell = Callable[[str], None]
Column = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Step:
    """What one step does; see `bench.Plan`.

    Attributes:
        name: of the topic and the group; of the detections topic with a suffix.
        rate: None for a topic that is filled before the workers start.
        consumer: librdkafka properties that consumers need with this broker.
    """

    name: str
    folder: Path
    cluster: Cluster
    workers: int
    rate: float | None
    seconds: float
    warm_up: float
    count: int
    partitions: int
    consumer: Mapping[str, str]
    detect: Sequence[str]

    @property
    def detections(self) -> str:
        """Return the name of the detections topic."""
        return f"{self.name}-detections"

    @property
    def results(self) -> Path:
        """Return the results folder."""
        return self.folder / "results"

    @property
    def csv(self) -> Path:
        """Return the CSV."""
        return self.folder / "classified_packets.csv"


@dataclass(frozen=True, slots=True)
class Sample:
    """What a worker said of itself at one moment; see `run.progress.Snapshot`."""

    time: float
    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen in a step.

    Attributes:
        step: which.
        window: seconds since 1970 between which it counts.
        sent: records that the broker acknowledged.
        partitions, offsets, created: of every event in the results; milliseconds since 1970.
        commits: of the results.
        lines: the same of the CSV, each as it was found.
        published: messages in the detections topic.
        samples: worker by worker.
    """

    step: Step
    window: tuple[float, float]
    sent: int
    partitions: Column
    offsets: Column
    created: Column
    commits: Sequence[Commit]
    lines: Sequence[Commit]
    published: Sightings
    samples: Sequence[Sequence[Sample]]


def measured(step: Step, feed: Feed, stop: threading.Event, tell: Tell) -> Seen | None:
    """Do a step and return what was seen; None when it was ended before there was anything to see.

    Raises:
        StreamError: the broker or a worker failed.
    """
    topic = topic_of(step.cluster, step.name, step.partitions)
    alerts = topic_of(step.cluster, step.detections, step.partitions)
    try:
        with Watcher(step.cluster, alerts) as watcher, _Lookout(step.csv) as lookout:
            if step.rate is None:
                tell(f"filling the topic with {step.count:,} events")
                sent = _load(step, topic, feed, stop)
                with _workers(step, lookout) as workers:
                    tell(f"{step.workers} worker(s), as fast as they can")
                    began = ended = time.time()
                    _until_caught_up(sent, workers, stop)
            else:
                with _workers(step, lookout) as workers:
                    _until_ready(step, workers, stop)
                    tell(f"{step.workers} worker(s), {step.rate:,.0f} events/s for {step.seconds:g} s")
                    began = time.time() + step.warm_up
                    sent = _load(step, topic, feed, stop)
                    ended = max(time.time(), began)  # earlier than planned when it was stopped
                    _until_caught_up(sent, workers, stop)
        window = (began, min(ended, began + step.seconds) if step.rate is not None else time.time())
        return _gathered(step, topic, window, sent, lookout, watcher.seen)
    finally:
        left = remove(step.cluster, [step.name, step.detections], [step.name, f"{step.name}.kafka"])
        if left:
            tell(f"could not remove the topics {', '.join(left)}")


def _load(step: Step, topic: Topic, feed: Feed, stop: threading.Event) -> int:
    """Send what the step wants, and return how many records the broker has acknowledged."""
    plan = (
        Load(0, count=step.count)
        if step.rate is None
        else Load(step.rate, seconds=step.warm_up + step.seconds)
    )
    with Publisher(step.cluster, topic, largest_batch(step.cluster, topic), stop.is_set) as publisher:
        return publish_all(feed, publisher, plan, Surroundings(stop.is_set, stop.wait)).sent


def _until_ready(step: Step, workers: list[Child], stop: threading.Event) -> None:
    """Wait until every partition is read by one of the workers."""
    deadline = time.monotonic() + _READY
    while not stop.wait(_TURN):
        for worker in workers:
            worker.check()
        owned = [partition for worker in workers for partition in worker.latest.get("lag", {})]
        if len(owned) == step.partitions and len(set(owned)) == len(owned):
            return
        if time.monotonic() > deadline:
            raise StreamError(f"the workers did not share the topic within {_READY:g} s", "see their log")


def _until_caught_up(sent: int, workers: list[Child], stop: threading.Event) -> None:
    """Wait until everything is judged, as long as there is any progress, and for a while at most."""
    deadline = time.monotonic() + _CATCH_UP
    while sum(w.latest.get("records", 0) for w in workers) < sent and time.monotonic() < deadline:
        for worker in workers:
            worker.check()
        if stop.wait(_TURN):
            return


@contextmanager
def _workers(step: Step, lookout: _Lookout) -> Iterator[list[Child]]:
    """Yield running workers; each is asked to end in order, and had the time to store what it holds."""
    with ExitStack() as stack:
        workers = []
        for number in range(step.workers):
            worker = Child(f"worker {number + 1}", _arguments(step), _environment(step.cluster))
            stack.callback(worker.stop)
            workers.append(worker)
        lookout.workers = workers
        yield workers


def _arguments(step: Step) -> list[str]:
    consumer = [part for key, value in step.consumer.items() for part in ("-X", f"{key}={value}")]
    return [
        "detect",
        *("--bootstrap-servers", step.cluster.bootstrap_servers),
        *("--topic", step.name, "--group", step.name, "--partitions", str(step.partitions)),
        *("--detections-topic", step.detections),
        *("--results", str(step.results), "--csv", str(step.csv)),
        *("--log-format", "text"),  # JSON on its stderr is its progress
        *consumer,
        *step.detect,
    ]


def _environment(cluster: Cluster) -> dict[str, str]:
    """Return the client's properties as variables: arguments can be read by everybody on the machine."""
    return {
        "TOCSIN_KAFKA_CLIENT_" + name.replace(".", "_").upper(): value
        for name, value in cluster.options.items()
    }


class _Lookout:
    """Looks at the workers and at the CSV's journal, again and again, on a thread of its own."""

    def __init__(self, csv: Path) -> None:
        self.workers: list[Child] = []
        self.samples: dict[str, list[Sample]] = {}
        self.lines: list[Commit] = []
        self._csv = csv
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="bench-lookout", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()

    def _work(self) -> None:
        while not self._stop.wait(_TURN):
            self._look()

    def _look(self) -> None:
        with suppress(TocsinError):  # it may be replaced at this moment
            journal = journal_of(self._csv)
            if journal is not None and (not self.lines or self.lines[-1].positions != journal.positions):
                self.lines.append(Commit(time.time_ns(), journal.positions))
        for worker in self.workers:
            said, samples = worker.latest, self.samples.setdefault(worker.name, [])
            cpu = said.get("cpu_seconds", 0.0)
            if said and (not samples or samples[-1].cpu_seconds != cpu):
                samples.append(Sample(time.time(), cpu, said.get("memory_bytes", 0)))


def _gathered(
    step: Step, topic: Topic, window: tuple[float, float], sent: int, lookout: _Lookout, published: Sightings
) -> Seen | None:
    """Read what the results say of every event; None where there are no results yet."""
    try:
        rows = dataset(step.results).to_table(columns=["partition", "offset", "record_time"])
    except SettingsError:
        return None
    rows = rows.sort_by([("partition", "ascending"), ("offset", "ascending")])
    origin = Origin(topic.cluster, topic.name, topic.id)
    return Seen(
        step=step,
        window=window,
        sent=sent,
        partitions=rows["partition"].to_numpy().astype(np.int64),
        offsets=rows["offset"].to_numpy(),
        created=rows["record_time"].cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy(),
        commits=commits_of(step.results, origin, range(step.partitions)),
        lines=lookout.lines,
        published=published,
        samples=list(lookout.samples.values()),
    )
