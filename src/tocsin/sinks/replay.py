"""Sends records to a topic once, however often it is tried: one Kafka transaction with a mark in it.

The mark is an offset committed for a group of the replay's own, within the same transaction as the records,
and its metadata names the replay. Whoever was interrupted asks for the mark, and knows if they are there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from tocsin.kafka import Cluster, Topic, unreachable
from tocsin.model import Headers

_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Outbound:
    """A record to be sent."""

    key: bytes | None
    value: bytes | None
    headers: Headers


class Replay:
    """Sends batches of records, each under a name and each once. One at a time may be open.

    Args:
        cluster: where the topic is.
        topic: where the records go.
        group: a consumer group that nobody else uses; it only holds marks.

    Attributes:
        topic, group: as given.

    Raises:
        StreamError: no broker answers.
    """

    def __init__(self, cluster: Cluster, topic: Topic, group: str) -> None:
        self.topic = topic
        self.group = group
        self._cluster = cluster
        properties = {"transactional.id": f"tocsin-{group}", "partitioner": "murmur2_random"}
        self._producer = Producer(cluster.client(properties))
        self._consumer = Consumer(cluster.client({"group.id": group, "enable.auto.commit": False}))
        try:
            # ends what an interrupted replay left open, one way or the other: from here on the mark tells
            self._producer.init_transactions(_TIMEOUT)
        except KafkaException as error:
            raise unreachable(cluster, error) from error

    def was_sent(self, name: str) -> bool:
        """Say whether the batch of this name is in the topic.

        Raises:
            StreamError: no broker answers.
        """
        try:
            (found,) = self._consumer.committed([TopicPartition(self.topic.name, 0)], timeout=_TIMEOUT)
        except KafkaException as error:
            raise unreachable(self._cluster, error) from error
        return bool(found.metadata == name)

    def send(self, name: str, records: Iterable[Outbound]) -> None:
        """Send all the records, or none.

        Raises:
            StreamError: the broker refuses, or a record is larger than it takes; nothing was sent.
        """
        producer = self._producer
        mark = TopicPartition(self.topic.name, 0, 0, metadata=name)
        try:
            producer.begin_transaction()
            try:
                for record in records:
                    self._produce(record)
                producer.send_offsets_to_transaction(
                    [mark], self._consumer.consumer_group_metadata(), _TIMEOUT
                )
                producer.commit_transaction(_TIMEOUT)
            except BaseException:
                producer.abort_transaction(_TIMEOUT)
                raise
        except KafkaException as error:
            raise unreachable(self._cluster, error) from error

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()

    def _produce(self, record: Outbound) -> None:
        while True:
            try:
                self._producer.produce(
                    self.topic.name, record.value, record.key, headers=list(record.headers)
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                return
