"""Sources fetch little ahead of whoever polls, however full the topic is."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing

import pytest
from confluent_kafka import Producer

from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.ports import BEGINNING
from tocsin.sources.kafka import KafkaSource, Membership
from tocsin.sources.kafka_range import KafkaRange

PARTITIONS, MEGABYTES = 4, 48
Source = KafkaSource | KafkaRange


class Reader:
    """Reads from the beginning of what it is given."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.read = 0
        self._new: list[int] = []
        source.open(self)

    def assigned(self, partitions: list[int]) -> None:
        self._new += partitions

    def revoked(self, partitions: list[int]) -> None:
        """None goes."""

    def lost(self, partitions: list[int]) -> None:
        """None is lost."""

    def turn(self) -> None:
        batch = self.source.poll(1, 0.1)
        self.read += 0 if batch is None else len(batch)
        if self._new:
            self.source.seek(dict.fromkeys(self._new, BEGINNING))
            self._new = []

    def turns(self, seconds: float) -> Iterator[None]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.turn()
            yield
            time.sleep(0.02)  # slower than the client fetches


def member(cluster: Cluster, topic: Topic) -> Source:
    return KafkaSource(cluster, topic, Membership(topic.name))


def stretch(cluster: Cluster, topic: Topic) -> Source:
    return KafkaRange(cluster, topic, topic.name, dict.fromkeys(range(PARTITIONS), (0, 1_000)))


@pytest.fixture(scope="module")
def full(kafka) -> Topic:
    """A topic with more than anybody should hold, in records that are as long compressed."""
    topic = topic_of(Cluster(kafka), f"full-{time.time_ns()}", PARTITIONS)
    producer = Producer({"bootstrap.servers": kafka, "compression.type": "none", "linger.ms": 20})
    for number in range(MEGABYTES * 100):
        producer.produce(topic.name, b"x" * 10_000, partition=number % PARTITIONS)
    producer.flush()
    return topic


def most_ahead(kafka: str, topic: Topic, make: Callable[[Cluster, Topic], Source], **options: str) -> float:
    """Return the most megabytes that waited while few records were taken."""
    told: Mapping[str, str] = {"statistics.interval.ms": "100", **options}
    with closing(make(Cluster(kafka, told), topic)) as source:
        reader = Reader(source)
        while not reader.read:
            reader.turn()
        most = max(source.link.statistics.ahead for _ in reader.turns(2.0))
    assert reader.read < 1_000, "there is nothing left to wait"
    return most / 1e6


@pytest.mark.kafka
@pytest.mark.parametrize("make", [member, stretch])
def test_little_is_fetched_ahead(kafka, full, make):
    """What may wait, and one more answer: memory is bounded from the first step on."""
    assert 1 < most_ahead(kafka, full, make) < 16


@pytest.mark.kafka
@pytest.mark.parametrize("make", [member, stretch])
def test_who_wants_more_sets_it(kafka, full, make):
    """librdkafka's properties go before ours: memory for brokers that are far away."""
    options = {"queued.max.messages.kbytes": "65536", "max.partition.fetch.bytes": "1048576"}
    assert most_ahead(kafka, full, make, **options) > 24
