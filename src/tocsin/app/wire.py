"""Connects the rooms according to the settings: the only place that knows every adapter."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from tocsin.app.health import Connection, Report, report
from tocsin.app.matching import matching_of
from tocsin.app.metering import Meter, answering, figures
from tocsin.app.publishing import publishing, sides_of
from tocsin.app.ranges import Asked, worked_out
from tocsin.app.reload import Reloader, Ways
from tocsin.app.rule_sets import compile_apart, rules_of
from tocsin.app.settings import Settings, limits_of
from tocsin.app.tracing import Tracing, producer_trace
from tocsin.detect import Detector
from tocsin.kafka import Cluster, topic_of
from tocsin.model import Judged, Level
from tocsin.results.caretaker import Caretaker
from tocsin.results.location import Location
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.results.view import CsvView
from tocsin.rules import RuleSet
from tocsin.rules.files import stamp
from tocsin.run.follow import Follower
from tocsin.run.loop import Worker
from tocsin.run.pace import Pace
from tocsin.run.progress import Progress
from tocsin.secret import revealed
from tocsin.sinks import Publisher, largest_batch
from tocsin.sources.kafka import KafkaSource, Membership
from tocsin.sources.kafka_range import KafkaRange
from tocsin.telemetry import metric_names as names
from tocsin.telemetry.logs import Log, log_detections
from tocsin.telemetry.outlet import Outlets


def cluster_of(settings: Settings) -> Cluster:
    """Return the Kafka cluster that the settings name."""
    return Cluster(settings.kafka.bootstrap_servers, revealed(settings.kafka.client))


def pace_of(settings: Settings) -> Pace:
    """Return how much a worker holds, and how long it waits for what."""
    return Pace(
        commit_rows=settings.results.commit_rows,
        commit_seconds=settings.results.commit_seconds,
        queue_rows=settings.worker.queue_rows,
        queue_bytes=settings.worker.queue_megabytes * 1_000_000,
        revoke_seconds=settings.worker.revoke_seconds,
        drain_seconds=settings.worker.drain_seconds,
        patience_seconds=settings.worker.patience_seconds,
    )


def publisher_of(
    settings: Settings,
    stopping: Callable[[], bool],
    outlets: Outlets | None,
    delivered: Callable[[Sequence[float]], None] | None = None,
) -> Publisher:
    """Return what publishes events to the topic, which is made if need be; traced where there is a way out.

    Args:
        settings: which topic.
        stopping: see `Publisher`.
        outlets: of spans.
        delivered: see `Publisher`.

    Raises:
        StreamError: no broker answers.
    """
    cluster = cluster_of(settings)
    topic = topic_of(cluster, settings.kafka.topic, settings.kafka.partitions)
    trace = None if outlets is None else producer_trace(settings, os.environ, outlets)
    return Publisher(cluster, topic, largest_batch(cluster, topic), stopping, trace, delivered)


@dataclass(frozen=True, slots=True)
class Running:
    """A worker with what surrounds it."""

    worker: Worker
    source: KafkaSource | KafkaRange
    sink: ResultsSink
    progress: Progress
    rules: RuleSet
    reloader: Reloader | None

    def connection(self) -> Connection:
        """Return what the source knows of the group and the cluster; a range is read without a group."""
        member = self.source.joined() if isinstance(self.source, KafkaSource) else True
        return Connection(member, self.source.lag(), self.source.waiting())

    def waiting(self) -> str:
        """Return in words what the worker waits for; an empty text when it works."""
        away = self.source.waiting()
        troubles = [] if away is None else [f"waiting for Kafka since {away:.0f} s"]
        troubles += [f"{w.name}: {w.trouble}" for w in self.worker.state().writers if w.trouble]
        return "; ".join(troubles)


@contextmanager
def kafka_worker(
    settings: Settings,
    log: Log,
    *,
    shape: str | None = None,
    strict: bool = False,
    asked: Asked | None = None,
) -> Iterator[Running]:
    """Open everything a worker needs, in the order in which a mistake is cheapest to mend.

    Rules, broker, results folder and CSV are checked before the group is joined, so nothing is consumed when
    one of them is wrong. On leaving, the group is left first, then the CSV is completed.

    Args:
        settings: where everything is.
        log: what is to be said; from several threads.
        shape: that all events have; None to recognise it event by event.
        strict: refuse rules of which any cannot be evaluated.
        asked: a range of the topic that is read once more, by no group; None to read on in the group.
    """
    tell = log.info
    rules = rules_of(settings.rules, tell, strict=strict)
    detector = Detector(rules, shape, limits_of(settings), matching=matching_of(tell))
    cluster = cluster_of(settings)
    topic = topic_of(cluster, settings.kafka.topic, settings.kafka.partitions)
    results = Location.of(settings.results.dir)
    if asked is None:
        origin = Origin(cluster=topic.cluster, topic=topic.name, topic_id=topic.id)
    else:
        range_, origin = worked_out(cluster, topic, asked, settings.results.dir)
    sink = _sink(settings, results, origin)
    tracing = Tracing(settings, os.environ, tell, wanted=asked is None)
    follower = _follower(settings, results, tracing, log.warning)
    source: KafkaSource | KafkaRange
    if asked is None:
        source = KafkaSource(cluster, topic, _membership(settings, log.warning))
    else:
        tell(f"{range_.size:,} offsets {asked}, as of {range_.as_of}")
        source = KafkaRange(cluster, topic, settings.kafka.group, range_.offsets, tell)
    progress = Progress(time.monotonic)
    pace = pace_of(settings)
    topics = publishing(settings, cluster, topic, tell) if asked is None else None
    sides = sides_of(topics, settings, pace)
    meter = Meter(settings)
    watch = meter.watch(_counting(settings, progress, log), log.warning)
    worker = Worker(
        meter.source(source),
        detector,
        meter.sink(tracing.sink(sink)),
        pace,
        watch,
        meter.sides(tracing.sides(sides)),
    )
    reloader = None
    if asked is None:  # a range is judged by one set
        ways = replace(
            _reloading(settings, worker, tell, strict=strict), count=meter.reloaded, warn=log.warning
        )
        reloader = Reloader(ways, rules, settings.rules.reload_seconds)
    care = Caretaker(results, lambda: sink.version, log.warning)
    running = Running(worker, source, sink, progress, rules, reloader)
    meter.spans = tracing.spans
    meter.suppressed = lambda: log.suppressed
    with closing(tracing), _answering(settings, meter, running, tell), care, reloader or nullcontext():
        if follower is not None:
            follower.start()
        try:
            yield running
        finally:
            try:
                source.close()
            finally:
                if topics is not None:
                    topics.close()
                if follower is not None:
                    follower.stop(sink.version)


def _sink(settings: Settings, results: Location, origin: Origin) -> ResultsSink:
    allowed = settings.results.dead_letter_megabytes * 1_000_000
    return ResultsSink(results, origin, settings.results.keep_events, time.time, allowed)


def _counting(settings: Settings, progress: Progress, log: Log) -> Callable[[Judged], None]:
    """Return who counts judged batches, and writes their detections to the log if that is wished for."""
    if settings.log.detections == "none":
        return progress.count
    at_least = Level[settings.log.detections.upper()]

    def both(judged: Judged) -> None:
        progress.count(judged)
        log_detections(log, judged, at_least, contents=settings.log.events)

    return both


def _follower(
    settings: Settings, results: Location, tracing: Tracing, tell: Callable[[str], None]
) -> Follower | None:
    if not settings.results.csv:
        return None
    return Follower(CsvView(results, Path(settings.results.csv), tracing.view()), tell)


def _reloading(settings: Settings, worker: Worker, tell: Callable[[str], None], *, strict: bool) -> Ways:
    def load() -> RuleSet:
        compile_apart(settings.rules)
        return rules_of(settings.rules, tell, strict=strict)

    def build(rules: RuleSet) -> Detector:
        return worker.detector.successor(rules)

    def swap(detector: Detector) -> None:
        worker.detector = detector

    return Ways(
        stamp=lambda: stamp([*settings.rules.paths, *settings.rules.pipelines]),
        load=load,
        build=build,
        swap=swap,
        tell=tell,
    )


def _membership(settings: Settings, tell: Callable[[str], None]) -> Membership:
    kafka = settings.kafka
    return Membership(kafka.group, kafka.group_instance_id, kafka.on_gap, tell)


def _answering(
    settings: Settings, meter: Meter, running: Running, tell: Callable[[str], None]
) -> AbstractContextManager[None]:
    """Let whoever looks after the worker ask, where that is wanted."""

    def look() -> Report:
        return report(running.worker.state(), running.connection(), settings.health.stuck_seconds)

    meter.detector = lambda: running.worker.detector
    if meter.metrics is not None:
        meter.metrics.look = lambda: {
            **figures(settings, look(), running.worker.detector, running.source.link.statistics),
            **meter.figures(running.worker.detector),
            names.SPANS: meter.spans(),
            names.LOGS_SUPPRESSED: {(): meter.suppressed()},
        }
    return answering(settings, meter, look, tell)
