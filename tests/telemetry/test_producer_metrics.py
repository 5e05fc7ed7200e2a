"""What a producer shows to Prometheus is what became of its records."""

import re
import urllib.request

from tocsin.app.metering import producer_meter
from tocsin.app.settings import Settings
from tocsin.kafka import Cluster, Topic
from tocsin.simulate.weave import Simulator
from tocsin.sinks import Publisher
from tocsin.sinks.publisher import TOO_LARGE
from tocsin.telemetry.producer_metrics import PRODUCER_METRICS, ProducerMetrics


def shown(page: str) -> dict[str, float]:
    """Return each sample with its labels."""
    return {name: float(value) for name, value in re.findall(r"^(tocsin_\S+) (\S+)$", page, re.MULTILINE)}


def test_records_that_were_delivered_are_counted_with_their_time():
    """By the broker's acknowledgement; the client's own broker in memory acknowledges."""
    cluster = Cluster("", {"test.mock.num.brokers": "1"})
    metrics = ProducerMetrics("mock", "1", 0.0, [TOO_LARGE])
    events = Simulator(1, "lab", 0.1).take([1_750_000_000_000] * 200)
    publisher = Publisher(cluster, Topic("mock", "t", "t", 1), delivered=metrics.delivered)
    publisher.publish(events)
    counts = publisher.close()
    metrics.counted(counts.sent, counts.waiting, counts.failed)
    found = shown(metrics.page("")[1].decode())
    assert found["tocsin_producer_records_total"] == counts.sent == 200
    assert found["tocsin_producer_delivery_seconds_count"] == 200
    assert 0 < found["tocsin_producer_delivery_seconds_sum"] / 200 < 60


def test_failures_are_there_by_reason_before_the_first():
    """So that an alarm sees the first; a reason that nobody foresaw is added."""
    metrics = ProducerMetrics("raw-events", "1", 50.0, [TOO_LARGE])
    metrics.counted(10, 3, {"Broker: Topic authorization failed": 2})
    page = metrics.page("")[1].decode()
    assert f'tocsin_producer_failures_total{{reason="{TOO_LARGE}"}} 0.0' in page
    assert 'tocsin_producer_failures_total{reason="Broker: Topic authorization failed"} 2.0' in page
    found = shown(page)
    assert (found["tocsin_producer_queue_records"], found["tocsin_producer_target_rate"]) == (3, 50)
    metrics.counted(9, 0, {})
    assert shown(metrics.page("")[1].decode())["tocsin_producer_records_total"] == 10, "it never falls"


def test_every_metric_is_shown_where_somebody_may_ask():
    """And nobody is answered where no address is given."""
    said: list[str] = []
    with producer_meter("127.0.0.1:0", Settings(), 100.0, said.append) as metrics:
        assert metrics is not None
        metrics.spans = lambda: {("exported",): 7}
        (address,) = (line.removeprefix("metrics: ") for line in said)
        with urllib.request.urlopen(address, timeout=20) as answer:
            page = answer.read().decode()
    told = re.findall(r"^# TYPE (tocsin_\S+) (\w+)$", page, re.MULTILINE)
    assert told == [(metric.name, metric.type) for metric in PRODUCER_METRICS]
    assert shown(page)['tocsin_spans_total{outcome="exported"}'] == 7
    assert 'topic="raw-events"' in page
    with producer_meter("", Settings(), 100.0, said.append) as nothing:
        assert nothing is None
