"""The Kafka sink on a real Kafka: each message once for readers of committed ones, whoever else writes."""

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.sinks.judging import judged, read, started
from tocsin.errors import SettingsError, StreamError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.ports import PositionMoved
from tocsin.sinks import kafka as module
from tocsin.sinks.kafka import KafkaSink
from tocsin.sinks.messages import Outputs

MakeTopic = Callable[..., str]


class Place:
    """An input topic, names for the outputs, and what was told."""

    def __init__(self, bootstrap: str, name: str, partitions: int) -> None:
        self.bootstrap = bootstrap
        self.partitions = partitions
        self.topic: Topic = topic_of(Cluster(bootstrap), name, partitions)
        self.group = f"{name}.kafka"
        self.detections, self.classified, self.dead = f"{name}.d", f"{name}.c", f"{name}.dead"
        self.told: list[str] = []

    @contextmanager
    def sink(self, **options: str) -> Iterator[KafkaSink]:
        outputs = Outputs(self.detections, self.classified, self.dead)
        sink = KafkaSink(Cluster(self.bootstrap, options), self.topic, self.group, outputs, self.told.append)
        try:
            yield sink
        finally:
            sink.close()

    def judged(self, offsets, found="one", **more):
        return judged(offsets, found, topic=self.topic, **more)

    def offsets(self, topic: str, isolation: str = "read_committed") -> list[tuple[int, int]]:
        """Which records the messages of a topic are about."""
        bodies = [json.loads(m.value() or b"") for m in self.messages(topic, isolation)]
        return sorted((body["partition"], body["offset"]) for body in bodies)

    def messages(self, topic: str, isolation: str = "read_committed"):
        return read(self.bootstrap, topic, self.partitions, isolation)

    def position(self, partition: int = 0) -> int:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": self.group})
        (found,) = consumer.committed([TopicPartition(self.topic.name, partition)], timeout=20)
        consumer.close()
        return found.offset


@pytest.fixture
def place(kafka: str, unique_name: str) -> Place:
    return Place(kafka, unique_name, 1)


@pytest.fixture
def wide(kafka: str, unique_name: str) -> Place:
    return Place(kafka, unique_name, 6)


@pytest.mark.kafka
def test_each_detection_and_each_event_is_published_with_the_position(wide: Place) -> None:
    """Six partitions at once: one message per detection and event, topics as wide as the input."""
    with wide.sink() as sink:
        assert started(sink, [0, 1, 2, 3, 4, 5]) == dict.fromkeys(range(6), 0)
        for partition in range(6):
            sink.write(wide.judged(range(100), ["one", "nothing"] * 50, partition=partition))
        assert sink.flush() == dict.fromkeys(range(6), 100)
        assert sink.published == {wide.detections: 300, wide.classified: 600}
    events = [(p, o) for p in range(6) for o in range(100)]
    assert wide.offsets(wide.classified) == events
    assert wide.offsets(wide.detections) == [place for place in events if place[1] % 2 == 0]
    assert topic_of(Cluster(wide.bootstrap), wide.detections, 1).partitions == 6
    assert [wide.position(p) for p in range(6)] == [100] * 6


@pytest.mark.kafka
def test_a_successor_goes_on_where_the_last_transaction_ended(place: Place) -> None:
    """What was written and not flushed is nowhere, and is asked for again."""
    with place.sink() as first:
        started(first, [0])
        first.write(place.judged(range(10)))
        first.flush()
        first.write(place.judged(range(10, 20)))
    with place.sink() as second:
        assert second.start([0]) == {0: 10}
        second.write(place.judged(range(10, 30)))
        assert second.flush() == {0: 30}
    assert place.offsets(place.detections) == [(0, o) for o in range(30)]


@pytest.mark.kafka
def test_an_event_that_gives_no_message_moves_the_position(place: Place) -> None:
    """Nothing is published, and nothing is judged again."""
    with place.sink() as sink:
        started(sink, [0])
        sink._outputs = Outputs(place.detections)
        sink.write(place.judged(range(5), "nothing"))
        assert sink.flush() == {0: 5}
    assert place.position() == 5
    assert place.offsets(place.detections) == []


