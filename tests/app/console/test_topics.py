"""Records are shown as they lie in a topic, whatever is in them, and looking leaves no trace."""

import base64
import json
import time
from collections.abc import Sequence

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from tocsin.app.console.record_view import LONGEST_VALUE, has, record_view, shown
from tocsin.app.console.tail import Tails
from tocsin.kafka import Cluster
from tocsin.kafka.browsing import Found, Peek, Stretch, Topics


def send(
    kafka: str,
    topic: str,
    records: Sequence[tuple[int, bytes | None]],
    key: bytes | None = None,
    headers: list[tuple[str, str | bytes | None]] | None = None,
) -> None:
    """Send records, each to a partition."""
    producer = Producer({"bootstrap.servers": kafka})
    for partition, value in records:
        producer.produce(topic, value, key, partition, headers=headers or [])
    assert producer.flush(30) == 0


@pytest.fixture
def topic(kafka, make_topic) -> str:
    """A topic of three partitions: ten records in the first, two in the second, none in the third."""
    name = make_topic(kafka, 3)
    send(kafka, name, [(0, b"first %d" % n) for n in range(10)])
    send(kafka, name, [(1, b"second %d" % n) for n in range(2)])
    return str(name)


@pytest.fixture
def client(asking, kafka, topic):
    return asking(kafka__bootstrap_servers=kafka, kafka__topic=topic, publish__detections_topic="found")


def values(found) -> list[str]:
    assert found.status_code == 200, found.text
    return [record["value"] for record in found.json()["records"]]


@pytest.mark.kafka
def test_topics_are_listed_with_what_is_in_them(client, topic):
    """The workers' own first, and none of Kafka's."""
    found = client.get("/api/topics").json()
    assert found[0] == {
        "name": topic,
        "role": "events",
        "partitions": 3,
        "records": 12,
        "about": "Raw events, as producers sent them: the workers read them here.",
    }
    assert not [each for each in found if each["name"].startswith("__")]


@pytest.mark.kafka
def test_the_latest_come_newest_first(client, topic):
    """Of all partitions, as many as were asked for."""
    found = client.get(f"/api/topics/{topic}/records", params={"limit": 4})
    assert values(found) == ["second 1", "second 0", "first 9", "first 8"]
    told = found.json()
    assert told["at"] == {"0": 10, "1": 2, "2": 0}
    assert told["complete"]
    first = told["records"][0]
    assert (first["topic"], first["partition"], first["offset"]) == (topic, 1, 1)
    assert first["timestamp"] > "2026"


@pytest.mark.kafka
def test_from_the_earliest_on_page_by_page(client, topic):
    """`at` says where the next page of a partition begins; nothing is left out between."""
    got: list[str] = []
    begin: object = "earliest"
    for _ in range(4):
        asked = {"from": begin, "partition": 0, "limit": 3}
        found = client.get(f"/api/topics/{topic}/records", params=asked)
        got += values(found)
        begin = found.json()["at"]["0"]
    assert got == [f"first {n}" for n in range(10)]
    beyond = client.get(f"/api/topics/{topic}/records", params={"from": 10**15, "partition": 0})
    assert values(beyond) == []
    assert beyond.json()["at"] == {"0": 10}


@pytest.mark.kafka
def test_a_text_is_looked_for(client, kafka, topic):
    """In value, key and headers, in any case, further back than a page."""
    send(kafka, topic, [(2, b"plain")], key=b"Needle-1")
    send(kafka, topic, [(2, b"plain")], headers=[("x", b"a needle too")])
    send(kafka, topic, [(2, b"hay %d" % n) for n in range(300)])
    found = client.get(f"/api/topics/{topic}/records", params={"q": "NEEDLE", "limit": 5})
    assert [(record["offset"], record["value"]) for record in found.json()["records"]] == [
        (1, "plain"),
        (0, "plain"),
    ]
    assert found.json()["searched"] == 314


@pytest.mark.kafka
def test_records_of_any_kind_arrive_as_json(client, kafka, topic):
    """Bytes, tombstones, hostile text, and one that is larger than what is shown."""
    hostile = '<img src=x onerror="alert(1)">\x00\u202e\ud7ff"}\n'
    send(
        kafka, topic, [(2, hostile.encode()), (2, b"\xff\xfe"), (2, None), (2, b"a" + "€".encode() * 200_000)]
    )
    send(kafka, topic, [(2, b"x")], key=b"\xff", headers=[("bin", b"\x00\xff"), ("none", None), ("ok", b"1")])
    found = client.get(f"/api/topics/{topic}/records", params={"from": "earliest", "partition": 2})
    assert found.headers["Content-Type"] == "application/json"
    text, binary, none, large, keyed = found.json()["records"]
    assert (text["value"], text["encoding"]) == (hostile, "utf-8")
    assert (base64.b64decode(binary["value"]), binary["encoding"]) == (b"\xff\xfe", "base64")
    assert (none["value"], none["value_bytes"], none["truncated"]) == (None, 0, False)
    assert (large["value_bytes"], large["truncated"], large["encoding"]) == (600_001, True, "utf-8")
    assert len(large["value"].encode()) <= LONGEST_VALUE
    assert (keyed["key"], keyed["key_encoding"]) == ("/w==", "base64")
    assert keyed["headers"] == [["bin", "0x00ff"], ["none", None], ["ok", "1"]]


