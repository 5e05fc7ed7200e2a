"""The traces of a real pipeline, as a real Jaeger shows them."""

import json
import os
import re
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from tests.telemetry.collectors import collector
from tocsin.errors import ExitCode
from tocsin.results.table import dataset

WORKER, PRODUCER = "packet-classifier", "tocsin-producer"
TREE = {
    "produce_event": None,
    "consume_event": "produce_event",
    "classify_event": "consume_event",
    "write_delta": "consume_event",
    "write_csv": "consume_event",
    "publish": "consume_event",
}

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(3_600)]  # Jaeger may have to be built


class Pipeline:
    """A topic, its results, and the environment that names the collector."""

    def __init__(self, bootstrap: str, folder: Path, environment: dict[str, str]) -> None:
        self.bootstrap, self.topic = bootstrap, f"events-{uuid.uuid4().hex[:8]}"
        self.results = folder / "results"
        self._folder, self._environment = folder, {**os.environ, **environment}
        self._where = ["--bootstrap-servers", bootstrap, "--topic", self.topic]

    def tocsin(self, command: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "tocsin", command, *self._where, "--progress", "none", *arguments],
            capture_output=True,
            text=True,
            env=self._environment,
            cwd=self._folder,
            timeout=150,
            check=False,
        )
        assert done.returncode == ExitCode.OK, done.stderr
        return done.stderr

    def produce(self, *arguments: str) -> str:
        return self.tocsin("produce", "--rate", "0", *arguments)

    def detect(self, *arguments: str) -> str:
        csv = str(self._folder / "classified_packets.csv")
        own = ["--group", f"{self.topic}-group", "--results", str(self.results), "--csv", csv]
        return self.tocsin("detect", "--once", "--rules", "builtin:lab", *own, *arguments)

    def told(self, event_id: str, *arguments: str):
        own = ["trace", event_id, "--results", str(self.results), "--format", "ndjson", *arguments]
        done = subprocess.run([sys.executable, "-m", "tocsin", *own], capture_output=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def rows(self):
        names = ["event_id", "trace_id", "host", "user", "event_type", "tactic", "technique", "level"]
        return dataset(self.results).to_table(columns=[*names, "partition", "offset"]).to_pylist()


def check_tree(spans, expected) -> None:
    """One root, every parent there, and under each other as they should be."""
    by_id = {span.id: span for span in spans}
    assert sorted(span.name for span in spans) == sorted(expected)
    warnings = {warning for span in spans for warning in span.warnings}
    assert {warning for warning in warnings if "clock skew" not in warning} == set()
    for span in spans:
        parents = [by_id[parent].name for parent in span.parents]  # a KeyError is a missing parent
        wanted_parent = TREE[span.name]
        assert parents == ([wanted_parent] if wanted_parent in expected else [])


def settled(jaeger, service, operation, topic, count):
    """All traces of a topic, once there are enough of them."""
    deadline = time.monotonic() + 60
    while True:
        found = jaeger.traces(service, operation)
        ours = {
            trace: spans
            for trace, spans in found.items()
            if any(span.tags.get("messaging.destination.name") == topic for span in spans)
        }
        if len(ours) >= count or time.monotonic() > deadline:
            return ours
        time.sleep(0.5)


def whole_trace(jaeger, trace_id, count):
    """A trace's spans, once there are so many of them, and no more."""
    deadline = time.monotonic() + 60
    while len(found := jaeger.trace(trace_id)) < count and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(found) == count, [span.name for span in found.values()]
    return list(found.values())


def test_every_event_is_one_whole_trace(kafka, jaeger, tmp_path):
    """From the producer to the table, the CSV and the topic of messages, with all attributes."""
    pipeline = Pipeline(kafka, tmp_path, jaeger.environment)
    pipeline.produce("--count", "500", "--seed", "1", "--trace", "all")
    pipeline.detect("--trace", "all", "--trace-store", "--classified-topic", f"{pipeline.topic}-classified")
    traces = settled(jaeger, PRODUCER, "produce_event", pipeline.topic, 500)
    rows = {row["trace_id"]: row for row in pipeline.rows()}
    assert len(rows) == 500
    assert traces.keys() == rows.keys()
    for trace, spans in traces.items():
        check_tree(spans, TREE)
        by_name = {span.name: span for span in spans}
        row, consumed, classified = rows[trace], by_name["consume_event"], by_name["classify_event"]
        assert by_name["produce_event"].service == PRODUCER
        assert {span.service for span in spans} == {PRODUCER, WORKER}
        assert all(span.tags["event.id"] == row["event_id"] for span in spans)
        kinds = [by_name[name].tags["span.kind"] for name in ("produce_event", "consume_event")]
        assert kinds == ["producer", "consumer"]
        assert "tocsin.reconstructed" not in by_name["produce_event"].tags
        said = {name: consumed.tags[name] for name in ("event.type", "host.name", "user.name")}
        assert said == {"event.type": row["event_type"], "host.name": row["host"], "user.name": row["user"]}
        place = ("messaging.system", "messaging.destination.name", "messaging.destination.partition.id")
        assert [consumed.tags[name] for name in place] == ["kafka", pipeline.topic, str(row["partition"])]
        assert consumed.tags["messaging.kafka.offset"] == row["offset"]
        assert consumed.tags["messaging.consumer.group.name"] == f"{pipeline.topic}-group"
        for span in (consumed, classified):
            label = (span.tags["mitre.tactic"], span.tags["mitre.technique"])
            assert label == (row["tactic"], row["technique"])
            assert bool(json.loads(span.tags["tocsin.rule.ids"])) == (row["level"] is not None)
    event_id = next(row["event_id"] for row in rows.values() if row["level"] is not None)
    everywhere = [pipeline.told(event_id), pipeline.told(event_id, "--jaeger", jaeger.url)]
    here, there = ({said["name"]: said for said in told if said["about"] == "span"} for told in everywhere)
    assert there.keys() == TREE.keys()
    assert here.keys() == TREE.keys() - {"produce_event"}  # which the producer made, elsewhere
    assert {name: span["span_id"] for name, span in here.items()}.items() <= {
        name: span["span_id"] for name, span in there.items()
    }.items()


def make_topic(bootstrap: str, name: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})  # named: dropping it would cancel the request
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(20)


