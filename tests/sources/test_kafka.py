"""The Kafka source on a real broker: it reads on where it is told to, and knows when it is at the end."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any, Literal

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions

from tocsin.errors import SettingsError, StreamError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.model import Rejected, RejectReason
from tocsin.ports import BEGINNING
from tocsin.sources import kafka as kafka_source
from tocsin.sources.kafka import KafkaSource, Membership

QUICK = {"session.timeout.ms": "6000", "heartbeat.interval.ms": "200"}


class Reading:
    """A member of the topic's group, with every record it was given, and who came and went.

    `positions` stand for the results: where partitions go on, perhaps of several members.
    """

    def __init__(self, source: KafkaSource, positions: dict[int, int]) -> None:
        self.source = source
        self.positions = positions
        self.records: list[tuple[int, int]] = []
        self.faults: list[Rejected] = []
        self.calls: list[tuple[str, list[int]]] = []
        self._new: list[int] = []

    def assigned(self, partitions: list[int]) -> None:
        self.calls.append(("assigned", partitions))
        self._new += partitions

    def revoked(self, partitions: list[int]) -> None:
        self.calls.append(("revoked", partitions))

    def lost(self, partitions: list[int]) -> None:
        self.calls.append(("lost", partitions))

    def turn(self, timeout: float = 0.1, max_records: int = 10_000) -> None:
        batch = self.source.poll(max_records, timeout)
        if batch is not None:
            self.records += zip(batch.partitions, batch.offsets, strict=True)
            self.positions.update((p, o + 1) for p, o in self.records)
            self.faults += batch.faults.values()
        if self._new:
            self.source.seek({p: self.positions.get(p, BEGINNING) for p in self._new})
            self._new = []

    def until(self, condition: Callable[[], bool], timeout: float = 60.0) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "waited too long"
            self.turn()


@contextmanager
def reading(
    kafka: str,
    topic: Topic,
    options: Mapping[str, str] = QUICK,
    positions: dict[int, int] | None = None,
    on_gap: Literal["stop", "continue"] = "stop",
    instance: str = "",
) -> Iterator[Reading]:
    source = KafkaSource(Cluster(kafka, options), topic, Membership(topic.name, instance, on_gap))
    one = Reading(source, {} if positions is None else positions)
    source.open(one)
    try:
        yield one
    finally:
        source.close()


def send(kafka: str, topic: Topic, counts: Mapping[int, int]) -> None:
    producer = Producer({"bootstrap.servers": kafka})
    for partition, count in counts.items():
        for number in range(count):
            producer.produce(topic.name, b"record %d" % number, partition=partition)
    producer.flush()


def trim(kafka: str, topic: Topic, offset: int) -> None:
    """Remove what is before an offset of partition 0."""
    admin = AdminClient({"bootstrap.servers": kafka})  # named: dropping it would cancel the request
    (trimmed,) = admin.delete_records([TopicPartition(topic.name, 0, offset)]).values()
    assert trimmed.result(20).low_watermark == offset


@pytest.fixture
def topic(kafka, unique_name) -> Topic:
    return topic_of(Cluster(kafka), unique_name, 3)


@pytest.mark.kafka
@pytest.mark.parametrize("counts", [{}, {1: 5}, {0: 5, 1: 5, 2: 5}])
def test_it_knows_the_end_with_empty_partitions_too(kafka, topic, counts):
    """`--once` must neither end early nor wait for ever."""
    send(kafka, topic, counts)
    with reading(kafka, topic) as one:
        assert not one.source.caught_up()
        one.until(one.source.caught_up)
        assert sorted(one.records) == [(p, o) for p, count in sorted(counts.items()) for o in range(count)]
        assert one.source.lag() == {0: 0, 1: 0, 2: 0}


@pytest.mark.kafka
def test_marks_of_transactions_are_no_backlog(kafka, topic):
    """A topic may end in markers and in records that were taken back: offsets that nobody is given."""
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": topic.name})
    producer.init_transactions()
    for partition, finish in ((0, producer.commit_transaction), (0, producer.abort_transaction)):
        producer.begin_transaction()
        producer.produce(topic.name, b"in a transaction", partition=partition)
        producer.flush()
        finish()
    producer.begin_transaction()
    producer.produce(topic.name, b"taken back", partition=1)
    producer.flush()
    producer.abort_transaction()
    with reading(kafka, topic) as one:
        one.until(one.source.caught_up)
        assert one.records == [(0, 0)]
    with reading(kafka, topic) as patient:
        patient.turn(timeout=3.0)  # records and the end of the partition, told at once
        patient.until(patient.source.caught_up)
        assert patient.records == [(0, 0)]
    with reading(kafka, topic, positions={0: 1}) as again:
        again.until(again.source.caught_up)
        assert again.records == []


@pytest.mark.kafka
def test_a_member_too_many_is_at_the_end(kafka, topic):
    """With more workers than partitions, one has nothing to wait for."""
    send(kafka, topic, {0: 3, 1: 3, 2: 3})
    shared: dict[int, int] = {}
    members = []
    for _ in range(4):
        member = Reading(KafkaSource(Cluster(kafka, QUICK), topic, Membership(topic.name)), shared)
        member.source.open(member)
        members.append(member)
    deadline = time.monotonic() + 60
    while not all(m.source.caught_up() for m in members) or sum(len(m.source.lag()) for m in members) != 3:
        assert time.monotonic() < deadline, [m.source.lag() for m in members]
        for member in members:
            member.turn()
    for member in members:
        member.source.close()
    assert sorted(r for m in members for r in m.records) == [(p, o) for p in range(3) for o in range(3)]


@pytest.mark.kafka
def test_a_member_that_was_put_out_is_not_at_the_end(kafka, topic):
    """Whoever was away too long owns nothing until the group takes them back: that is no end of the topic."""
    send(kafka, topic, {0: 3})
    with reading(kafka, topic, {**QUICK, "max.poll.interval.ms": "6000"}) as one:
        one.until(one.source.caught_up)
        time.sleep(7.0)
        while ("lost", [0, 1, 2]) not in one.calls:
            one.turn(timeout=0.0)  # sees the moment between losing everything and getting it back
        one.until(one.source.caught_up)
        assert one.source.lag() == {0: 0, 1: 0, 2: 0}


@pytest.mark.kafka
def test_it_reads_on_where_it_is_sent(kafka, topic):
    """What was fetched ahead is not handed out after a seek, neither forward nor back."""
    send(kafka, topic, {0: 5_000})
    with reading(kafka, topic) as one:
        one.until(lambda: len(one.source.lag()) == 3 and bool(one.records))
        one.records.clear()
        one.source.seek({0: 10})
        assert not one.source.caught_up()
        one.until(lambda: bool(one.records))
        assert one.records[0] == (0, 10)
        one.until(one.source.caught_up)
        assert one.records == [(0, o) for o in range(10, 5_000)]
        one.records.clear()
        one.source.seek({0: 4_990, 7: 3})
        one.until(lambda: len(one.records) == 10)
        assert one.records[0] == (0, 4_990)


@pytest.mark.kafka
def test_records_that_retention_took_are_told(kafka, topic):
    """A gap is never skipped in silence; where nothing was read before, there is none."""
    send(kafka, topic, {0: 10})
    trim(kafka, topic, 6)
    with (
        reading(kafka, topic, positions={0: 3}) as one,
        pytest.raises(StreamError, match="no longer in the topic"),
    ):
        one.until(lambda: False)
    with reading(kafka, topic) as new:
        new.until(new.source.caught_up)
        assert new.records == [(0, o) for o in range(6, 10)]


@pytest.mark.kafka
def test_a_gap_is_gone_over_when_that_is_wanted(kafka, topic):
    """It is one rejected record that says what is gone, just before the first one that is there."""
    send(kafka, topic, {0: 10, 1: 3})
    trim(kafka, topic, 6)
    with reading(kafka, topic, positions={0: 3}, on_gap="continue") as one:
        one.until(one.source.caught_up)
        assert [o for p, o in one.records if p == 0] == [5, 6, 7, 8, 9]
        assert [o for p, o in one.records if p == 1] == [0, 1, 2]
        assert one.faults == [
            Rejected(RejectReason.LOST, "offsets 3 to 5 were removed before they were read")
        ]


@pytest.mark.kafka
@pytest.mark.parametrize("code", [KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError._TIMED_OUT])
def test_a_gap_is_measured_again_when_the_leader_changes_meanwhile(kafka, topic, monkeypatch, code):
    """The worker does not end for that: only what the new leader says is a gap is one."""
    changes = 2

    class Changing(Consumer):
        """The first questions where the log begins come while nobody leads."""

        def get_watermark_offsets(self, *given: Any, **named: Any) -> Any:
            nonlocal changes
            if "timeout" in named and changes:
                changes -= 1
                raise KafkaException(KafkaError(code))
            return super().get_watermark_offsets(*given, **named)

    monkeypatch.setattr(kafka_source, "Consumer", Changing)
    send(kafka, topic, {0: 10})
    trim(kafka, topic, 6)
    with reading(kafka, topic, positions={0: 3}, on_gap="continue") as one:
        one.until(one.source.caught_up)
        assert [o for _, o in one.records] == [5, 6, 7, 8, 9]
        assert [fault.reason for fault in one.faults] == [RejectReason.LOST]
    assert not changes


@pytest.mark.kafka
@pytest.mark.parametrize("on_gap", ["stop", "continue"])
def test_a_position_beyond_the_end_is_no_gap(kafka, topic, on_gap):
    """Records that were classified have vanished from the topic: nothing to go on from."""
    send(kafka, topic, {0: 10})
    with (
        reading(kafka, topic, positions={0: 30}, on_gap=on_gap) as one,
        pytest.raises(StreamError, match="record 30 is to be read next, but the topic ends at 10"),
    ):
        one.until(lambda: False)


@pytest.mark.kafka
def test_a_position_that_is_there_is_no_gap(kafka, topic):
    """A broker may say so for a moment, as after a restart: what it has is read then, and nothing else."""
    send(kafka, topic, {0: 6})
    with reading(kafka, topic, positions={0: 2}, on_gap="continue") as one:
        one.until(lambda: one.records == [(0, o) for o in range(2, 6)])
        assert one.source._gap(0, "here") == []
        send(kafka, topic, {0: 1})
        one.until(lambda: len(one.records) == 5)
        assert one.records[-1] == (0, 6)
    assert one.faults == []


@pytest.mark.kafka
def test_holding_back_loses_nothing(kafka, topic):
    """However long no records are wanted: those that were fetched ahead come later, each once, in order."""
    send(kafka, topic, {0: 3_000, 1: 3_000})
    with reading(kafka, topic) as one:
        one.until(lambda: len(one.source.lag()) == 3)
        while len(one.records) < 6_000:
            one.turn(max_records=700)
            before = len(one.records)
            held_until = time.monotonic() + (1.5 if before < 3_000 else 0.2)  # paused, and not yet paused
            while time.monotonic() < held_until:
                one.turn(timeout=0.05, max_records=0)
            assert len(one.records) == before
        one.until(one.source.caught_up)
        for partition in (0, 1):
            assert [o for p, o in one.records if p == partition] == list(range(3_000))


@pytest.mark.kafka
def test_partitions_come_and_go_while_records_are_held_back(kafka, topic):
    """A worker whose sink is slow does not keep others from joining."""
    send(kafka, topic, {0: 3, 1: 3, 2: 3})
    shared: dict[int, int] = {}
    with reading(kafka, topic, positions=shared) as slow:
        slow.until(slow.source.caught_up)
        with reading(kafka, topic, positions=shared) as other:
            deadline = time.monotonic() + 60
            while len(slow.source.lag()) == 3 or not other.source.lag():
                assert time.monotonic() < deadline, (slow.calls, other.calls)
                slow.turn(max_records=0)
                other.turn()
            assert any(call == "revoked" for call, _ in slow.calls)
    send(kafka, topic, {0: 3, 1: 3, 2: 3})
    with reading(kafka, topic, positions=shared) as last:
        last.until(last.source.caught_up)
        assert sorted(last.records) == [(p, o) for p in range(3) for o in (3, 4, 5)]


@pytest.mark.kafka
def test_partitions_that_are_added_are_found(kafka, topic):
    """Without a restart."""
    send(kafka, topic, {0: 1})
    with reading(kafka, topic, {**QUICK, "topic.metadata.refresh.interval.ms": "500"}) as one:
        one.until(one.source.caught_up)
        admin = AdminClient({"bootstrap.servers": kafka})
        admin.create_partitions([NewPartitions(topic.name, 5)])[topic.name].result(20)
        send(kafka, topic, {4: 2})
        one.until(lambda: (4, 1) in one.records)
        one.until(one.source.caught_up)
        assert sorted(one.source.lag()) == [0, 1, 2, 3, 4]
        assert sorted(one.records) == [(0, 0), (4, 0), (4, 1)]


@pytest.mark.kafka
def test_a_static_member_finds_its_partitions_again(kafka, topic):
    """A restart within the session timeout moves nothing: the others notice nothing of it."""
    send(kafka, topic, {0: 1, 1: 1, 2: 1})
    options = {**QUICK, "session.timeout.ms": "20000"}
    shared: dict[int, int] = {}
    with reading(kafka, topic, options, shared, instance="a") as stays:
        stays.until(stays.source.caught_up)
        with reading(kafka, topic, options, shared, instance="b") as leaves:
            deadline = time.monotonic() + 60
            while not leaves.source.lag() or len(leaves.source.lag()) + len(stays.source.lag()) != 3:
                assert time.monotonic() < deadline
                stays.turn()
                leaves.turn()
            owned = sorted(leaves.source.lag())
        noticed = len(stays.calls)
        with reading(kafka, topic, options, shared, instance="b") as again:
            deadline = time.monotonic() + 60
            while not again.source.lag():
                assert time.monotonic() < deadline
                stays.turn()
                again.turn()
            assert sorted(again.source.lag()) == owned
        assert stays.calls[noticed:] == []


@pytest.mark.kafka
def test_of_two_static_members_of_the_same_name_one_ends(kafka, topic):
    """And says so, instead of reading nothing for ever."""
    send(kafka, topic, {0: 1})
    with reading(kafka, topic, instance="a") as first:
        first.until(first.source.caught_up)
        with reading(kafka, topic, instance="a") as second:

            def turn_both() -> bool:
                second.turn()
                return False

            with pytest.raises(StreamError, match="refuses"):
                first.until(turn_both)


@pytest.mark.kafka
def test_it_tells_where_the_log_begins(kafka, topic):
    """A sink that never saw a partition is told a number, not a word."""
    send(kafka, topic, {0: 10})
    trim(kafka, topic, 6)
    with reading(kafka, topic) as one:
        assert one.source.beginning([0, 1]) == {0: 6, 1: 0}


@pytest.mark.kafka
def test_the_newer_group_protocol_is_usable(kafka, topic):
    """`group.protocol=consumer` leaves to the broker what the older one sets here."""
    send(kafka, topic, {0: 3})
    with reading(kafka, topic, {"group.protocol": "consumer"}) as one:
        one.until(one.source.caught_up)
        assert one.records == [(0, 0), (0, 1), (0, 2)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("enable.auto.commit", "true"),
        ("auto.offset.reset", "earliest"),
        ("partition.assignment.strategy", "range"),
        ("enable.partition.eof", "false"),
    ],
)
def test_properties_that_would_break_a_promise_are_refused(name, value):
    """Said at the start, in a sentence, instead of records skipped or a stack trace."""
    topic = Topic(cluster="cluster", name="events", id="id", partitions=1)
    with pytest.raises(SettingsError, match=f"{name} = '{value}': a worker needs"):
        KafkaSource(Cluster("127.0.0.1:1", {name: value}), topic, Membership("group"))


@pytest.mark.parametrize("value", ["FALSE", "false"])
def test_properties_that_say_the_same_are_fine(value):
    """Whoever is explicit about it may be."""
    topic = Topic(cluster="cluster", name="events", id="id", partitions=1)
    KafkaSource(Cluster("127.0.0.1:1", {"enable.auto.commit": value}), topic, Membership("group")).close()


@pytest.mark.kafka
def test_a_copy_that_the_group_has_refused_is_made_later(kafka, topic, monkeypatch):
    """As it does while it is rebalanced; else lag tools would show a lag until the next record comes."""
    refusals = [KafkaError(KafkaError.REBALANCE_IN_PROGRESS)]

    class Refusing(Consumer):
        """The first commit is one that the group refuses: it is told as librdkafka tells it."""

        def __init__(self, properties: dict[str, Any]) -> None:
            super().__init__(properties)
            self._told = properties["on_commit"]

        def commit(self, *given: Any, **named: Any) -> Any:
            if refusals:
                return self._told(refusals.pop(), named["offsets"])
            return super().commit(*given, **named)

    monkeypatch.setattr(kafka_source, "Consumer", Refusing)
    monkeypatch.setattr(kafka_source, "_AGAIN", 0.1)
    looking = Consumer({"bootstrap.servers": kafka, "group.id": topic.name})
    with reading(kafka, topic) as one, closing(looking):
        one.until(one.source.caught_up)
        one.source.commit({1: 7})
        one.until(lambda: looking.committed([TopicPartition(topic.name, 1)], timeout=10)[0].offset == 7)


def test_a_record_that_comes_alone_is_not_kept_waiting_for_others(kafka, topic):
    """It is handed out when it is there, however much longer might be waited for more."""
    with reading(kafka, topic) as reader:
        reader.until(reader.source.caught_up)
        taken: list[float] = []
        for _ in range(5):
            send(kafka, topic, {0: 1})
            began = time.monotonic()
            batch = None
            while batch is None:
                batch = reader.source.poll(10_000, 10.0)
            taken.append(time.monotonic() - began)
            assert len(batch) == 1
    assert min(taken) < 3.0