@pytest.mark.kafka
def test_a_worker_that_was_overtaken_is_refused_and_its_messages_are_seen_by_nobody(place: Place) -> None:
    """The zombie holds rows that its successor has published: it is told, and reads its position anew."""
    with place.sink() as zombie, place.sink() as successor:
        started(zombie, [0])
        zombie.write(place.judged(range(10)))
        assert successor.start([0]) == {0: 0}
        successor.write(place.judged(range(20)))
        successor.flush()
        with pytest.raises(PositionMoved) as refused:
            zombie.flush()
        assert refused.value.partitions == [0]
        zombie.write(place.judged(range(10, 20)))
        assert zombie.flush() == {}
        assert zombie.start([0]) == {0: 20}
    assert place.offsets(place.detections) == [(0, o) for o in range(20)]


@pytest.mark.kafka
def test_workers_that_all_believe_they_own_a_partition_publish_everything_once(place: Place) -> None:
    """They shut each other out again and again, when dice say so; who was refused reads its position."""
    dice = random.Random(4)
    with place.sink() as one, place.sink() as other:
        positions = {sink: started(sink, [0])[0] for sink in (one, other)}
        refusals = 0
        for _ in range(40):
            sink = dice.choice([one, other])
            begin = positions[sink]
            sink.write(place.judged(range(begin, begin + dice.randint(1, 9))))
            positions[sink] = sink._lanes[0].held_to
            if dice.random() < 0.6:
                try:
                    sink.flush()
                except PositionMoved:
                    refusals += 1
                    positions[sink] = sink.start([0])[0]
        end = place.position()
    assert refusals > 3
    assert end > 20
    assert place.offsets(place.detections) == [(0, o) for o in range(end)]


@pytest.mark.kafka
def test_only_the_partition_that_was_overtaken_is_refused(wide: Place) -> None:
    """The others are flushed."""
    with wide.sink() as sink, wide.sink() as other:
        started(sink, [0, 1, 2])
        other.start([1])
        for partition in range(3):
            sink.write(wide.judged(range(4), partition=partition))
        with pytest.raises(PositionMoved) as refused:
            sink.flush()
        assert refused.value.partitions == [1]
        assert refused.value.flushed == {0: 4, 2: 4}
    assert wide.offsets(wide.detections) == [(p, o) for p in (0, 2) for o in range(4)]


@pytest.mark.kafka
def test_an_aborted_transaction_is_seen_by_readers_of_everything_only(place: Place) -> None:
    """A worker dies within a transaction whose messages are in the log already; its heir sends them again."""
    with place.sink() as sink:
        started(sink, [0])
        sink.write(place.judged(range(3)))
        lane = sink._lanes[0]
        producer = lane._producer
        assert producer is not None
        producer.begin_transaction()
        lane._produce(producer)
        producer.flush(20)
    with place.sink() as heir:
        assert heir.start([0]) == {0: 0}
        heir.write(place.judged(range(3)))
        heir.flush()
    assert place.offsets(place.detections) == [(0, 0), (0, 1), (0, 2)]
    everything = place.offsets(place.detections, "read_uncommitted")
    assert Counter(everything) == {(0, 0): 2, (0, 1): 2, (0, 2): 2}


@pytest.mark.kafka
def test_a_commit_whose_answer_was_lost_is_not_repeated(place: Place) -> None:
    """The producer is dropped, the position says that the messages are there, and what came after is sent."""
    with place.sink() as sink:
        started(sink, [0])
        sink.write(place.judged(range(5)))
        lane = sink._lanes[0]
        messages = list(lane.held)
        sink.flush()
        lane.position, lane.held, lane._tried = 0, messages, 5  # as if nobody had answered
        lane._drop()
        sink.write(place.judged(range(5, 8)))
        assert sink.flush() == {0: 8}
        assert sink.published[place.detections] == 13  # counted when it was known, here twice
    assert place.offsets(place.detections) == [(0, o) for o in range(8)]


@pytest.mark.kafka
def test_a_lost_producer_does_not_take_over_what_others_have_moved_on(place: Place) -> None:
    """The position is neither the old nor the tried one."""
    with place.sink() as sink, place.sink() as other:
        started(sink, [0])
        sink._lanes[0]._drop()
        other.start([0])
        other.write(place.judged(range(3)))
        other.flush()
        sink.write(place.judged(range(5)))
        with pytest.raises(PositionMoved):
            sink.flush()
    assert place.offsets(place.detections) == [(0, 0), (0, 1), (0, 2)]


