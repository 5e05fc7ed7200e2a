"""Records of a Kafka topic, for a member of a consumer group that reads from where the results end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from tocsin.errors import SettingsError, StreamError
from tocsin.kafka import UNSETTLED, Cluster, Topic, bad_option, logger, unreachable
from tocsin.model import Batch, Stream
from tocsin.ports import BEGINNING, Listener, Positions
from tocsin.sources.kafka_batch import batch_of, with_gaps
from tocsin.sources.kafka_fetch import AHEAD
from tocsin.sources.kafka_link import Link
from tocsin.sources.kafka_topic import SameTopic

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
    **AHEAD,
    "topic.metadata.refresh.interval.ms": 30_000,  # partitions added to the topic are found within it
    "statistics.interval.ms": 2_000,  # how soon it shows that a broker is back
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

_ANSWER = 10.0
"""Seconds to wait for where a partition's log begins and ends."""

_LEAVE = 5.0
"""Seconds to leave the group in: it takes milliseconds when a broker is there."""

_AGAIN = 1.0
"""Seconds until positions are copied to the group again: while it is rebalanced it refuses them."""

_SHORT = 1.0
"""Seconds for which holding back costs nothing: pausing a partition throws away what was fetched of it."""


@dataclass(frozen=True, slots=True)
class Membership:
    """As whom a source reads, and what it does about records that are gone.

    Attributes:
        group: the consumer group.
        instance: a static member's name in the group; empty for a member of the moment.
        on_gap: `stop` when the next record was removed from the topic, or `continue` after the gap, which is
            then a rejected record.
        tell: called with a sentence when the cluster goes away, and when it is back.
    """

    group: str
    instance: str = ""
    on_gap: Literal["stop", "continue"] = "stop"
    tell: Callable[[str], None] = lambda _: None


