"""Connects a worker with its metrics, if somebody may ask for them; without that it does not pay for any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http import HTTPStatus
from operator import itemgetter

from tocsin.app.health import HealthServer, Page, Pages, Report, health_pages
from tocsin.app.rule_timing import RuleTimer
from tocsin.app.settings import Settings
from tocsin.detect import Detector
from tocsin.model import Judged, Level
from tocsin.ports import Sink, Source
from tocsin.run.loop import Side, Watch
from tocsin.sinks.publisher import TOO_LARGE, UNACKNOWLEDGED
from tocsin.sources.kafka_link import Statistics
from tocsin.telemetry import metric_names as names
from tocsin.telemetry.exposition import Values
from tocsin.telemetry.metered import MeteredSink, MeteredSource
from tocsin.telemetry.metrics import Figures, Metrics
from tocsin.telemetry.producer_metrics import ProducerMetrics
from tocsin.version import __version__


class Meter:
    """What stands between a worker and its surroundings to count; nothing when nobody may ask.

    Args:
        settings: say where it may be asked.

    Attributes:
        detector: returns the one that judges; None while there is none.
        spans: returns how many spans came to which end.
        suppressed: returns how many repeated lines the log left out.
    """

    def __init__(self, settings: Settings) -> None:
        self.metrics = Metrics() if settings.metrics.listen else None
        self.detector: Callable[[], Detector | None] = lambda: None
        self.spans: Callable[[], Values] = dict
        self.suppressed: Callable[[], int] = int
        self._traced = Level[settings.trace.level.upper()]
        self._timer: RuleTimer | None = None

    def source(self, source: Source) -> Source:
        """Return the source, counted."""
        return source if self.metrics is None else MeteredSource(source, self.metrics)

    def sink(self, sink: Sink, name: str = "results") -> Sink:
        """Return the sink, counted."""
        return sink if self.metrics is None else MeteredSink(sink, name, self.metrics, self._traced)

    def sides(self, sides: Sequence[Side]) -> list[Side]:
        """Return further sinks, counted."""
        if self.metrics is None:
            return list(sides)
        return [replace(s, sink=MeteredSink(s.sink, s.name, self.metrics, self._traced)) for s in sides]

    def watch(self, judged: Callable[[Judged], None], tell: Callable[[str], None]) -> Watch:
        """Return who wants to know of judged batches: whoever did before, and the metrics."""
        metrics = self.metrics
        if metrics is None:
            return Watch(judged, tell)

        def both(batch: Judged) -> None:
            judged(batch)
            metrics.judged(batch)
            self._look(batch)

        return Watch(both, tell, metrics.time)

    def _look(self, batch: Judged) -> None:
        """Time some rules of the detector that judges; of others' rules nothing is of use any more."""
        detector = self.detector()
        if detector is None:
            return
        if self._timer is None or self._timer.detector is not detector:
            self._timer = RuleTimer(detector)
        self._timer.look(batch)

    def figures(self, detector: Detector) -> Figures:
        """Return what is known of rules and memories; may be called from any thread, while it judges."""
        timer = self._timer
        timed = timer.seconds if timer is not None and timer.detector is detector else {}
        dear = sorted(timed.items(), key=itemgetter(1), reverse=True)
        return _of_engine(detector, dear[:MOST_SHOWN])

    def reloaded(self, outcome: str) -> None:
        """Count a reload."""
        if self.metrics is not None:
            self.metrics.reloaded(outcome)


@contextmanager
def answering(
    settings: Settings, meter: Meter, look: Callable[[], Report], tell: Callable[[str], None]
) -> Iterator[None]:
    """Answer whoever looks after the worker, where the settings say; on one port if both are the same."""
    health = health_pages(look)
    pages: dict[str, Pages] = {settings.health.listen: health} if settings.health.listen else {}
    if meter.metrics is not None:
        pages[settings.metrics.listen] = {**health, "/metrics": _metrics_page(meter.metrics)}
    with ExitStack() as stack:
        for listen, offered in pages.items():
            key = "metrics.listen" if "/metrics" in offered else "health.listen"
            server = stack.enter_context(HealthServer(listen, offered, key))
            if listen == settings.health.listen:
                tell(f"health: http://{server.address}/healthz")
            if "/metrics" in offered:
                tell(f"metrics: http://{server.address}/metrics")
        yield