def test_both_sides_keep_the_same_share_and_every_detection_is_whole(kafka, jaeger, tmp_path):
    """Five percent by the trace id; detections besides, with the producer's span made up for."""
    pipeline = Pipeline(kafka, tmp_path, jaeger.environment)
    count = 4_000
    pipeline.produce("--count", str(count), "--seed", "2", "--trace-ratio", "0.05", "--attack-ratio", "0.1")
    pipeline.detect("--trace-ratio", "0.05", "--trace-level", "medium", "--rules", "builtin:windows")
    rows = pipeline.rows()
    serious = {row["trace_id"] for row in rows if row["level"] is not None and row["level"] >= 2}
    traces = settled(jaeger, WORKER, "consume_event", pipeline.topic, len(serious))
    whole = [name for name in TREE if name != "publish"]
    for spans in traces.values():
        check_tree(spans, whole)
    made = {
        trace: next("tocsin.reconstructed" in s.tags for s in spans if s.name == "produce_event")
        for trace, spans in traces.items()
    }
    by_producer = {trace for trace, reconstructed in made.items() if not reconstructed}
    assert len(serious) > 100
    assert serious <= traces.keys()
    assert by_producer | serious == traces.keys()
    assert not set(made) - by_producer - serious
    assert abs(len(by_producer) / count - 0.05) < 0.01
    plain = len(rows) - len(serious)
    assert abs(len(traces.keys() - serious) / plain - 0.05) < 0.01


def test_a_foreign_producers_trace_goes_on(kafka, jaeger, tmp_path):
    """Under its span; without a context `consume_event` is the root; a span that is not kept is linked to."""
    pipeline = Pipeline(kafka, tmp_path, jaeger.environment)
    provider = TracerProvider(resource=Resource.create({"service.name": "foreign"}))
    exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{jaeger.http}/v1/traces")
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    make_topic(kafka, pipeline.topic)
    producer = Producer({"bootstrap.servers": kafka})
    ids = [str(uuid.uuid4()) for _ in range(4)]

    def event(event_id: str) -> bytes:
        said = {"timestamp": "2026-01-01T00:00:00Z", "user": "u", "host": "h", "source_ip": "10.0.0.1"}
        return json.dumps({"event_id": event_id, **said, "event_type": "user_login"}).encode()

    with tracer.start_as_current_span("order", kind=SpanKind.PRODUCER) as span:
        carrier: dict[str, str] = {}
        inject(carrier)
        context = span.get_span_context()
        for event_id in ids[:2]:
            producer.produce(pipeline.topic, event(event_id), headers=list(carrier.items()))
    unsampled = f"00-{uuid.uuid4().hex}-{'b' * 16}-00"
    producer.produce(pipeline.topic, event(ids[2]), headers=[("traceparent", unsampled)])
    producer.produce(pipeline.topic, event(ids[3]))
    assert producer.flush(20) == 0
    provider.shutdown()
    pipeline.detect("--trace", "all")
    assert {row["event_id"] for row in pipeline.rows()} == set(ids)

    foreign = whole_trace(
        jaeger, f"{context.trace_id:032x}", 1 + 2 * 4
    )  # both events have spans of their own
    consumed = [span for span in foreign if span.name == "consume_event"]
    assert {span.tags["event.id"] for span in consumed} == set(ids[:2])
    known = {span.id for span in foreign}
    assert all(span.parents == [f"{context.span_id:016x}"] for span in consumed)
    assert all(parent in known for span in foreign for parent in span.parents)

    linked = whole_trace(jaeger, unsampled.split("-")[1], 4)
    (root,) = [span for span in linked if not span.parents]
    assert root.name == "consume_event"
    assert sorted(span.name for span in linked) == sorted(set(TREE) - {"produce_event", "publish"})

    alone = whole_trace(jaeger, ids[3].replace("-", ""), 4)
    (root,) = [span for span in alone if not span.parents]
    assert (root.name, root.service) == ("consume_event", WORKER)


def test_a_collector_that_is_asked_over_grpc(kafka, jaeger, tmp_path):
    """By its port alone, as most name it."""
    named = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{jaeger.grpc}"}
    pipeline = Pipeline(kafka, tmp_path, {**named, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    pipeline.produce("--count", "20", "--seed", "3", "--trace", "all")
    assert len(settled(jaeger, PRODUCER, "produce_event", pipeline.topic, 20)) == 20


def test_a_collector_that_dies_changes_nothing_but_what_is_seen(kafka, tmp_path):
    """Away from the start for the producer, from the middle on for the worker: every event is stored."""
    with collector() as taken:
        pipeline = Pipeline(kafka, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": taken.url})
        taken.answers = [200] + [503] * 1_000
        pipeline.produce("--count", "5000", "--trace", "off")
        told = pipeline.detect("--trace", "all", "--commit-rows", "500")
    assert len(pipeline.rows()) == 5_000
    assert "does not take them" in told
    dropped = int(re.search(r"([\d,]+) spans were not taken", told)[1].replace(",", ""))  # type: ignore[index]  # it is told
    assert dropped > 0
    away = Pipeline(kafka, tmp_path, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"})
    assert "100 spans were not taken" in away.produce("--count", "100", "--trace", "all")
