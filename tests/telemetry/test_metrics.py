"""What is counted is what was judged and stored, and Prometheus can read it."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from tests.results.rows import judged
from tocsin.errors import StreamError
from tocsin.model import Judged
from tocsin.ports import PositionMoved, Positions
from tocsin.telemetry import metric_names as names
from tocsin.telemetry.buckets import Buckets, Example
from tocsin.telemetry.metered import MeteredSink
from tocsin.telemetry.metrics import Metrics

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
STORED_AT = 1_700_000_002.0
"""Two seconds after the timestamps of the records in `rows.judged`."""


def samples(metrics: Metrics) -> dict[tuple[str, tuple[str, ...]], float]:
    """Return what a scrape gives: (name, labels' values in the order of their names) -> value."""
    _, body = metrics.page("")
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in plain(body.decode())
        for sample in family.samples
    }


class Store:
    """A sink that can refuse."""

    def __init__(self) -> None:
        self.raising: Exception | None = None

    def start(self, partitions: list[int]) -> Positions:
        return {}

    def begin(self, positions: Positions) -> None:
        """Take them."""

    def write(self, judged: Judged) -> None:
        """Hold it."""

    def flush(self) -> Positions:
        if self.raising is not None:
            raise self.raising
        return {0: 1}

    def discard(self, partitions: list[int]) -> None:
        """Forget them."""


def test_a_batch_is_counted_by_label_level_rule_and_reason():
    """Every record is in exactly one of the sums: a verdict or a rejection."""
    metrics = Metrics()
    metrics.judged(judged(range(10), rejected=[0], fired=[1, 2]))
    found = samples(metrics)
    assert found["tocsin_records_total", ()] == 10
    assert found["tocsin_verdicts_total", ("TA0002",)] == 2
    assert found["tocsin_verdicts_total", ("TA0000",)] == 7
    assert found["tocsin_detections_total", ("high",)] == 2
    assert found["tocsin_rule_detections_total", ("high", "rule-1", "A rule")] == 2
    assert found["tocsin_rejected_total", ("not_json",)] == 1
    assert found["tocsin_batch_records_sum", ()] == 10


def test_what_is_known_beforehand_is_there_at_zero():
    """Else the first detection after a start would be no increase."""
    found = samples(Metrics())
    assert found["tocsin_detections_total", ("critical",)] == 0
    assert found["tocsin_rejected_total", ("tombstone",)] == 0
    assert found["tocsin_verdicts_total", ("TA0112",)] == 0


def test_rules_beyond_the_limit_are_counted_together(monkeypatch):
    """The number of time series is bounded, and no detection is left out of the sum."""
    monkeypatch.setattr("tocsin.telemetry.metrics.MOST_RULES", 0)
    metrics = Metrics()
    metrics.judged(judged([2, 3], fired=[2, 3]))
    found = samples(metrics)
    assert found["tocsin_rule_detections_total", ("any", "other", "other rules")] == 2
    assert found["tocsin_detections_total", ("high",)] == 2


def test_latency_is_from_the_timestamp_to_the_flush():
    """Records are counted when they are durable, not when they are written."""
    metrics = Metrics()
    sink = MeteredSink(Store(), "results", metrics, clock=lambda: STORED_AT)
    sink.write(judged(range(5)))
    assert ("tocsin_latency_seconds_count", ("results",)) not in samples(metrics)
    sink.flush()
    found = samples(metrics)
    assert found["tocsin_latency_seconds_sum", ("results",)] == pytest.approx(10.0)
    assert found["tocsin_latency_seconds_count", ("results",)] == 5
    assert found["tocsin_stored_records_total", ("results",)] == 5
    sink.flush()
    assert samples(metrics)["tocsin_stored_records_total", ("results",)] == 5


