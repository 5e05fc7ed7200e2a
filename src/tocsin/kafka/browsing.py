"""Looks into the topics of a cluster without taking part: no group, no commit, nothing created."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import admin as kafka_admin

from tocsin.kafka.cluster import Cluster, unreachable
from tocsin.kafka.faults import bad_option, check_options
from tocsin.kafka.headers import headers_of
from tocsin.kafka.patience import LEADERLESS
from tocsin.model import Headers

_TIMEOUT = 10.0

_LEADERLESS = 2.0
"""Seconds that a partition has to get a leader: one that was made a moment ago does within some tenths."""

_PAUSE = 0.1

_ADMIN: Any = kafka_admin  # ships no types for what is used here


@dataclass(frozen=True, slots=True)
class TopicSize:
    """A topic and how much is in it.

    Attributes:
        records: offsets between the log's start and end; markers of transactions and what was compacted
            away count too.
    """

    name: str
    partitions: int
    records: int


@dataclass(frozen=True, slots=True)
class Found:
    """A record as it lies in a topic.

    Attributes:
        timestamp: milliseconds since 1970; None where it has none.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    headers: Headers
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where to read in a partition.

    Attributes:
        first: offset to begin at.
        end: offset to stop before.
    """

    first: int
    end: int


class Topics:
    """What topics a cluster has. Any thread may ask.

    Args:
        cluster: where.

    Raises:
        SettingsError: properties that librdkafka does not accept.
    """

    def __init__(self, cluster: Cluster) -> None:
        check_options(cluster.options)
        self._cluster = cluster
        with _told(cluster):
            self._admin = _ADMIN.AdminClient(cluster.client({"client.id": "tocsin-console"}))

    def partitions(self, timeout: float = _TIMEOUT) -> dict[str, int]:
        """Return the topics with the number of their partitions; Kafka's own are left out.

        Raises:
            StreamError: nobody answers.
        """
        with _told(self._cluster):
            known = self._admin.list_topics(timeout=timeout).topics
        return {name: len(found.partitions) for name, found in known.items() if not name.startswith("__")}

    def sizes(self) -> list[TopicSize]:
        """Return the topics with how much is in each, by name; two requests for all of them.

        Raises:
            StreamError: nobody answers.
        """
        known = self.partitions()
        places = [(name, partition) for name, count in known.items() for partition in range(count)]
        begins, ends = self._offsets(places, "earliest"), self._offsets(places, "latest")
        held = {place: max(0, ends.get(place, 0) - begins.get(place, 0)) for place in places}
        return [
            TopicSize(name, known[name], sum(held[name, partition] for partition in range(known[name])))
            for name in sorted(known)
        ]

    def bounds(self, topic: str, partitions: Iterable[int]) -> dict[int, Stretch]:
        """Return what a topic has, by partition; one that has no leader is left out.

        Raises:
            StreamError: nobody answers.
        """
        begins = self._offsets([(topic, partition) for partition in partitions], "earliest", _LEADERLESS)
        ends = self._offsets(list(begins), "latest", _LEADERLESS)
        return {place[1]: Stretch(begins[place], end) for place, end in ends.items()}

    def _offsets(
        self, places: Sequence[tuple[str, int]], which: str, seconds: float = 0.0
    ) -> dict[tuple[str, int], int]:
        """Return the offsets of those partitions that have a leader to ask, or get one within a time."""
        found: dict[tuple[str, int], int] = {}
        deadline = time.monotonic() + seconds
        while left := [place for place in places if place not in found]:
            found |= self._answered(left, which)
            if len(found) < len(places):
                self.partitions()  # which tells when nobody answers, and looks up who leads
                if time.monotonic() >= deadline:
                    break
                time.sleep(_PAUSE)
        return found

    def _answered(self, places: Sequence[tuple[str, int]], which: str) -> dict[tuple[str, int], int]:
        spec = getattr(_ADMIN.OffsetSpec, which)()
        found: dict[tuple[str, int], int] = {}
        with _told(self._cluster):
            answers = self._admin.list_offsets(
                {TopicPartition(*p): spec for p in places}, request_timeout=_TIMEOUT
            )
        for place, answer in answers.items():
            try:
                found[place.topic, place.partition] = answer.result(_TIMEOUT).offset
            except (KafkaException, TimeoutError) as error:
                if isinstance(error, TimeoutError) or error.args[0].code() not in LEADERLESS:
                    raise unreachable(self._cluster, error) from error
        return found


class Peek:
    """Reads stretches of a topic, from oldest to newest in each partition. One thread; close it.

    Args:
        cluster: where.
        topic: which one.
        stretches: partition -> where to read.
        fetch_bytes: about how much is fetched ahead.
        follows: go on at the end of the log when more comes; else a stretch ends there.

    Attributes:
        skipped: offsets that were passed over by `skip_ahead`.

    Raises:
        StreamError: nobody answers.
        SettingsError: properties that librdkafka does not accept.
    """

    def __init__(
        self,
        cluster: Cluster,
        topic: str,
        stretches: Mapping[int, Stretch],
        fetch_bytes: int,
        *,
        follows: bool = False,
    ) -> None:
        self._cluster = cluster
        self._topic = topic
        self._follows = follows
        self._left = {p: s for p, s in stretches.items() if s.first < s.end}
        self._next = {partition: stretch.first for partition, stretch in self._left.items()}
        self._sought: set[int] = set()
        self.skipped = 0
        with _told(cluster):
            self._consumer = Consumer({**cluster.client(_CLIENT), **_NEVER, **_fetching(fetch_bytes)})
            self._consumer.assign([TopicPartition(topic, p, s.first) for p, s in self._left.items()])

    @property
    def is_at_end(self) -> bool:
        """Say whether everything was read."""
        return not self._left

    def read(self, most: int, seconds: float) -> list[Found]:
        """Return the next records that are there within a time; none at the end.

        Raises:
            StreamError: nobody answers.
        """
        found: list[Found] = []
        deadline = time.monotonic() + seconds
        while self._left and len(found) < most and (left := deadline - time.monotonic()) > 0:
            with _told(self._cluster):
                messages = self._consumer.consume(min(100, most - len(found)), min(left, 0.2))
            for message in messages:
                self._take(message, found)
        return found

    def skip_ahead(self) -> None:
        """Go on at the end of the log; what is passed over is counted when the next record is read."""
        with _told(self._cluster):
            for partition in self._left:
                self._consumer.seek(TopicPartition(self._topic, partition, OFFSET_END))
        self._sought.update(self._left)

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()

    def _take(self, message: Any, found: list[Found]) -> None:  # noqa: ANN401 - confluent-kafka ships no types
        partition = message.partition()
        if (error := message.error()) is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name
                if not self._follows:
                    self._end(partition)
                return
            if error.code() in _GONE:
                self._left.pop(partition, None)
                return
            raise unreachable(self._cluster, KafkaException(error))
        stretch = self._left.get(partition)
        if stretch is not None and message.offset() < stretch.end:
            self._note(partition, message.offset())
            found.append(_found(message))
        if stretch is not None and message.offset() + 1 >= stretch.end:
            self._end(partition)

    def _note(self, partition: int, offset: int) -> None:
        """Count what was passed over; elsewhere a gap is a marker of a transaction, which is no record."""
        if partition in self._sought:
            self.skipped += max(0, offset - self._next[partition])
            self._sought.discard(partition)
        self._next[partition] = offset + 1

    def _end(self, partition: int) -> None:
        """Fetch no more of a partition whose stretch is read."""
        self._left.pop(partition, None)
        self._consumer.pause([TopicPartition(self._topic, partition)])


_GONE = {
    KafkaError.OFFSET_OUT_OF_RANGE,
    KafkaError._AUTO_OFFSET_RESET,  # noqa: SLF001 - librdkafka's name
    KafkaError.UNKNOWN_TOPIC_OR_PART,
}
"""What retention, or somebody who deletes a topic, may have taken between the question and the answer."""


_CLIENT = {
    "client.id": "tocsin-console",
    "group.id": "tocsin-console",  # librdkafka wants a name; who never subscribes joins no group
    "fetch.wait.max.ms": 100,
    "fetch.error.backoff.ms": 100,
}

_NEVER = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "allow.auto.create.topics": False,
    "enable.partition.eof": True,
}
"""What no option of the user may change: looking leaves no trace."""


def _fetching(bytes_: int) -> dict[str, int]:
    return {"queued.max.messages.kbytes": max(1, bytes_ // 1024), "fetch.message.max.bytes": bytes_}


def _found(message: Any) -> Found:  # noqa: ANN401 - confluent-kafka ships no types
    kind, timestamp = message.timestamp()
    return Found(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp=timestamp if kind else None,
        key=message.key(),
        headers=headers_of(message),
        value=message.value(),
    )


@contextmanager
def _told(cluster: Cluster) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        if error.args[0].code() == KafkaError._INVALID_ARG:  # noqa: SLF001 - librdkafka's name
            raise bad_option(error) from error
        raise unreachable(cluster, error) from error
