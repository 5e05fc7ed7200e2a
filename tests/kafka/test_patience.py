"""What passes by itself is asked again: a topic just made, a leader that changes; what stays is told soon."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka import admin as kafka_admin
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tocsin.errors import StreamError
from tocsin.kafka import Cluster, browsing, cluster, offsets, patience, topic_of
from tocsin.kafka.browsing import Stretch, Topics
from tocsin.kafka.offsets import Desk
from tocsin.kafka.patience import LEADERLESS, UNCONTROLLED

NOWHERE = Cluster("127.0.0.1:9")

_ADMIN: Any = kafka_admin  # ships no types for what is used here


class Broker:
    """Answers as an admin client does; the first questions about partition 1 of `events` go wrong."""

    def __init__(self, code: int, times: int) -> None:
        self.code = code
        self.left = times

    def list_offsets(self, asked: Mapping[TopicPartition, object], **_: object) -> dict[TopicPartition, Any]:
        fails, self.left = self.left > 0, self.left - 1
        return {p: failed(self.code) if fails and p.partition == 1 else offset(7) for p in asked}

    def list_topics(self, **_: object) -> Any:
        return SimpleNamespace(topics={"events": SimpleNamespace(partitions={0: None, 1: None})})


def failed(code: int) -> Future[Any]:
    answer: Future[Any] = Future()
    answer.set_exception(KafkaException(KafkaError(code)))
    return answer


def offset(value: int) -> Future[Any]:
    answer: Future[Any] = Future()
    answer.set_result(SimpleNamespace(offset=value))
    return answer


Asked = Callable[[Broker], Mapping[int, object]]


@pytest.fixture(params=[offsets, browsing], ids=["lag", "console"])
def asked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Both ways to ask for offsets, each with a given broker."""
    monkeypatch.setattr(patience, "_PAUSE", 0.01)
    monkeypatch.setattr(browsing, "_PAUSE", 0.01)

    def ask(broker: Broker) -> Mapping[int, object]:
        known = SimpleNamespace(AdminClient=lambda _: broker, OffsetSpec=_ADMIN.OffsetSpec)
        monkeypatch.setattr(request.param, "_ADMIN", known)
        if request.param is offsets:
            return Desk(NOWHERE, "events").ends([0, 1])
        found = Topics(NOWHERE).bounds("events", [0, 1])
        assert all(stretch == Stretch(7, 7) for stretch in found.values())
        return {partition: stretch.end for partition, stretch in found.items()}

    return ask


@pytest.mark.parametrize("code", sorted(LEADERLESS))
def test_a_partition_whose_leader_changes_is_asked_again(asked, code):
    """Whoever runs a command does not have to know that brokers take a moment."""
    assert asked(Broker(code, times=3)) == {0: 7, 1: 7}


@pytest.mark.parametrize("code", [KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.INVALID_REQUEST])
def test_a_refusal_is_told_at_once(asked, code):
    """Waiting does not mend it."""
    broker = Broker(code, times=2)
    with pytest.raises(StreamError, match="refuses"):
        asked(broker)
    assert broker.left == 1, "it was asked once"


def test_a_partition_without_a_leader_for_long_is_told(monkeypatch):
    """The figures would be wrong without it, so there are none."""
    monkeypatch.setattr(offsets, "_TIMEOUT", 0.5)
    known = SimpleNamespace(
        AdminClient=lambda _: Broker(KafkaError.LEADER_NOT_AVAILABLE, 10**6), OffsetSpec=_ADMIN.OffsetSpec
    )
    monkeypatch.setattr(offsets, "_ADMIN", known)
    with pytest.raises(StreamError, match="refuses: Broker: Leader not available"):
        Desk(NOWHERE, "events").ends([0, 1])


@pytest.mark.kafka
def test_topics_made_a_moment_ago_have_ends(kafka, unique_name):
    """The broker says that a topic is made before it leads its partitions: about one question in three comes
    too early."""
    admin = AdminClient({"bootstrap.servers": kafka})
    looking = Topics(Cluster(kafka))
    looking.partitions()
    for n in range(12):
        name = f"{unique_name}-{n}"
        desk = Desk(Cluster(kafka), name)
        admin.create_topics([NewTopic(name, 2, 1)])[name].result(20)
        assert desk.ends([0, 1]) == {0: 0, 1: 0}
        other = f"{unique_name}-seen-{n}"
        admin.create_topics([NewTopic(other, 2, 1)])[other].result(20)
        assert looking.bounds(other, [0, 1]) == dict.fromkeys([0, 1], Stretch(0, 0))


@pytest.mark.kafka
def test_a_topic_that_does_not_exist_is_told_soon(kafka, unique_name):
    """A person who misspelt a name waits for the answer."""
    begun = time.monotonic()
    with pytest.raises(StreamError, match="refuses"):
        Desk(Cluster(kafka), unique_name).ends([0])
    assert time.monotonic() - begun < 8


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        *(("create_topics", code) for code in sorted(UNCONTROLLED)),
        ("describe_topics", KafkaError.LEADER_NOT_AVAILABLE),
    ],
)
def test_a_topic_is_made_while_brokers_choose_who_decides(kafka, unique_name, monkeypatch, asked, code):
    """A request that was lost is sent again, and a topic that was made all the same is taken as it is."""
    lost: list[str] = []

    class Losing(AdminClient):
        """Does what it is asked, and loses the first answer."""

        def create_topics(self, *given: Any, **named: Any) -> Any:
            return self._answers("create_topics", super().create_topics(*given, **named))

        def describe_topics(self, *given: Any, **named: Any) -> Any:
            return self._answers("describe_topics", super().describe_topics(*given, **named))

        def _answers(self, kind: str, answers: dict[str, Future[Any]]) -> Any:
            if kind != asked or lost:
                return answers
            lost.append(kind)
            wait(answers.values(), 20)
            return dict.fromkeys(answers, failed(code))

    monkeypatch.setattr(cluster, "AdminClient", Losing)
    assert topic_of(Cluster(kafka), unique_name, 3).partitions == 3
    assert lost == [asked]
