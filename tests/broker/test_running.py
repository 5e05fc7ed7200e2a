"""Real brokers: what is produced can be consumed, and what must survive survives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer

MakeTopic = Callable[..., str]

THOUSAND = [b"record %d" % number for number in range(1000)]


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(20) == 0


def consume(bootstrap: str, topic: str, count: int, **settings: str) -> list[bytes | None]:
    """Read `count` records as a member of a new group."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"group-of-{topic}",
            "auto.offset.reset": "earliest",
            **{key.replace("_", "."): value for key, value in settings.items()},
        }
    )
    consumer.subscribe([topic])
    values: list[bytes | None] = []
    for _ in range(40):
        values += [message.value() for message in consumer.consume(count, 0.5) if message.error() is None]
        if len(values) >= count:
            break
    consumer.close()
    return values


@pytest.mark.kafka
def test_apache_gives_back_what_was_produced(kafka: str, make_topic: MakeTopic) -> None:
    """A thousand records come out of one partition as they went in."""
    topic = make_topic(kafka)
    produce(kafka, topic, THOUSAND)
    assert consume(kafka, topic, 1000) == THOUSAND


def test_tansu_gives_back_what_was_produced(tansu: str, make_topic: MakeTopic) -> None:
    """The in-memory engine does the same for a consumer with its settings."""
    topic = make_topic(tansu)
    produce(tansu, topic, THOUSAND)
    settings = {"session_timeout_ms": "6000", "heartbeat_interval_ms": "500", "fetch_wait_max_ms": "20"}
    assert consume(tansu, topic, 1000, **settings) == THOUSAND
