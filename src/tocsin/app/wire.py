"""Connects the rooms according to the settings: the only place that knows every adapter."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tocsin.app.rule_sets import rules_of
from tocsin.app.settings import Settings, limits_of
from tocsin.detect import Detector
from tocsin.kafka import Cluster, topic_of
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.results.view import CsvView
from tocsin.rules import RuleSet
from tocsin.run.follow import Follower
from tocsin.run.loop import Watch, Worker
from tocsin.run.pace import Pace
from tocsin.run.progress import Progress
from tocsin.secret import revealed
from tocsin.sources.kafka import KafkaSource, Membership


def cluster_of(settings: Settings) -> Cluster:
    """Return the Kafka cluster that the settings name."""
    return Cluster(settings.kafka.bootstrap_servers, revealed(settings.kafka.client))


@dataclass(frozen=True, slots=True)
class Running:
    """A worker with what surrounds it."""

    worker: Worker
    source: KafkaSource
    sink: ResultsSink
    progress: Progress
    rules: RuleSet


@contextmanager
def kafka_worker(
    settings: Settings, tell: Callable[[str], None], *, shape: str | None = None, strict: bool = False
) -> Iterator[Running]:
    """Open everything a worker needs, in the order in which a mistake is cheapest to mend.

    Rules, broker, results folder and CSV are checked before the group is joined, so nothing is consumed when
    one of them is wrong. On leaving, the group is left first, then the CSV is completed.

    Args:
        settings: where everything is.
        tell: called with sentences for the person watching.
        shape: that all events have; None to recognise it event by event.
        strict: refuse rules of which any cannot be evaluated.
    """
    rules = rules_of(settings.rules, tell, strict=strict)
    detector = Detector(rules, shape, limits_of(settings))
    cluster = cluster_of(settings)
    topic = topic_of(cluster, settings.kafka.topic, settings.kafka.partitions)
    results = Path(settings.results.dir)
    origin = Origin(cluster=topic.cluster, topic=topic.name, topic_id=topic.id)
    sink = ResultsSink(results, origin, settings.results.keep_events, time.time)
    follower = None
    if settings.results.csv:
        follower = Follower(CsvView(results, Path(settings.results.csv)), tell)
    source = KafkaSource(cluster, topic, Membership(settings.kafka.group, tell=tell))
    progress = Progress(time.monotonic)
    pace = Pace(commit_rows=settings.results.commit_rows, commit_seconds=settings.results.commit_seconds)
    worker = Worker(source, detector, sink, pace, Watch(progress.count, tell))
    if follower is not None:
        follower.start()
    try:
        yield Running(worker, source, sink, progress, rules)
    finally:
        try:
            source.close()
        finally:
            if follower is not None:
                follower.stop(sink.version)
