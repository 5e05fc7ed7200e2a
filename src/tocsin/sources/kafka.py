"""Records of a Kafka topic, for a member of a consumer group that reads from where the results end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from tocsin.errors import SettingsError, StreamError
from tocsin.kafka import Cluster, Topic, bad_option, logger, unreachable
from tocsin.model import Batch, Headers, Stream
from tocsin.ports import Listener, Positions

T = TypeVar("T")

_DEFAULTS: dict[str, object] = {
    "enable.auto.commit": False,  # the results own the offsets
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",  # a position outside the log is told, never skipped in silence
    "partition.assignment.strategy": "cooperative-sticky",  # a new worker does not stop the others
    "session.timeout.ms": 10_000,  # how long a killed worker's partitions wait for another
    "heartbeat.interval.ms": 2_000,
    "enable.partition.eof": True,  # the end is told: markers of transactions count in offsets, not in records
    "fetch.wait.max.ms": 100,  # an idle topic costs ten requests a second; a record waits at most this
    "fetch.error.backoff.ms": 100,
    "queued.max.messages.kbytes": 65_536,  # memory is bounded by this and two batches
    "topic.metadata.refresh.interval.ms": 30_000,  # partitions added to the topic are found within it
}

_PROMISES = (
    "enable.auto.commit",
    "enable.auto.offset.store",
    "auto.offset.reset",
    "partition.assignment.strategy",
    "enable.partition.eof",
)
"""Of the defaults above those that are not a matter of taste: nothing lost, nothing twice rests on them."""

_BROKER_SIDE = ("partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms")
"""Of the defaults above those that the newer `group.protocol=consumer` leaves to the broker."""

_OUTSIDE = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}  # noqa: SLF001 - librdkafka's names
_GONE = {KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART}  # noqa: SLF001
_FATAL = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError._FATAL}  # noqa: SLF001


class KafkaSource:
    """The source port over a consumer group; see `tocsin.ports.Source` for the promises.

    Args:
        cluster: where the topic is; its options win over the defaults above.
        topic: what to read.
        group: the consumer group.

    Raises:
        SettingsError: a client property that librdkafka does not accept, or that would break a promise.
    """

    def __init__(self, cluster: Cluster, topic: Topic, group: str) -> None:
        self._cluster = cluster
        self._topic = topic
        self._stream = Stream(kind="topic", name=topic.name, id=topic.id)
        self._owned: set[int] = set()
        self._leaving: set[int] = set()  # being revoked: still committed, no longer sought
        self._next: dict[int, int] = {}  # partition -> the record to be read next
        self._lag: dict[int, int] = {}
        self._joined = False
        self._failure: Exception | None = None
        defaults = _defaults(cluster.options)
        try:
            self._consumer = Consumer(cluster.client({**defaults, "group.id": group, "client.id": "tocsin"}))
        except KafkaException as error:
            raise bad_option(error) from error

    def open(self, listener: Listener) -> None:
        """Join the group; partitions come and go within `poll`."""

        def assigned(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            self._joined = True
            numbers = [p.partition for p in partitions]
            positions = self._guarded(listener.assigned, numbers) or {}
            for partition in partitions:
                partition.offset = positions.get(partition.partition, OFFSET_BEGINNING)
            self._owned.update(numbers)
            self._next.update({p: positions.get(p, 0) for p in numbers})
            consumer.incremental_assign(partitions)

        def revoked(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            self._let_go(consumer, partitions, listener.revoked)

        def lost(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            self._joined = False
            self._let_go(consumer, partitions, listener.lost)

        self._consumer.subscribe([self._topic.name], on_assign=assigned, on_revoke=revoked, on_lost=lost)

    def poll(self, max_records: int, timeout: float) -> Batch | None:
        """Return the next records; group callbacks run in here.

        Raises:
            StreamError: the topic is gone, forbidden, or no longer has the position that comes next.
        """
        try:
            messages = self._consumer.consume(max_records, timeout)
        except KafkaException as error:
            raise unreachable(self._cluster, error) from error
        if self._failure is not None:
            raise self._failure
        good = [m for m in messages if m.error() is None]
        if len(good) < len(messages):
            for message in messages:
                fault = message.error()
                if fault is not None:
                    self._look_at(fault, message)
        batch = self._batch(good) if good else None
        if batch is not None:
            last = dict(zip(batch.partitions, batch.offsets, strict=True))  # offsets rise
            for partition, offset in last.items():  # the end may have been told with them: it is beyond
                self._next[partition] = max(self._next.get(partition, 0), offset + 1)
        self._lag = self._measured_lag()
        return batch

    def seek(self, positions: Positions) -> None:
        """Read on from the positions, of those partitions that are still owned.

        Raises:
            StreamError: the client refuses.
        """
        for partition, offset in positions.items():
            if partition in self._owned - self._leaving:
                try:
                    self._consumer.seek(TopicPartition(self._topic.name, partition, offset))
                except KafkaException as error:
                    raise unreachable(self._cluster, error) from error
                self._next[partition] = offset

    def commit(self, positions: Positions) -> None:
        """Copy the positions to the group, in the background; failing is not worth stopping for."""
        offsets = [TopicPartition(self._topic.name, p, o) for p, o in positions.items() if p in self._owned]
        if offsets:
            try:
                self._consumer.commit(offsets=offsets, asynchronous=True)
            except KafkaException as error:
                logger.info("offsets of the group were not copied: %s", error)

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._consumer.close()

    def lag(self) -> dict[int, int]:
        """Return partition -> records not yet read, as of the last poll; may be called from any thread."""
        return self._lag

    def caught_up(self) -> bool:
        """Say whether everything that was there at the last fetch of every owned partition has been read."""
        return self._joined and self._lag.keys() == self._owned and not any(self._lag.values())

    def _measured_lag(self) -> dict[int, int]:
        """Compare with the ends of the partitions that the last fetches told, which costs no request.

        Here and not in `lag`, because the consumer makes other threads wait as long as it polls.
        """
        found = {}
        for partition in sorted(self._owned):
            place = TopicPartition(self._topic.name, partition)
            low, high = self._consumer.get_watermark_offsets(place, cached=True)
            if high >= 0:
                found[partition] = max(0, high - max(low, self._next[partition]))
        return found

    def _let_go(
        self, consumer: Consumer, partitions: list[TopicPartition], tell: Callable[[list[int]], None]
    ) -> None:
        numbers = [p.partition for p in partitions]
        self._leaving.update(numbers)
        self._guarded(tell, numbers)
        self._leaving.difference_update(numbers)
        self._owned.difference_update(numbers)
        consumer.incremental_unassign(partitions)

    def _guarded(self, callback: Callable[[list[int]], T], partitions: list[int]) -> T | None:
        """Call the loop; what it raises must not unwind through librdkafka, so `poll` raises it later."""
        try:
            return callback(partitions)
        except Exception as error:  # noqa: BLE001 - kept, and raised by poll
            self._failure = error
            return None

    def _look_at(self, fault: KafkaError, message: Message) -> None:
        """Raise what cannot mend itself; librdkafka goes on trying with the rest."""
        if fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
            partition, end = cast(int, message.partition()), cast(int, message.offset())
            self._next[partition] = max(end, self._next.get(partition, 0))
            return
        where = f"{self._topic.name}[{message.partition()}]"
        if fault.code() in _OUTSIDE:
            raise StreamError(
                f"{where}: the next record to read is no longer in the topic: {fault.str()}",
                "retention removed records before they were classified, or the topic was made anew;"
                " begin anew with other --results",
            )
        if fault.code() in _GONE:
            raise StreamError(f"{where}: the topic is gone", "was it deleted?")
        if fault.fatal() or fault.code() in _FATAL:
            raise unreachable(self._cluster, KafkaException(fault))
        logger.info("%s: %s", where, fault)

    def _batch(self, messages: list[Message]) -> Batch:
        # confluent-kafka types these as optional for messages that carry an error; these do not
        return Batch(
            stream=self._stream,
            partitions=cast(Sequence[int], [m.partition() for m in messages]),
            offsets=cast(Sequence[int], [m.offset() for m in messages]),
            timestamps=[m.timestamp()[1] for m in messages],
            keys=cast(Sequence[bytes | None], [m.key() for m in messages]),
            values=cast(Sequence[bytes | None], [m.value() for m in messages]),
            headers=cast(Sequence[Headers], [m.headers() or () for m in messages]),
        )


def _defaults(options: Mapping[str, str]) -> dict[str, object]:
    """Return the defaults that go with the user's own properties.

    Raises:
        SettingsError: one of those would break a promise.
    """
    for name in _PROMISES:
        needed = str(_DEFAULTS[name])
        if options.get(name, needed).lower() != needed.lower():
            raise SettingsError(
                f"kafka.client: {name} = {options[name]!r}: a worker needs {needed.lower()}",
                "leave it out: the results know what was read",
            )
    left_out = _BROKER_SIDE if options.get("group.protocol") == "consumer" else ()
    return {name: value for name, value in _DEFAULTS.items() if name not in left_out}
