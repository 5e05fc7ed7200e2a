"""`tocsin detect` with topics to publish to: Kafka has the same detections as the results."""

import json
import signal
from collections import Counter

import pytest
from confluent_kafka import Producer

from tests.run.test_pipeline import Pipeline, finish, one_of_two_killed, wait_until
from tests.sinks.judging import read
from tocsin.errors import ExitCode
from tocsin.results.table import dataset


def stored_detections(pipeline: Pipeline) -> Counter[str]:
    rows = dataset(pipeline.results).to_table(columns=["detections"])["detections"].to_pylist()
    return Counter(detection["detection_id"] for row in rows for detection in row)


def published(pipeline: Pipeline, topic: str, key: str, partitions: int = 4) -> Counter[str]:
    return Counter(json.loads(m.value() or b"")[key] for m in read(pipeline.bootstrap, topic, partitions))


@pytest.mark.kafka
@pytest.mark.slow
def test_killed_workers_publish_every_verdict_once(kafka, tmp_path):
    """Two workers, one killed in the middle and started again: topics and table say the same."""
    topics = ("--detections-topic", "{}-d", "--classified-topic", "{}-c", "--publish-seconds", "0.05")
    pipeline = Pipeline(kafka, tmp_path)
    options = [option.format(pipeline.topic) for option in topics]
    survivor, count = one_of_two_killed(pipeline, 30_000, *options)
    finish(pipeline.worker("--once", *options), timeout=150)
    wait_until(lambda: pipeline.stored().total() == count)
    survivor.send_signal(signal.SIGTERM)
    finish(survivor)
    assert published(pipeline, f"{pipeline.topic}-c", "event_id") == pipeline.stored()
    assert published(pipeline, f"{pipeline.topic}-d", "detection_id") == stored_detections(pipeline)


@pytest.mark.kafka
def test_a_sink_that_is_added_later_begins_where_the_results_are_or_at_the_start(kafka, tmp_path):
    """What was classified before is published on request only."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "200", "--seed", "2")
    finish(pipeline.worker("--once"))
    pipeline.produce("--count", "100", "--seed", "3")
    said = finish(pipeline.worker("--once", "--classified-topic", f"{pipeline.topic}-new"))
    assert "knew no positions" in said
    assert published(pipeline, f"{pipeline.topic}-new", "event_id").total() == 100
    group = ("--group", f"{pipeline.topic}-other")
    finish(pipeline.worker("--once", *group, "--backfill", "--classified-topic", f"{pipeline.topic}-all"))
    assert published(pipeline, f"{pipeline.topic}-all", "event_id") == pipeline.stored()
    assert pipeline.stored().total() == 300


@pytest.mark.kafka
def test_dead_letters_and_raw_events_are_published_on_request(kafka, tmp_path):
    """The bytes are those of the records."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "20", "--seed", "2")
    producer = Producer({"bootstrap.servers": kafka})
    producer.produce(pipeline.topic, b"{", key=b"WS-01")
    producer.flush()
    topics = ["--classified-topic", f"{pipeline.topic}-c", "--dead-letters-topic", f"{pipeline.topic}-x"]
    finish(pipeline.worker("--once", "--classified-raw", *topics))
    raw = {json.loads(m.value() or b"")["raw"].encode() for m in read(kafka, f"{pipeline.topic}-c", 4)}
    sent = {m.value() for m in read(kafka, pipeline.topic, 4)}
    assert raw == sent - {b"{"}
    (dead,) = read(kafka, f"{pipeline.topic}-x", 4)
    assert (dead.key(), dead.value()) == (b"WS-01", b"{")


@pytest.mark.kafka
def test_the_input_is_never_published_to(kafka, tmp_path):
    """Exit 3 before anything is read."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "5")
    worker = pipeline.worker("--once", "--detections-topic", pipeline.topic)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == ExitCode.BAD_SETTINGS
    assert "is read and published to" in said
