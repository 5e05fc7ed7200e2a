"""The publisher: every record once, keyed by host, with its headers; what cannot be delivered is told."""

from __future__ import annotations

import random
import socket
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.ends import is_end
from tocsin.errors import SettingsError, StreamError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.model.identity import traceparent
from tocsin.sinks import Publisher, largest_batch, publisher

MakeTopic = Callable[..., str]


@dataclass(frozen=True)
class Event:
    event_id: str
    host: str
    value: bytes


def event(host: str = "WS-01", value: bytes = b"{}") -> Event:
    return Event(str(uuid.uuid4()), host, value)


def read(bootstrap: str, name: str, partitions: int) -> list[Message]:
    """Everything in the topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "t", "enable.partition.eof": True})
    consumer.assign([TopicPartition(name, p, OFFSET_BEGINNING) for p in range(partitions)])
    found: list[Message] = []
    ends = 0
    deadline = time.monotonic() + 60
    while ends < partitions and time.monotonic() < deadline:
        for message in consumer.consume(10_000, 1.0):
            if is_end(message):
                ends += 1
            elif message.error() is None:
                found.append(message)
    consumer.close()
    assert ends == partitions
    return found


def murmur2(data: bytes) -> int:
    """Kafka's hash of a key, restated from `org.apache.kafka.common.utils.Utils.murmur2`."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) - len(data) % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


@pytest.mark.kafka
def test_each_event_arrives_once(kafka: str, make_topic: MakeTopic) -> None:
    """Five thousand events arrive once each: key, both headers, Java's partition."""
    name = make_topic(kafka, 5)
    hosts = random.Random(3).choices([f"WS-DEV-{i:02}" for i in range(40)], k=5_000)
    events = [event(host, f'{{"n": {i}}}'.encode()) for i, host in enumerate(hosts)]
    cluster = Cluster(kafka)
    with Publisher(cluster, topic_of(cluster, name, 1)) as publisher:
        assert publisher.publish(events) == 5_000
        counts = publisher.close()
    assert (counts.sent, counts.waiting, counts.failed) == (5_000, 0, {})
    found = {m.value(): m for m in read(kafka, name, 5)}
    assert len(found) == 5_000
    for sent in events:
        message = found[sent.value]
        assert message.key() == sent.host.encode()
        assert message.headers() == [
            ("event-id", sent.event_id.encode()),
            ("traceparent", traceparent(sent.event_id, sampled=False).encode()),
        ]
        assert message.partition() == (murmur2(sent.host.encode()) & 0x7FFFFFFF) % 5


@pytest.mark.kafka
def test_order_of_a_host(kafka: str, make_topic: MakeTopic) -> None:
    """The events of one host keep their order."""
    name = make_topic(kafka, 3)
    cluster = Cluster(kafka)
    with Publisher(cluster, topic_of(cluster, name, 1)) as publisher:
        publisher.publish(event("WS-01", str(i).encode()) for i in range(2_000))
    assert [int(m.value() or b"-1") for m in read(kafka, name, 3)] == list(range(2_000))


@pytest.mark.kafka
def test_too_large(kafka: str, make_topic: MakeTopic) -> None:
    """A record larger than the topic takes is named and counted; its neighbours arrive."""
    name = make_topic(kafka, 1, max_message_bytes="8000")
    noise = random.Random(1).randbytes
    events = [event(value=noise(900)) for _ in range(500)]
    large = [event(value=noise(9_000)), event(value=noise(2_000_000))]
    cluster = Cluster(kafka)
    topic = topic_of(cluster, name, 1)
    with Publisher(cluster, topic, largest_batch(cluster, topic)) as publisher:
        publisher.publish([*events[:250], *large, *events[250:]])
        counts = publisher.close()
    assert counts.sent == 500
    assert counts.failed == {"larger than the topic takes": 2}
    assert [(f.event_id, f.size) for f in publisher.examples] == [(e.event_id, len(e.value)) for e in large]
    assert [m.value() for m in read(kafka, name, 1)] == [e.value for e in events]


@pytest.mark.kafka
def test_refused_by_the_broker(kafka: str, make_topic: MakeTopic) -> None:
    """A record that only the broker finds too large is named and counted too."""
    name = make_topic(kafka, 1, max_message_bytes="8000")
    large = event(value=random.Random(1).randbytes(20_000))
    cluster = Cluster(kafka)
    with Publisher(cluster, topic_of(cluster, name, 1)) as publisher:
        publisher.publish([large])
        counts = publisher.close()
    assert (counts.sent, counts.lost) == (0, 1)
    assert [(f.event_id, f.size, f.reason) for f in publisher.examples] == [
        (large.event_id, 20_000, "larger than the topic takes")
    ]


