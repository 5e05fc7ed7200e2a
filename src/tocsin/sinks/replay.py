"""Sends records to a topic once, however often it is tried: in a Kafka transaction, under a name in a header.

All records of a batch carry the name, and readers of committed records see all of them or none. Whoever was
interrupted looks for the name in what came into the topic since, and knows. Nothing else has to be kept, so
that it is known for as long as the topic has its records.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from tocsin.errors import StreamError
from tocsin.kafka import Cluster, Topic, unreachable
from tocsin.kafka.headers import headers_of
from tocsin.kafka.offsets import Desk, Offsets
from tocsin.model import Headers

HEADER = "tocsin-replay"
"""Names the batch in which a record was sent again."""

_TIMEOUT = 60.0

_PATIENCE = 90.0
"""Seconds without progress while looking: an open transaction ends readers' sight, as a rule for up to 60."""

_READING: Mapping[str, object] = {
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "client.id": "tocsin-replay",
}


@dataclass(frozen=True, slots=True)
class Outbound:
    """A record to be sent."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class UnknownError(StreamError):
    """It cannot be found out any more whether a batch was sent."""


class Replay:
    """Sends batches of records, each under a name and each once. One at a time may be open.

    Args:
        cluster: where the topic is.
        topic: where the records go.
        group: names the producer, so that a second one ends what the first left open.

    Attributes:
        topic: as given.

    Raises:
        StreamError: no broker answers.
    """

    def __init__(self, cluster: Cluster, topic: Topic, group: str) -> None:
        self.topic = topic
        self._cluster = cluster
        self._group = group
        properties = {"transactional.id": f"tocsin-{group}.replay", "partitioner": "murmur2_random"}
        self._producer = Producer(cluster.client(properties))
        self._desk = Desk(cluster, topic.name)
        try:
            # ends what an interrupted replay left open, one way or the other
            self._producer.init_transactions(_TIMEOUT)
        except KafkaException as error:
            raise unreachable(cluster, error) from error

    def ends(self) -> Offsets:
        """Return where the topic ends: what is sent from now on comes after it.

        Raises:
            StreamError: no broker answers.
        """
        return self._desk.ends(range(self.topic.partitions))

    def was_sent(self, name: str, since: Offsets) -> bool:
        """Say whether the batch of this name is in the topic.

        Args:
            name: of the batch.
            since: where the topic ended before the batch was sent.

        Raises:
            UnknownError: records have been removed from where it would be.
            StreamError: no broker answers, or an open transaction hides what is there.
        """
        ends, log = self.ends(), self._desk.beginnings(since)
        ahead = {p: (max(offset, log[p]), ends[p]) for p, offset in since.items() if offset < ends[p]}
        with closing(Consumer({**self._cluster.client({}), **_READING, "group.id": self._group})) as consumer:
            if self._is_ahead(consumer, name, ahead):
                return True
        trimmed = [p for p, offset in since.items() if offset < log[p]]
        if trimmed:
            raise UnknownError(
                f"{self.topic.name}[{trimmed[0]}]: records were removed from where an interrupted replay"
                " would be, so it is not known if it was sent"
            )
        return False

    def send(self, name: str, records: Iterable[Outbound]) -> None:
        """Send all the records, or none.

        Raises:
            StreamError: the broker refuses, or a record is larger than it takes; nothing was sent.
        """
        producer = self._producer
        try:
            producer.begin_transaction()
            try:
                for record in records:
                    self._produce(record, name)
                producer.commit_transaction(_TIMEOUT)
            except BaseException:
                producer.abort_transaction(_TIMEOUT)
                raise
        except KafkaException as error:
            raise unreachable(self._cluster, error) from error

    def close(self) -> None:
        """Let go of the broker."""
        self._producer.flush(0)

    def _produce(self, record: Outbound, name: str) -> None:
        kept: list[tuple[str, str | bytes | None]] = [
            (n, value) for n, value in record.headers if n != HEADER
        ]
        headers = [*kept, (HEADER, name.encode())]
        while True:
            try:
                self._producer.produce(self.topic.name, record.value, record.key, headers=headers)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _is_ahead(self, consumer: Consumer, name: str, ahead: Mapping[int, tuple[int, int]]) -> bool:
        """Read the given stretch of each partition, and say whether a record of the batch is there."""
        places = [TopicPartition(self.topic.name, p, first) for p, (first, _) in ahead.items()]
        left = {p for p, (first, end) in ahead.items() if first < end}
        consumer.assign(places)
        moved = time.monotonic()
        while left:
            for message in consumer.consume(10_000, 1.0):
                partition, offset = cast(int, message.partition()), cast(int, message.offset())
                if self._carries(message, name):
                    return True
                at_end = message.error() is not None  # the end of what is visible, at this offset
                if not at_end:
                    moved = time.monotonic()
                if partition in left and offset + (0 if at_end else 1) >= ahead[partition][1]:
                    left.remove(partition)
            if time.monotonic() - moved > _PATIENCE:
                raise StreamError(
                    f"{self.topic.name}: an open transaction hides whether an interrupted replay was sent",
                    "try again when it has ended",
                )
        return False

    def _carries(self, message: Message, name: str) -> bool:
        fault = message.error()
        if fault is None:
            return (HEADER, name.encode()) in headers_of(message)
        if fault.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
            raise unreachable(self._cluster, KafkaException(fault))
        return False
