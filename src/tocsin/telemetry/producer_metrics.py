"""What a producer counts about itself, and shows to Prometheus: its metrics and their figures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from tocsin.telemetry.buckets import Buckets
from tocsin.telemetry.exposition import Exposition, Family, Labels, Values, family
from tocsin.telemetry.metric_names import SPANS, Metric

RECORDS = Metric("tocsin_producer_records_total", "counter", (), "Records that the broker acknowledged.")
FAILURES = Metric(
    "tocsin_producer_failures_total", "counter", ("reason",), "Records that were given up, by reason."
)
QUEUE = Metric("tocsin_producer_queue_records", "gauge", (), "Records on their way to the broker.")
TARGET = Metric(
    "tocsin_producer_target_rate", "gauge", (), "Events a second that it is to publish; 0: all it can."
)
DELIVERY = Metric(
    "tocsin_producer_delivery_seconds",
    "histogram",
    (),
    "From handing a record to the client until the broker acknowledged it.",
)
PRODUCER = Metric("tocsin_producer_info", "gauge", ("version", "topic"), "1; what this producer is.")

PRODUCER_METRICS = (RECORDS, FAILURES, QUEUE, TARGET, DELIVERY, SPANS, PRODUCER)
"""All of them, in the order in which they are shown."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
"""Up to librdkafka's `message.timeout.ms`, after which a record is given up at the latest."""


class ProducerMetrics:
    """The figures of one producer. Methods may be called from any thread.

    Args:
        topic: where to it publishes.
        version: of Tocsin.
        rate: events a second that it is to publish; 0 for as many as it can.
        reasons: of failures that can be named beforehand: they are there from the beginning, at 0.

    Attributes:
        spans: asked at each scrape how many spans came to which end.
        page: see `Exposition.page`.
    """

    def __init__(self, topic: str, version: str, rate: float, reasons: Sequence[str]) -> None:
        self.spans: Callable[[], Values] = dict
        self._lock = threading.Lock()
        self._sent = self._waiting = 0
        self._failed: dict[Labels, int] = {(reason,): 0 for reason in reasons}
        self._delivery = Buckets(_SECONDS)
        self._rate = rate
        self._what: Labels = (version, topic)
        self.page = Exposition(self.families).page

    def counted(self, sent: int, waiting: int, failed: Mapping[str, int]) -> None:
        """Take note of how it stands.

        Args:
            sent: acknowledged, in all.
            waiting: on their way.
            failed: given up in all, by reason.
        """
        with self._lock:
            self._sent = max(sent, self._sent)
            self._waiting = waiting
            self._failed.update({(reason,): count for reason, count in failed.items()})

    def delivered(self, seconds: Sequence[float]) -> None:
        """Count how long records took until they were acknowledged."""
        with self._lock:
            self._delivery.add_all(np.asarray(seconds, np.float64))

    def families(self) -> Iterator[Family]:
        """Yield every metric in the order of the list."""
        with self._lock:
            values: dict[Metric, Values] = {
                RECORDS: {(): self._sent},
                FAILURES: dict(self._failed),
                QUEUE: {(): self._waiting},
                TARGET: {(): self._rate},
                SPANS: {("exported",): 0, ("dropped",): 0, **self.spans()},
                PRODUCER: {self._what: 1},
            }
            delivery: dict[Labels, Buckets] = {(): self._delivery}
            found = [
                family(metric, delivery) if metric is DELIVERY else family(metric, values[metric])
                for metric in PRODUCER_METRICS
            ]
        yield from found