@pytest.mark.kafka
def test_what_was_discarded_is_not_published(wide: Place) -> None:
    """Partitions that were given away leave nothing behind, the others all."""
    with wide.sink() as sink:
        started(sink, [0, 1])
        for partition in (0, 1):
            sink.write(wide.judged(range(4), partition=partition))
        sink.discard([0])
        assert sink.flush() == {1: 4}
    assert wide.offsets(wide.detections) == [(1, o) for o in range(4)]


@pytest.mark.kafka
def test_a_partition_that_is_new_to_the_sink_keeps_where_it_began(place: Place) -> None:
    """The worker dies before its first flush: its heir begins at the same record. The begin is told."""
    with place.sink() as sink:
        assert sink.start([0]) == {}
        sink.begin({0: 17})
    assert f"group {place.group} knew no positions of {place.topic.name}" in place.told[0]
    assert "0 from 17" in place.told[0]
    with place.sink() as heir:
        assert heir.start([0]) == {0: 17}


@pytest.mark.kafka
def test_a_partition_that_was_not_told_where_to_begin_gets_no_position(wide: Place) -> None:
    """Flushing the others leaves it alone: were the worker to die now, its heir is told where to begin."""
    with wide.sink() as sink:
        assert sink.start([0, 1]) == {}
        sink.begin({0: 3})
        sink.write(wide.judged(range(3, 6), partition=0))
        assert sink.flush() == {0: 6}
    with wide.sink() as heir:
        assert heir.start([0, 1]) == {0: 6}


@pytest.mark.kafka
def test_the_position_of_another_topic_of_the_same_name_is_not_believed(place: Place) -> None:
    """A topic that was deleted and made again has another id; a position reset by hand has none."""
    with place.sink() as sink:
        started(sink, [0])
        sink.write(place.judged(range(5)))
        sink.flush()
    anew = Topic(place.topic.cluster, place.topic.name, "another-id", 1)
    place.topic, before = anew, place.topic
    with place.sink() as sink:
        assert sink.start([0]) == {}
    place.topic = before
    admin = Consumer({"bootstrap.servers": place.bootstrap, "group.id": place.group})
    admin.commit(offsets=[TopicPartition(before.name, 0, 2)], asynchronous=False)
    admin.close()
    with place.sink() as sink:
        assert sink.start([0]) == {0: 2}


