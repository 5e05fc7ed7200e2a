"""What a cluster says of a topic's log and of a consumer group: where they are, and who reads what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka import admin as kafka_admin

from tocsin.kafka.cluster import Cluster, unreachable
from tocsin.kafka.patience import LEADERLESS, UNCOORDINATED, patiently

_TIMEOUT = 10.0

_UNKNOWN = 2.0
"""Seconds after which a topic that no broker knows is taken for one that does not exist.

One that was made a moment ago comes round to every broker within some tenths of a second.
"""

_ADMIN: Any = kafka_admin  # ships no types for what is used here

Offsets = Mapping[int, int]
"""Partition -> offset."""


@dataclass(frozen=True, slots=True)
class Member:
    """A worker as its group knows it.

    Attributes:
        id: that the group gave it.
        client: what it calls itself.
        host: where it connects from, as the broker sees it.
    """

    id: str
    client: str
    host: str


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group and one topic.

    Attributes:
        state: such as `STABLE`; `EMPTY` without members, `DEAD` when there is no such group.
        owners: partition -> who reads it.
        committed: partition -> the group's copy of the position.
    """

    state: str
    owners: Mapping[int, Member]
    committed: Offsets


class Desk:
    """Asks a cluster about one topic; every answer is a request for all partitions at once.

    Args:
        cluster: where the topic is.
        topic: its name.
    """

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._cluster = cluster
        self._topic = topic
        self._admin = _ADMIN.AdminClient(cluster.client({"client.id": "tocsin-lag"}))

    def ends(self, partitions: Iterable[int]) -> Offsets:
        """Return the offset after the last record that readers may see, of each partition.

        Raises:
            StreamError: nobody answers.
        """
        return self._offsets(dict.fromkeys(partitions, _ADMIN.OffsetSpec.latest()))

    def beginnings(self, partitions: Iterable[int]) -> Offsets:
        """Return the offset of the first record that the log still has, of each partition.

        Raises:
            StreamError: nobody answers.
        """
        return self._offsets(dict.fromkeys(partitions, _ADMIN.OffsetSpec.earliest()))

    def at(self, partitions: Sequence[int], time: int) -> Offsets:
        """Return the offset of the first record of a time (milliseconds since 1970) or later.

        Where there is none, it is the end.

        Raises:
            StreamError: nobody answers.
        """
        found = self._offsets(dict.fromkeys(partitions, _ADMIN.OffsetSpec.for_timestamp(max(0, time))))
        later = [p for p, offset in found.items() if offset < 0]
        return {**found, **(self.ends(later) if later else {})}

    def group(self, name: str) -> Group:
        """Return what the brokers know of a group; one that does not exist has nothing.

        Raises:
            StreamError: nobody answers.
        """
        with self._told():
            found = patiently(lambda: self._described(name), _for_groups)
            held = patiently(lambda: self._committed(name), _for_groups)
        committed = {p.partition: p.offset for p in held if p.topic == self._topic and p.offset >= 0}
        if found is None:
            return Group("DEAD", {}, committed)
        owners = {
            place.partition: Member(member.member_id, member.client_id, member.host.removeprefix("/"))
            for member in found.members
            if member.assignment is not None
            for place in member.assignment.topic_partitions
            if place.topic == self._topic
        }
        return Group(found.state.name, owners, committed)

    def _committed(self, name: str) -> Sequence[TopicPartition]:
        asked = ConsumerGroupTopicPartitions(name)
        listed = self._admin.list_consumer_group_offsets([asked], request_timeout=_TIMEOUT)[name]
        found: Sequence[TopicPartition] = _result(listed).topic_partitions
        return found

    def _described(self, name: str) -> Any | None:  # noqa: ANN401 - confluent-kafka ships no types
        asked = self._admin.describe_consumer_groups([name], request_timeout=_TIMEOUT)
        try:
            return _result(asked[name])
        except KafkaException as error:
            if error.args[0].code() == KafkaError.GROUP_ID_NOT_FOUND:
                return None
            raise

    def _offsets(self, asked: Mapping[int, object]) -> dict[int, int]:
        if not asked:
            return {}
        with self._told():
            return patiently(lambda: self._listed(asked), lambda code: self._patience(code, asked))

    def _listed(self, asked: Mapping[int, object]) -> dict[int, int]:
        places = {TopicPartition(self._topic, partition): spec for partition, spec in asked.items()}
        answers = self._admin.list_offsets(places, request_timeout=_TIMEOUT)
        return {place.partition: cast(int, _result(answer).offset) for place, answer in answers.items()}

    def _patience(self, code: int, partitions: Iterable[int]) -> float:
        """Return for how long to ask partitions again; looking up who leads them now helps the next try."""
        if code not in LEADERLESS:
            return 0.0
        known = self._admin.list_topics(timeout=_TIMEOUT).topics.get(self._topic)
        return _TIMEOUT if known and set(partitions) <= set(known.partitions) else _UNKNOWN

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (KafkaException, TimeoutError) as error:
            raise unreachable(self._cluster, error) from error


def _result(answer: Any) -> Any:  # noqa: ANN401 - confluent-kafka ships no types
    return answer.result(_TIMEOUT)


def _for_groups(code: int) -> float:
    return _TIMEOUT if code in UNCOORDINATED else 0.0
