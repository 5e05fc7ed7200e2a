"""The door to `prometheus_client`: figures go in, and what Prometheus scrapes comes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar

from tocsin.telemetry.buckets import Buckets, Example
from tocsin.telemetry.metric_names import Metric

__all__ = ["Exposition", "Family", "Labels", "Values", "family"]

Labels = tuple[str, ...]
"""The values of a metric's labels, in order."""

Values = Mapping[Labels, float]


class Exposition:
    """What one process shows, with the figures that any process has.

    Args:
        families: called at each scrape, on a thread of its own.
    """

    def __init__(self, families: Callable[[], Iterable[Family]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Shown(families))
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def page(self, accept: str) -> tuple[str, bytes]:
        """Return the content type and the text that Prometheus scrapes.

        Args:
            accept: the request's header; OpenMetrics, which has exemplars, only when it is asked for.
        """
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry)


def family(metric: Metric, found: Values | Mapping[Labels, Buckets]) -> Family:
    """Return a metric with its time series.

    Args:
        metric: what it is called.
        found: labels -> its value, or its buckets if it is a histogram.
    """
    made: CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
    if metric.type == "histogram":
        made = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    elif metric.type == "counter":
        made = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    else:
        made = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in found.items():
        if isinstance(made, HistogramMetricFamily):
            assert isinstance(value, Buckets), "a histogram has buckets"
            made.add_metric(labels, _shown(value), sum_value=value.sum)
        else:
            assert not isinstance(value, Buckets), "only a histogram has them"
            made.add_metric(labels, value)
    return made


class _Shown(Collector):
    def __init__(self, families: Callable[[], Iterable[Family]]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families()

    def describe(self) -> Iterable[Family]:
        return ()  # else registering would collect, before there is anything to look at


def _shown(buckets: Buckets) -> list[tuple[str, float] | tuple[str, float, Exemplar]]:
    return [
        (bound, total, _exemplar(example)) if example is not None else (bound, total)
        for bound, total, example in buckets.cumulated()
    ]


def _exemplar(example: Example) -> Exemplar:
    return Exemplar({"trace_id": example.trace}, example.value, example.at)