@contextmanager
def producer_meter(
    listen: str, settings: Settings, rate: float, tell: Callable[[str], None]
) -> Iterator[ProducerMetrics | None]:
    """Let somebody ask for a producer's metrics; None when nobody may.

    Args:
        listen: host:port; empty for nobody.
        settings: which topic it publishes to.
        rate: events a second that it is to publish.
        tell: called with where they are.
    """
    if not listen:
        yield None
        return
    metrics = ProducerMetrics(settings.kafka.topic, __version__, rate, (TOO_LARGE, UNACKNOWLEDGED))
    with HealthServer(listen, {"/metrics": _metrics_page(metrics)}, "--metrics-listen") as server:
        tell(f"metrics: http://{server.address}/metrics")
        yield metrics


def _metrics_page(metrics: Metrics | ProducerMetrics) -> Callable[[str], Page]:
    def page(accept: str) -> Page:
        content_type, body = metrics.page(accept)
        return Page(HTTPStatus.OK, content_type, body)

    return page


MOST_SHOWN = 50
"""Rules whose tests, and whose seconds, are shown: those with most."""


def figures(settings: Settings, found: Report, detector: Detector, kafka: Statistics) -> Figures:
    """Return what is looked at, not counted, as metrics.

    Args:
        settings: of the worker.
        found: its state.
        detector: the one that judges.
        kafka: what the client tells of its connections.
    """
    worker = (__version__, settings.kafka.topic, settings.kafka.group)
    ages: Values = {(s.name,): s.commit_age_seconds for s in found.sinks if s.commit_age_seconds is not None}
    return {
        names.QUEUE_RATIO: {(s.name,): s.queue_fill for s in found.sinks},
        names.QUEUE_RECORDS: {(s.name,): s.queued_rows for s in found.sinks},
        names.QUEUE_BYTES: {(s.name,): s.queued_bytes for s in found.sinks},
        names.SINK_BUSY: {(s.name,): s.busy_seconds for s in found.sinks},
        names.COMMIT_AGE: ages,
        names.LAG: {(str(partition),): lag for partition, lag in found.lag.items()},
        names.ASSIGNED: {(): len(found.assigned)},
        names.READING: {(): len(found.reading)},
        names.READY: {(): found.ready},
        names.HEALTHY: {(): found.healthy},
        names.KAFKA_WAITING: {(): found.waiting_for_kafka_seconds or 0.0},
        names.RULE_SET: {(found.rule_set,): 1},
        names.RULES: {(): len(detector.rules.rules)},
        names.WORKER: {worker: 1},
        **_of_kafka(kafka),
    }


def _of_engine(detector: Detector, dear: Sequence[tuple[int, float]]) -> Figures:
    found, rules = detector.figures(), detector.rules.rules
    tested = found.tests.most_common(MOST_SHOWN)

    def labels(place: int) -> tuple[str, str]:
        return rules[place].id, rules[place].title

    return {
        names.CACHE_LOOKUPS: {(): found.lookups},
        names.CACHE_MISSES: {(): found.misses},
        names.RULE_TESTS: {labels(place): times for place, times in tested if times},
        names.RULE_SECONDS: {labels(place): spent for place, spent in dear},
        names.RULE_CANDIDATES: {labels(place): found.candidates[place] for place, _ in dear},
    }


def _of_kafka(kafka: Statistics) -> Figures:
    brokers = kafka.brokers.values()
    return {
        names.KAFKA_RECEIVED: {(): kafka.rx_bytes},
        names.KAFKA_SENT: {(): kafka.tx_bytes},
        names.KAFKA_ERRORS: {
            ("receive",): sum(broker.rxerrs for broker in brokers),
            ("send",): sum(broker.txerrs for broker in brokers),
            ("timeout",): sum(broker.req_timeouts for broker in brokers),
        },
        names.KAFKA_RTT: {(str(b.nodeid),): b.rtt.p99 / 1e6 for b in brokers if b.nodeid >= 0},
        names.KAFKA_FETCHED: {(): kafka.ahead},
    }
