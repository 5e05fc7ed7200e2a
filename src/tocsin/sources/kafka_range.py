"""Records of a stretch of a Kafka topic, read once more by no group, from where the results of that end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from tocsin.errors import StreamError
from tocsin.kafka import UNSETTLED, Cluster, Topic, bad_option, logger, unreachable
from tocsin.model import Batch, Stream
from tocsin.ports import BEGINNING, Listener, Positions
from tocsin.sources.kafka_batch import batch_of
from tocsin.sources.kafka_fetch import AHEAD
from tocsin.sources.kafka_link import Link
from tocsin.sources.kafka_topic import SameTopic

_OWN: Mapping[str, object] = {
    "enable.auto.commit": False,  # whoever reads in the group must notice nothing
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,  # markers of transactions count in offsets, not in records
    "fetch.wait.max.ms": 100,
    "client.id": "tocsin-replay",
}

_OUTSIDE = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}  # noqa: SLF001 - librdkafka's names
_GONE = {KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART}  # noqa: SLF001
_FATAL = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError._FATAL}  # noqa: SLF001

_ANSWER = 10.0
"""Seconds to wait for where a partition's log begins and ends."""

Stretch = Mapping[int, tuple[int, int]]
"""Partition -> (its first offset, the offset after its last)."""


class KafkaRange:
    """The source port over some offsets of a topic; see `tocsin.ports.Source` for the promises.

    All partitions of the stretch are its own for as long as it lives. It joins no group and commits nothing:
    the brokers only know of somebody who reads.

    Args:
        cluster: where the topic is.
        topic: what to read.
        group: a name that librdkafka wants to know; a broker that asks for permissions may look at it.
        stretch: the offsets.
        tell: called with a sentence when the cluster goes away, and when it is back.

    Raises:
        SettingsError: a client property that librdkafka does not accept.
    """

    def __init__(
        self,
        cluster: Cluster,
        topic: Topic,
        group: str,
        stretch: Stretch,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.link = Link(cluster.bootstrap_servers, tell)
        self._cluster = cluster
        self._topic = topic
        self._same = SameTopic(cluster, topic)
        self._stretch = stretch
        self._stream = Stream(kind="topic", name=topic.name, id=topic.id)
        self._next: dict[int, int] = {}  # of those sought: partition -> the record to be read next
        self._read: set[int] = set()  # those that librdkafka reads
        self._listener: Listener | None = None
        own = {**_OWN, "group.id": group, **self.link.callbacks()}
        try:
            self._consumer = Consumer({**cluster.client(AHEAD), **own})
        except KafkaException as error:
            raise bad_option(error) from error

    def open(self, listener: Listener) -> None:
        """Begin; the partitions are handed over with the first `poll`."""
        self._listener = listener

    def poll(self, max_records: int, timeout: float) -> Batch | None:
        """Return the next records of the stretch.

        Raises:
            StreamError: the topic is gone, forbidden, or no longer has the record that comes next.
        """
        if self._listener is not None:
            listener, self._listener = self._listener, None
            listener.assigned(sorted(self._stretch))
        if max_records == 0 or not self._read:
            time.sleep(timeout)
            return None
        try:
            messages = self._consumer.consume(max_records, timeout)
        except KafkaException as error:
            raise unreachable(self._cluster, error) from error
        self.link.check()
        wanted = [m for m in messages if self._is_wanted(m)]  # in order: what comes next depends on it
        self._leave_finished()
        return batch_of(self._stream, wanted) if wanted else None

    def seek(self, positions: Positions) -> None:
        """Read on from the positions; one before the stretch means its beginning.

        Raises:
            StreamError: the client refuses.
        """
        for partition, offset in positions.items():
            first, end = self._stretch[partition]
            begin = first if offset == BEGINNING else max(first, offset)
            self._next[partition] = begin
            self._stop(partition)
            if begin < end:
                self._consumer.incremental_assign([TopicPartition(self._topic.name, partition, begin)])
                self._read.add(partition)

    def beginning(self, partitions: list[int]) -> Positions:
        """Return where the stretch begins."""
        return {p: self._stretch[p][0] for p in partitions}

    def confirm(self) -> None:
        """See `SameTopic.confirm`."""
        self._same.confirm()

    def waiting(self) -> float | None:
        """Return for how many seconds no broker has answered; None when one does."""
        return self.link.waiting()

    def commit(self, positions: Positions) -> None:
        """Do nothing: the positions of a replay are in its results alone."""

    def close(self) -> None:
        """Let go of the brokers."""
        self._consumer.close()

    def lag(self) -> dict[int, int]:
        """Return partition -> offsets of the stretch that are still ahead; any thread may ask."""
        return {p: max(0, end - self._next.get(p, first)) for p, (first, end) in self._stretch.items()}

    def caught_up(self) -> bool:
        """Say whether the whole stretch has been read."""
        return self._next.keys() == self._stretch.keys() and not any(self.lag().values())

    def _is_wanted(self, message: Message) -> bool:
        """Move on to a record, if it is of the stretch and was not fetched before a seek."""
        fault = message.error()
        if fault is not None:
            self._look_at(fault, message)
            return False
        partition, offset = cast(int, message.partition()), cast(int, message.offset())
        if partition not in self._read or offset < self._next[partition]:
            return False
        self._next[partition] = offset + 1
        return offset < self._stretch[partition][1]

    def _leave_finished(self) -> None:
        for partition in [p for p in self._read if self._next[p] >= self._stretch[p][1]]:
            self._stop(partition)

    def _stop(self, partition: int) -> None:
        if partition in self._read:
            self._read.remove(partition)
            self._consumer.incremental_unassign([TopicPartition(self._topic.name, partition)])

    def _look_at(self, fault: KafkaError, message: Message) -> None:
        """Raise what cannot mend itself; librdkafka goes on trying with the rest."""
        partition = cast(int, message.partition())
        if fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
            if partition in self._read:
                self._next[partition] = max(cast(int, message.offset()), self._next[partition])
            return
        where = f"{self._topic.name}[{partition}]"
        if fault.code() in _OUTSIDE:
            self._look_again(partition, where)
            return
        if fault.code() in _GONE:
            raise StreamError(f"{where}: the topic is gone", "was it deleted?")
        if fault.fatal() or fault.code() in _FATAL:
            raise unreachable(self._cluster, KafkaException(fault))
        logger.info("%s: %s", where, fault)

    def _look_again(self, partition: int, where: str) -> None:
        """Read on where a broker that has just begun to lead said too early that there is nothing.

        Raises:
            StreamError: the record to be read next is not in the log.
        """
        if partition not in self._read:
            return
        wanted = self._next[partition]
        try:
            place = TopicPartition(self._topic.name, partition)
            low, high = self._consumer.get_watermark_offsets(place, timeout=_ANSWER)
        except KafkaException as error:
            if error.args[0].code() not in UNSETTLED:
                raise unreachable(self._cluster, error) from error
            low, high = wanted, wanted
        if not low <= wanted <= high:
            raise StreamError(
                f"{where}: record {wanted} of the range is no longer in the topic",
                "retention was faster: replay what is left of the range into other --results",
            )
        self.seek({partition: wanted})