@pytest.mark.kafka
def test_queue_full(kafka: str, make_topic: MakeTopic) -> None:
    """A local queue far smaller than what is published slows down; it drops nothing."""
    name = make_topic(kafka, 2)
    cluster = Cluster(kafka, {"queue.buffering.max.messages": "50", "linger.ms": "1"})
    with Publisher(cluster, topic_of(cluster, name, 1)) as publisher:
        publisher.publish(event(value=str(i).encode()) for i in range(3_000))
        counts = publisher.close()
    assert counts.sent == 3_000
    assert len(read(kafka, name, 2)) == 3_000


@pytest.mark.kafka
def test_creates_the_topic(kafka: str, unique_name: str) -> None:
    """A topic that does not exist is made with the wanted partitions, and found the next time."""
    cluster = Cluster(kafka)
    assert topic_of(cluster, unique_name, 7).partitions == 7
    assert topic_of(cluster, unique_name, 3).partitions == 7


def test_larger_than_the_queue() -> None:
    """A record that would never fit into the local queue is refused instead of waited for."""
    cluster = Cluster(
        "", {"test.mock.num.brokers": "1", "queue.buffering.max.kbytes": "1", "message.max.bytes": "1000000"}
    )
    publisher = Publisher(cluster, Topic("mock", "t", "t", 1))
    assert publisher.publish([event(value=b"x" * 5_000)]) == 1
    assert publisher.counts().failed == {"larger than the topic takes": 1}


def test_stopping_while_the_queue_is_full() -> None:
    """Whoever wants to stop is not held up by a full queue; what was not acknowledged is counted as lost."""
    nobody = _closed_port()
    cluster = Cluster(f"127.0.0.1:{nobody}", {"queue.buffering.max.messages": "10"})
    publisher = Publisher(cluster, Topic("none", "t", "t", 1), stopping=lambda: True)
    assert publisher.publish(event() for _ in range(100)) == 10
    counts = publisher.close(grace=0.5)
    assert (counts.sent, counts.waiting) == (0, 0)
    assert counts.failed == {"not acknowledged before the end": 10}


def test_giving_up_at_once() -> None:
    """A second Ctrl-C does not wait for a broker that is away."""
    begun = time.monotonic()
    publisher = Publisher(Cluster(f"127.0.0.1:{_closed_port()}"), Topic("none", "t", "t", 1))

    def interrupted() -> None:
        with publisher:
            publisher.publish([event()])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - begun < 15, "it waits for 30 s otherwise"
    assert publisher.counts().lost == 1


def test_nobody_there(capfd: pytest.CaptureFixture[str]) -> None:
    """Without a broker there is one sentence with the address, in time, and nothing on stderr."""
    begun = time.monotonic()
    port = _closed_port()
    with pytest.raises(StreamError, match=f"no Kafka broker answers at 127.0.0.1:{port}"):
        topic_of(Cluster(f"127.0.0.1:{port}"), "t", 1)
    assert time.monotonic() - begun < 30
    assert capfd.readouterr().err == ""


def test_unknown_property() -> None:
    """A client property that librdkafka does not know is named."""
    with pytest.raises(SettingsError, match=r"kafka\.client: .*lingre\.ms"):
        Publisher(Cluster("127.0.0.1:1", {"lingre.ms": "5"}), Topic("none", "t", "t", 1))


def _closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.kafka
def test_what_a_topic_takes_is_asked_again_where_it_has_not_come_round(
    kafka: str, make_topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A topic that was made a moment ago is unknown to some brokers; guessing would have records refused."""
    name = make_topic(kafka, 1, max_message_bytes="8000")
    late: list[object] = []

    class Late(AdminClient):
        """A broker that has not heard of any topic when it is first asked."""

        def describe_configs(self, *given: Any, **named: Any) -> Any:
            if late:
                return super().describe_configs(*given, **named)
            late.extend(given[0])
            unknown: Future[object] = Future()
            unknown.set_exception(KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)))
            return dict.fromkeys(given[0], unknown)

    monkeypatch.setattr(publisher, "AdminClient", Late)
    assert largest_batch(Cluster(kafka), Topic("cluster", name, "id", 1)) == 8_000
    assert late