@pytest.mark.kafka
def test_an_old_position_is_committed_again(wide: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka forgets the positions of groups without members; a partition at rest must not lose its own."""
    with wide.sink() as sink:
        started(sink, [0, 1])
        sink.write(wide.judged(range(3), partition=0))
        sink.flush()
        old = sink._lanes[1].settled
        sink.write(wide.judged(range(3, 4), partition=0))
        sink.flush()
        assert sink._lanes[1].settled == old
        monkeypatch.setattr(module, "KEEP_ALIVE", 0.0)
        sink.write(wide.judged(range(4, 5), partition=0))
        assert sink.flush() == {0: 5, 1: 0}
        assert sink._lanes[1].settled > old


@pytest.mark.kafka
def test_dead_letters_are_published_as_they_were(place: Place) -> None:
    """Key, value and headers, and behind them why and from where."""
    with place.sink() as sink:
        started(sink, [0])
        sink.write(place.judged(range(2), ["bad", "one"], headers=[("x", b"y")]))
        sink.flush()
    (message,) = place.messages(place.dead)
    assert (message.key(), message.value()) == (b"WS-01", b'{"n": 0}')
    assert message.headers() == [
        ("x", b"y"),
        ("rejected-reason", b"not_json"),
        ("rejected-detail", b"no JSON here"),
        ("source-topic", place.topic.name.encode()),
        ("source-partition", b"0"),
        ("source-offset", b"0"),
        ("source-timestamp", b"1795255200123"),
    ]
    assert place.offsets(place.classified) == [(0, 1)]


@pytest.mark.kafka
def test_messages_of_a_host_keep_their_order_and_partition(wide: Place) -> None:
    """They are keyed by the event's host."""
    with wide.sink() as sink:
        started(sink, [0])
        for first in range(0, 60, 3):
            for number in range(3):
                sink.write(wide.judged([first + number], host=f"WS-{number}"))
            sink.flush()
    found = wide.messages(wide.classified)
    for host in ("WS-0", "WS-1", "WS-2"):
        own = [m for m in found if m.key() == host.encode()]
        assert len(own) == 20
        assert len({m.partition() for m in own}) == 1
        offsets = [json.loads(m.value() or b"")["offset"] for m in own]
        assert offsets == sorted(offsets)


@pytest.mark.kafka
def test_a_message_too_large_for_its_topic_is_shortened_and_told_once(
    place: Place, make_topic: MakeTopic
) -> None:
    """Its neighbours are whole, the stream goes on."""
    place.classified = make_topic(place.bootstrap, 1, max_message_bytes="20000")
    with place.sink() as sink:
        started(sink, [0])
        sink.write(place.judged([0]))
        sink.write(place.judged([1, 2], user="u" * 30_000))
        sink.write(place.judged([3]))
        assert sink.flush() == {0: 4}
        assert sink.shortened == {place.classified: 2}
    bodies = [json.loads(m.value() or b"") for m in place.messages(place.classified)]
    assert [body.get("trimmed") for body in bodies] == [None, ["user"], ["user"], None]
    assert len(bodies[1]["user"]) == 4_097
    assert [len(json.loads(m.value())["user"]) for m in place.messages(place.detections)][1] == 30_000
    assert place.told[1:] == [
        f"topic {place.classified} takes less than some messages have: those are shortened"
    ]


@pytest.mark.kafka
def test_a_topic_that_takes_less_than_it_said_is_sent_less(place: Place, make_topic: MakeTopic) -> None:
    """The limit was lowered while the worker ran: the transaction is aborted and sent again, shortened."""
    place.classified = make_topic(place.bootstrap, 1, max_message_bytes="20000")
    with place.sink() as sink:
        started(sink, [0])
        sink._lanes[0]._largest[place.classified] = 1_000_000  # as it was when it was asked
        sink._lanes[0]._drop()
        sink.write(place.judged(range(200)))
        sink.write(place.judged([200], user="".join(chr(0x4E00 + i) for i in range(20_000))))
        assert sink.flush() == {0: 201}
    bodies = [json.loads(m.value() or b"") for m in place.messages(place.classified)]
    assert [body["offset"] for body in bodies] == list(range(201))
    assert bodies[200]["trimmed"] == ["user"]


@pytest.mark.kafka
def test_the_documented_way_to_consume_works(place: Place) -> None:
    """The block in docs/messages.md, with the address and the topic of this test."""
    with place.sink() as sink:
        started(sink, [0])
        sink.write(place.judged(range(2)))
        sink.flush()
    text = (Path(__file__).parents[2] / "docs" / "messages.md").read_text("utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    block = block.replace("localhost:9092", place.bootstrap).replace('"detections"', f'"{place.detections}"')
    names: dict[str, Any] = {}
    exec(block.replace("my-alerts", f"{place.group}-alerts"), names)  # our own documentation
    found: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    while len(found) < 2 and time.monotonic() < deadline:
        detection = names["next_detection"](0.5)
        found += [detection] if detection else []
    names["consumer"].close()
    assert [detection["offset"] for detection in found] == [0, 1]


@pytest.mark.kafka
def test_topics_that_would_never_end_or_collide_or_are_too_small_are_refused(
    place: Place, make_topic: MakeTopic
) -> None:
    """Each with what to mend."""
    detections = place.detections
    place.detections = place.topic.name
    with pytest.raises(SettingsError, match="is read and published to"), place.sink():
        pass
    place.detections = place.classified
    with pytest.raises(SettingsError, match="published to twice"), place.sink():
        pass
    place.detections = make_topic(place.bootstrap, 1, max_message_bytes="2000")
    with pytest.raises(SettingsError, match="takes 2,000 bytes"), place.sink():
        pass
    place.detections = detections
    with (
        pytest.raises(SettingsError, match=r"transactional\.id cannot be set"),
        place.sink(**{"transactional.id": "mine"}),
    ):
        pass


@pytest.mark.usefixtures("impatient")
def test_a_cluster_that_is_away_is_told() -> None:
    """One sentence with the address, when the sink is made."""
    outputs = Outputs("detections")
    with pytest.raises(StreamError, match=r"no Kafka broker answers at 127\.0\.0\.1:1"):
        KafkaSink(Cluster("127.0.0.1:1"), Topic("c", "raw", "id", 1), "g", outputs, print)