@pytest.mark.kafka
def test_what_is_not_there_is_said(client, topic):
    """With the nearest name."""
    found = client.get(f"/api/topics/{topic}x/records")
    assert found.status_code == 404
    assert topic in found.json()["hint"]
    assert client.get(f"/api/topics/{topic}/records", params={"partition": 3}).status_code == 404
    assert client.get(f"/api/topics/{topic}/records", params={"from": "-1"}).status_code == 422
    assert client.get(f"/api/topics/{topic}/records", params={"limit": 0}).status_code == 422


@pytest.mark.kafka
def test_looking_leaves_no_trace(client, kafka, topic):
    """No group, no committed offset, no topic that was asked for and is not there."""
    client.get(f"/api/topics/{topic}/records")
    client.get(f"/api/topics/{topic}-not-there/records")
    admin = AdminClient({"bootstrap.servers": kafka})
    groups = admin.list_consumer_groups().result(20).valid
    assert not [group.group_id for group in groups if "console" in group.group_id]
    assert f"{topic}-not-there" not in admin.list_topics(timeout=20).topics


@pytest.mark.kafka
def test_what_a_transaction_left_behind_is_not_shown(client, kafka, topic):
    """Aborted records are none, and markers end no page early."""
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": topic})
    producer.init_transactions(30)
    for end in (producer.abort_transaction, producer.commit_transaction):
        producer.begin_transaction()
        producer.produce(topic, end.__name__, partition=2)
        producer.flush(30)
        end(30)
    found = client.get(f"/api/topics/{topic}/records", params={"partition": 2})
    assert values(found) == ["commit_transaction"]
    assert found.json()["complete"]


def test_without_kafka_it_says_so_in_time(asking):
    """The page shows what to do; the other pages work."""
    found = asking().get("/api/topics")
    assert found.status_code == 503
    assert "no Kafka broker answers" in found.json()["error"]


@pytest.mark.kafka
def test_a_tail_has_what_comes_after_its_begin(kafka, topic):
    """For each listener from its own begin on, with its own search; one reader for all of them."""
    tails = Tails(Cluster(kafka))
    everything, needles = tails.listen(topic, ""), tails.listen(topic, "needle")
    assert everything.bell is needles.bell
    everything.frame(first=True)
    begun = tails._tails[topic]
    deadline = time.monotonic() + 60
    while begun._peek is None:
        assert time.monotonic() < deadline, "it does not begin"
        time.sleep(0.01)
    send(kafka, topic, [(n % 3, b"new %d" % n) for n in range(6)] + [(0, b"a needle")])
    got: dict[str, list[str]] = {"all": [], "needles": []}
    while len(got["all"]) < 7 and time.monotonic() < deadline:
        time.sleep(0.05)
        for name, listener in (("all", everything), ("needles", needles)):
            frame = listener.frame(first=False)
            if frame is not None:
                data = json.loads(frame.partition(b"data: ")[2])
                assert data["problem"] is None
                assert data["dropped"] == 0
                got[name] += [record["value"] for record in data["records"]]
    assert sorted(got["all"]) == sorted(["a needle", *(f"new {n}" for n in range(6))])
    assert got["needles"] == ["a needle"]
    everything.leave()
    assert not everything.bell.ended
    needles.leave()
    assert everything.bell.ended


@pytest.mark.kafka
def test_a_reader_that_skips_counts_what_it_has_not_seen(kafka, topic):
    """So that a browser is told of a flood, and does not drown in it."""
    bounds = Topics(Cluster(kafka)).bounds(topic, [0])
    follow = Stretch(bounds[0].end, 2**62)
    peek = Peek(Cluster(kafka), topic, {0: follow}, 2**20, follows=True)
    send(kafka, topic, [(0, b"%d" % n) for n in range(1000)])
    assert len(peek.read(10, 20)) == 10
    peek.skip_ahead()
    assert peek.read(10, 1) == []
    send(kafka, topic, [(0, b"after")])
    (found,) = peek.read(1, 20)
    assert (found.value, peek.skipped) == (b"after", 990)
    peek.close()


@pytest.mark.parametrize("cut", range(1, 12))
def test_text_that_is_cut_stays_text(cut):
    """Wherever the cut is: within a sign too."""
    text = "aä€😀z"
    value, encoding = shown(text.encode(), cut)
    assert encoding == "utf-8"
    assert value is not None
    assert text.startswith(value)


def test_times_that_no_calendar_has_are_no_mistake_of_ours():
    """Producers may send any number."""
    for timestamp in (-1, None, 2**62):
        assert record_view(Found("t", 0, 0, timestamp, None, [], b"")).timestamp is None
    assert not has(record_view(Found("t", 0, 0, 0, None, [("h", None)], None)), "x")
