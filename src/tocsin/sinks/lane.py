"""The way of one input partition's messages into Kafka: transactions that also move the position.

Why a message is there once for readers of committed ones: the position of the input partition is committed in
the same transaction as the messages about the records before it, and whoever takes the partition over first
calls `init_transactions` under the same transactional id. That ends what the predecessor left open, one way
or the other, and shuts the predecessor out; only then the position is read (KIP-98; of KIP-447 only the
stable read of positions is needed, because the id belongs to the partition and not to the worker).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from tocsin.errors import SettingsError, StreamError
from tocsin.kafka import Cluster, Topic, bad_option, unreachable
from tocsin.sinks.messages import Message
from tocsin.sinks.publisher import BATCH_BYTES
from tocsin.sinks.trimming import LEAST, trimmed

PATIENCE = 10.0
"""Seconds that one call waits for the cluster; the loop tries again for longer."""

_FENCED = {
    KafkaError._FENCED,  # noqa: SLF001 - librdkafka's names
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
}

_QUEUE_KIB = 16 * 1024
"""What a producer holds at most before `produce` waits: there is one per partition."""


class OvertakenError(Exception):
    """Another worker writes for this partition."""


class Group:
    """The consumer group that holds the positions of a sink. Nobody is a member of it.

    Args:
        cluster: where the input topic is.
        topic: the input topic. Its id is kept with the positions, because the group only knows its name.
        name: the group's.

    Raises:
        SettingsError: a client property that librdkafka does not know or accept.
    """

    def __init__(self, cluster: Cluster, topic: Topic, name: str) -> None:
        self.cluster = cluster
        self.topic = topic
        self.name = name
        defaults: dict[str, object] = {
            "enable.auto.commit": False,
            "isolation.level": "read_committed",  # waits for a position that is being committed
        }
        properties = cluster.client({**defaults, "client.id": "tocsin-publish"})
        properties.pop("group.instance.id", None)
        try:
            self._consumer = Consumer({**properties, **defaults, "group.id": name})
        except KafkaException as error:
            raise bad_option(error) from error
        self.metadata = self._consumer.consumer_group_metadata()

    def positions(self, partitions: Sequence[int]) -> dict[int, int]:
        """Return the positions that are known. May be called from several threads.

        Raises:
            StreamError: no broker answers, or it refuses.
        """
        wanted = [TopicPartition(self.topic.name, p) for p in partitions]
        try:
            found = self._consumer.committed(wanted, timeout=PATIENCE)
        except KafkaException as error:
            raise unreachable(self.cluster, error) from error
        for place in found:
            if place.error is not None:
                raise unreachable(self.cluster, KafkaException(place.error))
        ours = {None, "", self.topic.id}  # none when someone has reset the position on purpose
        return {p.partition: p.offset for p in found if p.offset >= 0 and p.metadata in ours}

    def position(self, partition: int, offset: int) -> TopicPartition:
        """Return a position as it is committed."""
        return TopicPartition(self.topic.name, partition, offset, metadata=self.topic.id)

    def close(self) -> None:
        """Let go of the broker."""
        self._consumer.close()


class Lane:
    """One input partition's transactional producer, with what is held for it. For one thread at a time.

    Args:
        group: holds the position.
        partition: of the input topic.
        largest: output topic -> bytes that it takes, as far as is known.

    Attributes:
        partition: as given.
        position: what is known to be committed; None when it never was.
        held_to: the position after what is held.
        held: the messages.
        settled: monotonic seconds when the position was last committed or read.
        sent: topic -> messages committed, for whoever counts them.
        shortened: the same for messages that had to be shortened.
    """

    def __init__(self, group: Group, partition: int, largest: Mapping[str, int]) -> None:
        self.partition = partition
        self.position: int | None = None
        self.held_to = 0
        self.held: list[Message] = []
        self.settled = 0.0
        self.sent: Counter[str] = Counter()
        self.shortened: Counter[str] = Counter()
        self._group = group
        self._largest = dict(largest)
        self._producer: Producer | None = None
        self._tried: int | None = None  # where the last transaction would have moved the position

    def open(self) -> None:
        """Shut out whoever wrote for this partition before; the position may be read after that.

        Raises:
            StreamError: no broker answers, or it refuses.
            OvertakenError: another worker has done the same at this moment.
        """
        self._producer = self._opened()

    def start_at(self, position: int) -> None:
        """Take note of the position that was read after `open`."""
        self.position = self.held_to = position
        self.settled = time.monotonic()

    def hold(self, message: Message) -> None:
        """Keep a message until the flush."""
        short = trimmed(message, self._largest[message.topic])
        if short is not message:
            self.shortened[message.topic] += 1
        self.held.append(short)

    def flush(self) -> None:
        """Send what is held and move the position to `held_to`: both, or neither.

        May be called again after a `StreamError`; what is already there is not sent twice.

        Raises:
            StreamError: the cluster is away or refuses.
            OvertakenError: another worker writes for this partition.
        """
        while True:
            if self._producer is None:
                self._producer = self._resolved()
            if self._transaction(self._producer):
                return
            self._take_less()

    def close(self) -> None:
        """Forget what is held, and let go of the broker."""
        self.held = []
        self._drop()

    def _opened(self) -> Producer:
        try:
            producer: Producer = Producer(self._properties())
        except KafkaException as error:
            raise bad_option(error) from error
        try:
            producer.init_transactions(PATIENCE)
        except KafkaException as error:
            raise self._problem(error) from error
        return producer

    def _transaction(self, producer: Producer) -> bool:
        """Try once; return False when a message was larger than its topic takes, and nothing is there."""
        self._tried = self.held_to
        try:
            producer.begin_transaction()
            self._produce(producer)
            place = self._group.position(self.partition, self.held_to)
            producer.send_offsets_to_transaction([place], self._group.metadata, PATIENCE)
            producer.commit_transaction(PATIENCE)
        except KafkaException as error:
            self._abort(producer, error)
            if error.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                return False
            raise self._problem(error) from error
        self._settle(self.held_to)
        return True

    def _produce(self, producer: Producer) -> None:
        deadline = time.monotonic() + PATIENCE
        for message in self.held:
            while True:
                try:
                    producer.produce(message.topic, message.value, message.key, headers=message.headers)
                except BufferError:
                    if time.monotonic() > deadline:
                        raise KafkaException(KafkaError(KafkaError._TIMED_OUT)) from None  # noqa: SLF001
                    producer.poll(0.05)
                else:
                    break

    def _abort(self, producer: Producer, error: KafkaException) -> None:
        """End the transaction; when that fails, drop the producer: the position tells the outcome later."""
        if error.args[0].code() in _FENCED or error.args[0].fatal():
            self._drop()
            return
        try:
            producer.abort_transaction(PATIENCE / 2)
        except KafkaException:
            self._drop()

    def _resolved(self) -> Producer:
        """Find out what became of the transaction that was under way when the producer was dropped."""
        producer = self._opened()
        found = self._group.positions([self.partition]).get(self.partition)
        if found not in {self.position, self._tried}:
            raise OvertakenError
        if found is not None:
            self._settle(found)
        return producer

    def _settle(self, position: int) -> None:
        """Take note that the messages about the records before a position are there."""
        self.sent.update(message.topic for message in self.held if message.offset < position)
        self.held = [message for message in self.held if message.offset >= position]
        self.position = position
        self.settled = time.monotonic()

    def _take_less(self) -> None:
        """Send less at once: a topic takes less than it said when it was asked, or did not say."""
        if max(self._largest.values()) <= LEAST:
            raise StreamError(
                f"a topic refuses messages of {LEAST:,} bytes", f"give it a max.message.bytes above {LEAST:,}"
            )
        self._largest = {topic: max(LEAST, most // 2) for topic, most in self._largest.items()}
        before, self.held = self.held, []
        for message in before:
            self.hold(message)
        self._drop()  # the next one makes its batches no larger than that

    def _drop(self) -> None:
        if self._producer is not None:
            self._producer.purge()
            self._producer = None

    def _problem(self, error: KafkaException) -> Exception:
        if error.args[0].code() in _FENCED:
            return OvertakenError()
        return unreachable(self._group.cluster, error)

    def _properties(self) -> dict[str, object]:
        group, topic, most = self._group, self._group.topic, max(self._largest.values())
        defaults = {
            "client.id": "tocsin-publish",
            "linger.ms": 5,
            "compression.type": "lz4",
            "partitioner": "murmur2_random",  # agrees with Java producers about a key's partition
            "message.max.bytes": most,
            "batch.size": min(BATCH_BYTES, *self._largest.values()),  # a batch too large is refused whole
            "queue.buffering.max.kbytes": max(_QUEUE_KIB, 2 * most // 1024),
            "retry.backoff.ms": 10,  # the broker writes a transaction's end markers within a few milliseconds
            "delivery.report.only.error": True,
            "transaction.timeout.ms": 30_000,  # how long a worker that died makes readers wait at most
        }
        identity = f"{group.name}/{topic.cluster}/{topic.id}/{self.partition}"
        return {**group.cluster.client(defaults), "transactional.id": identity}


def refuse_broken_promises(options: Mapping[str, str]) -> None:
    """Refuse client properties under which a message could be there twice.

    Raises:
        SettingsError: there is one.
    """
    if "transactional.id" in options:
        raise SettingsError(
            "kafka.client: transactional.id cannot be set",
            "every partition has one of its own, named after the consumer group",
        )