class KafkaSource:
    """The source port over a consumer group; see `tocsin.ports.Source` for the promises.

    A partition is *paused* (librdkafka's word) from its assignment until it is sought, and while records are
    held back.

    Args:
        cluster: where the topic is; its options win over the defaults above.
        topic: what to read.
        member: as whom.

    Raises:
        SettingsError: a client property that librdkafka does not accept, or that would break a promise.
    """

    def __init__(self, cluster: Cluster, topic: Topic, member: Membership) -> None:
        self.link = Link(cluster.bootstrap_servers, member.tell)
        self._cluster = cluster
        self._topic = topic
        self._same = SameTopic(cluster, topic)
        self._member = member
        self._stream = Stream(kind="topic", name=topic.name, id=topic.id)
        self._owned: set[int] = set()
        self._leaving: set[int] = set()  # being revoked: still committed, no longer sought
        self._to_seek: dict[int, int] = {}
        self._next: dict[int, int] = {}  # of those sought: partition -> the record to be read next
        self._copies: dict[int, int] = {}  # partition -> the position that the group should have
        self._uncopied: set[int] = set()  # of those: refused
        self._copy_at = 0.0  # when these are tried again
        self._lag: dict[int, int] = {}
        self._held_since: float | None = None
        self._paused = False
        self._joined = False
        self._failure: Exception | None = None
        own = {
            "group.id": member.group,
            "client.id": "tocsin",
            "on_commit": self._copied,
            **self.link.callbacks(),
        }
        if member.instance:
            own["group.instance.id"] = member.instance
        try:
            self._consumer = Consumer(cluster.client({**_defaults(cluster.options), **own}))
        except KafkaException as error:
            raise bad_option(error) from error

    def open(self, listener: Listener) -> None:
        """Join the group; partitions come and go within `poll`."""

        def assigned(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            self._joined = True
            for partition in partitions:
                partition.offset = OFFSET_BEGINNING  # until it is sought
            consumer.incremental_assign(partitions)
            if partitions:
                consumer.pause(partitions)
            numbers = [p.partition for p in partitions]
            self._owned.update(numbers)
            self._guarded(listener.assigned, numbers)

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
        if max_records > 0:
            self._let_flow()
        elif self._holds_back():
            return None
        self._seek()
        self._copy_again()
        messages = self._there(max(max_records, 1), timeout)
        if self._failure is not None:
            raise self._failure
        self.link.check()
        batch = self._batch(messages) if messages else None
        if batch is not None:
            last = dict(zip(batch.partitions, batch.offsets, strict=True))  # offsets rise
            for partition, offset in last.items():  # the end may have been told with them: it is beyond
                self._next[partition] = max(self._next.get(partition, 0), offset + 1)
        self._lag = self._measured_lag()
        return batch

    def _there(self, most: int, timeout: float) -> list[Message]:
        """Wait for the first message, and take what is there with it.

        The client, asked for many, would wait until the time is over unless there are so many.
        """
        try:
            messages: list[Message] = self._consumer.consume(1, timeout)
            if messages and most > 1:
                messages += self._consumer.consume(most - 1, 0)
        except KafkaException as error:
            raise unreachable(self._cluster, error) from error
        return messages

    def seek(self, positions: Positions) -> None:
        """Read on from the positions, of those partitions that are still owned.

        Raises:
            StreamError: the client refuses.
        """
        self._to_seek.update({p: o for p, o in positions.items() if p in self._owned - self._leaving})
        self._lag = {p: behind for p, behind in self._lag.items() if p not in positions}  # measured anew
        self._seek()

    def beginning(self, partitions: list[int]) -> Positions:
        """Return the first offsets that the log still has.

        Raises:
            StreamError: nobody answers.
        """
        try:
            return {p: self._bounds(p)[0] for p in partitions}
        except KafkaException as error:
            raise unreachable(self._cluster, error) from error

    def confirm(self) -> None:
        """See `SameTopic.confirm`."""
        self._same.confirm()

    def waiting(self) -> float | None:
        """Return for how many seconds no broker has answered; None when one does."""
        return self.link.waiting()

    def commit(self, positions: Positions) -> None:
        """Copy the positions to the group, in the background; failing is not worth stopping for."""
        ours = {p: offset for p, offset in positions.items() if p in self._owned}
        self._copies.update(ours)
        self._uncopied.difference_update(ours)
        if ours:
            places = [self._place(p, offset) for p, offset in ours.items()]
            try:
                self._consumer.commit(offsets=places, asynchronous=True)
            except KafkaException as error:
                self._copied(error.args[0], places)

    def close(self) -> None:
        """Leave the group, so that others take over at once; a static member's partitions wait for it.

        When no broker answers, the group finds out by itself. The client would wait for one, for as long as a
        copy of positions is under way.
        """
        leaving = threading.Thread(target=self._consumer.close, name="leaves-group", daemon=True)
        leaving.start()
        leaving.join(_LEAVE)

    def lag(self) -> dict[int, int]:
        """Return partition -> records not yet read, as of the last poll; may be called from any thread."""
        return self._lag

    def joined(self) -> bool:
        """Say whether this is a member of the group; may be called from any thread."""
        return self._joined

    def caught_up(self) -> bool:
        """Say whether everything that was there at the last fetch of every owned partition has been read."""
        return self._joined and self._lag.keys() == self._owned and not any(self._lag.values())

    def _measured_lag(self) -> dict[int, int]:
        """Compare with the ends of the partitions that the last fetches told, which costs no request.

        Here and not in `lag`, because the consumer makes other threads wait as long as it polls.
        """
        found = {}
        for partition in sorted(self._next):
            low, high = self._consumer.get_watermark_offsets(self._place(partition), cached=True)
            if high >= 0:
                found[partition] = max(0, high - max(low, self._next[partition]))
        return found

    def _copied(self, error: KafkaError | None, places: list[TopicPartition]) -> None:
        """Take note of the copies that the group has refused; called within `poll`."""
        for place in places:
            fault = error or place.error
            if fault is not None and self._copies.get(place.partition) == place.offset:
                logger.info("offset %d of %s was not copied: %s", place.offset, place.partition, fault)
                self._uncopied.add(place.partition)
                self._copy_at = time.monotonic() + _AGAIN

    def _copy_again(self) -> None:
        """Copy what was refused, or lag tools would show a lag until the next record comes."""
        if self._uncopied and time.monotonic() >= self._copy_at:
            self.commit({p: self._copies[p] for p in self._uncopied})

    def _let_flow(self) -> None:
        self._held_since = None
        if self._paused:
            self._paused = False
            self._consumer.resume([self._place(p) for p in self._next])

    def _holds_back(self) -> bool:
        """Pause what is read when that has been wished for a while; say whether it is too early for that."""
        now = time.monotonic()
        self._held_since = self._held_since or now
        if now - self._held_since < _SHORT:
            return True
        if not self._paused:
            self._paused = True
            self._consumer.pause([self._place(p) for p in self._next])
        return False

    def _seek(self) -> None:
        for partition, offset in list(self._to_seek.items()):
            place = self._place(partition, OFFSET_BEGINNING if offset == BEGINNING else offset)
            if partition not in self._next:  # where it begins is being asked: the answer could undo a seek
                self._start(place)
            else:
                try:
                    self._consumer.seek(place)
                except KafkaException as error:
                    if error.args[0].code() != KafkaError._STATE:  # noqa: SLF001 - librdkafka's name
                        raise unreachable(self._cluster, error) from error
                    self._start(place)  # an error has stopped it: only this starts it
            del self._to_seek[partition]
            self._next[partition] = max(0, offset)
            (self._consumer.pause if self._paused else self._consumer.resume)([place])

    def _start(self, place: TopicPartition) -> None:
        """Assign a partition anew, at a place."""
        self._consumer.incremental_unassign([place])
        self._consumer.incremental_assign([place])

    def _place(self, partition: int, offset: int = 0) -> TopicPartition:
        return TopicPartition(self._topic.name, partition, offset)

    def _let_go(
        self, consumer: Consumer, partitions: list[TopicPartition], tell: Callable[[list[int]], None]
    ) -> None:
        numbers = [p.partition for p in partitions]
        self._leaving.update(numbers)
        self._guarded(tell, numbers)
        for partition in numbers:
            for known in (self._leaving, self._owned, self._uncopied):
                known.discard(partition)
            for positions in (self._to_seek, self._next, self._copies):
                positions.pop(partition, None)
        consumer.incremental_unassign(partitions)

    def _guarded(self, callback: Callable[[list[int]], T], partitions: list[int]) -> T | None:
        """Call the loop; what it raises must not unwind through librdkafka, so `poll` raises it later."""
        try:
            return callback(partitions)
        except Exception as error:  # noqa: BLE001 - kept, and raised by poll
            self._failure = error
            return None

    def _batch(self, messages: list[Message]) -> Batch | None:
        """Return the records among what the client gave, and those that are lost, as rejected ones."""
        good = [m for m in messages if m.error() is None]
        gaps: list[tuple[int, int, str]] = []
        if len(good) < len(messages):
            for message in messages:
                fault = message.error()
                if fault is not None:
                    gaps += self._look_at(fault, message)
        if not good and not gaps:
            return None
        batch = batch_of(self._stream, good)
        return with_gaps(batch, gaps) if gaps else batch

    def _look_at(self, fault: KafkaError, message: Message) -> list[tuple[int, int, str]]:
        """Raise what cannot mend itself, and return a gap; librdkafka goes on trying with the rest."""
        partition = cast(int, message.partition())
        if fault.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
            if partition in self._next:
                self._next[partition] = max(cast(int, message.offset()), self._next[partition])
            return []
        where = f"{self._topic.name}[{partition}]"
        if fault.code() in _OUTSIDE:
            return self._gap(partition, where) if partition in self._next else []
        if fault.code() in _GONE:
            raise StreamError(f"{where}: the topic is gone", "was it deleted?")
        if fault.fatal() or fault.code() in _FATAL:
            raise unreachable(self._cluster, KafkaException(fault))
        logger.info("%s: %s", where, fault)
        return []

    def _gap(self, partition: int, where: str) -> list[tuple[int, int, str]]:
        """Go on after the records that are gone, when that is wanted.

        Returns: the partition, the last offset that is gone, and a sentence; nothing when no record is gone.

        Raises:
            StreamError: it is not wanted, or the position is no gap but lies beyond the end.
            SettingsError: because the topic was made anew.
        """
        wanted = self._next[partition]
        try:
            low, high = self._bounds(partition)
        except KafkaException as error:
            if error.args[0].code() not in UNSETTLED:
                raise unreachable(self._cluster, error) from error
            self.seek({partition: wanted})  # the next fetch is refused again, or the broker knows by then
            return []
        if wanted > high:
            self._same.confirm()
            raise StreamError(
                f"{where}: record {wanted} is to be read next, but the topic ends at {high}",
                "records that were classified are no longer in it; begin anew with other --results",
            )
        if wanted >= low:  # it is there: a broker that was just started did not know its end yet
            self.seek({partition: wanted})
            return []
        gone = f"offsets {wanted} to {low - 1} were removed before they were read"
        if self._member.on_gap == "stop":
            raise StreamError(
                f"{where}: the next record to read is no longer in the topic: {gone}",
                "retention was faster; go on without them with --on-gap continue",
            )
        self._member.tell(f"{where}: {gone}; going on after them")
        self.seek({partition: low})
        return [(partition, low - 1, gone)]

    def _bounds(self, partition: int) -> tuple[int, int]:
        found: tuple[int, int] = self._consumer.get_watermark_offsets(self._place(partition), timeout=_ANSWER)
        return found


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