def test_what_is_refused_or_discarded_is_not_stored():
    """Another worker counts it."""
    metrics, store = Metrics(), Store()
    sink = MeteredSink(store, "results", metrics, clock=lambda: STORED_AT)
    for partition in range(3):
        sink.write(judged(range(5), partition))
    sink.discard([2])
    store.raising = PositionMoved([1], {0: 5})
    with pytest.raises(PositionMoved):
        sink.flush()
    found = samples(metrics)
    assert found["tocsin_stored_records_total", ("results",)] == 5
    assert found["tocsin_sink_refused_partitions_total", ("results",)] == 1


def test_a_store_that_is_away_is_counted_and_what_is_held_waits():
    """Each refused call, and the latency goes on."""
    metrics, store = Metrics(), Store()
    now = [STORED_AT]
    sink = MeteredSink(store, "results", metrics, clock=lambda: now[0])
    sink.write(judged([0]))
    store.raising = StreamError("the disk is full")
    for _ in range(2):
        with pytest.raises(StreamError):
            sink.flush()
    store.raising, now[0] = None, STORED_AT + 3
    sink.flush()
    found = samples(metrics)
    assert found["tocsin_sink_failures_total", ("results",)] == 2
    assert found["tocsin_latency_seconds_sum", ("results",)] == pytest.approx(5.0)


def test_an_example_names_the_trace_of_an_event_with_a_detection():
    """In the bucket of its latency, and only where exemplars are asked for."""
    metrics = Metrics()
    sink = MeteredSink(Store(), "results", metrics, clock=lambda: STORED_AT)
    batch = judged(range(5), fired=[3])
    sink.write(batch)
    sink.flush()
    content_type, body = metrics.page(OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text")
    shown = [
        sample
        for family in openmetrics(body.decode())
        for sample in family.samples
        if sample.exemplar is not None
    ]
    (sample,) = shown
    assert sample.labels["le"] == "2.0"
    assert sample.exemplar is not None
    assert re.fullmatch("[0-9a-f]{32}", sample.exemplar.labels["trace_id"])
    assert sample.exemplar.value == pytest.approx(2.0)


def test_without_a_detection_there_is_no_example():
    """The trace of such an event is mostly not kept."""
    metrics = Metrics()
    sink = MeteredSink(Store(), "results", metrics, clock=lambda: STORED_AT)
    sink.write(judged(range(5)))
    sink.flush()
    assert b"trace_id" not in metrics.page(OPENMETRICS)[1]


@given(st.lists(st.floats(0, 100), max_size=50), st.lists(st.floats(0.001, 50), min_size=1, unique=True))
def test_buckets_count_what_is_up_to_their_bound(values, bounds):
    """At once or one by one, as Prometheus defines `le`."""
    bounds.sort()
    at_once, singly = Buckets(bounds), Buckets(bounds)
    at_once.add_all(np.asarray(values, dtype=np.float64))
    for value in values:
        singly.add(value)
    totals = [total for _, total, _ in at_once.cumulated()]
    assert totals == [sum(v <= bound for v in values) for bound in bounds] + [len(values)]
    assert singly.cumulated() == at_once.cumulated()


def test_an_example_is_in_the_bucket_of_its_value():
    """A bound belongs to the bucket below it."""
    buckets = Buckets([1.0, 2.0])
    buckets.show(Example("aa", 1.0, 0.0))
    assert [example is not None for _, _, example in buckets.cumulated()] == [True, False, False]


def test_names_follow_the_conventions():
    """Counters end in _total, everything begins with our name, and a unit is a base unit."""
    for metric in names.METRICS:
        assert re.fullmatch(r"tocsin_[a-z_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.type == "counter")
        assert not re.search(r"milli|micro|_ms|percent|kilo|mega", metric.name)
    assert len({metric.name for metric in names.METRICS}) == len(names.METRICS)


def test_a_refused_reload_shows_until_one_succeeds():
    """The counter tells how often, the gauge whether it is so now."""
    metrics = Metrics()
    metrics.reloaded("refused")
    assert samples(metrics)["tocsin_rule_set_reload_failed", ()] == 1
    metrics.reloaded("swapped")
    found = samples(metrics)
    assert found["tocsin_rule_set_reload_failed", ()] == 0
    assert found["tocsin_rule_set_reloads_total", ("refused",)] == 1
