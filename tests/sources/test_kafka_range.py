"""A stretch of a topic is read to its end, whatever a broker that has just begun to lead says of it."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tocsin.errors import StreamError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.sources import kafka_range
from tocsin.sources.kafka_range import KafkaRange

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka: str, unique_name: str) -> Topic:
    """A topic with ten records."""
    topic = topic_of(Cluster(kafka), unique_name, 1)
    producer = Producer({"bootstrap.servers": kafka})
    for number in range(10):
        producer.produce(topic.name, b"record %d" % number, partition=0)
    assert producer.flush(60) == 0
    return topic


class Alone:
    """Owns the partition for as long as the range is read."""

    def __init__(self) -> None:
        self.owned: list[int] = []

    def assigned(self, partitions: list[int]) -> None:
        self.owned += partitions

    def revoked(self, partitions: list[int]) -> None: ...

    def lost(self, partitions: list[int]) -> None: ...


def offsets(kafka: str, topic: Topic, first: int, end: int) -> list[int]:
    """Read a stretch and return what it gave."""
    found: list[int] = []
    deadline = time.monotonic() + 60
    with closing(KafkaRange(Cluster(kafka), topic, topic.name, {0: (first, end)})) as source:
        source.open(Alone())
        source.poll(0, 0.0)
        source.seek({0: first})
        while not source.caught_up():
            assert time.monotonic() < deadline, found
            batch = source.poll(10_000, 0.1)
            found += batch.offsets if batch is not None else []
    return found


def leading(faults: list[KafkaException | None]) -> Callable[[dict[str, Any]], Consumer]:
    """A consumer whose broker first takes each position for one outside the log."""

    class Leading(Consumer):
        def consume(self, *given: Any, **named: Any) -> list[Message]:
            if faults:
                outside = KafkaError(KafkaError.OFFSET_OUT_OF_RANGE)
                return [Message(topic="events", partition=0, offset=2, error=outside)]
            return super().consume(*given, **named)

        def get_watermark_offsets(self, *given: Any, **named: Any) -> Any:
            if faults and (fault := faults.pop()) is not None:
                raise fault
            return super().get_watermark_offsets(*given, **named)

    return Leading


def test_a_broker_that_leads_since_a_moment_is_asked_again(kafka, topic, monkeypatch):
    """Neither what it does not know yet nor that nobody leads ends a range that is there."""
    faults = [None, KafkaException(KafkaError(KafkaError.NOT_LEADER_FOR_PARTITION)), None]
    monkeypatch.setattr(kafka_range, "Consumer", leading(faults))
    assert offsets(kafka, topic, 2, 7) == [2, 3, 4, 5, 6]
    assert not faults


def test_records_that_retention_took_are_told(kafka, topic):
    """Half a range must not pass for all of it."""
    admin = AdminClient({"bootstrap.servers": kafka})  # named: dropping it would cancel the request
    (trimmed,) = admin.delete_records([TopicPartition(topic.name, 0, 6)]).values()
    assert trimmed.result(20).low_watermark == 6
    with pytest.raises(StreamError, match="record 2 of the range is no longer in the topic"):
        offsets(kafka, topic, 2, 10)
    assert offsets(kafka, topic, 6, 10) == [6, 7, 8, 9]


def test_a_refusal_is_told(kafka, topic, monkeypatch):
    """It does not pass."""
    refused = KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    monkeypatch.setattr(kafka_range, "Consumer", leading([refused]))
    with pytest.raises(StreamError, match="refuses"):
        offsets(kafka, topic, 2, 7)
