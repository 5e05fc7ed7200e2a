"""Dead letters can be mended and sent again, each once, wherever a replay was interrupted."""

import dataclasses
import json
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.ends import is_end
from tests.results.rows import judged
from tocsin.app import replaying
from tocsin.app.replaying import Mending, Position, replay
from tocsin.errors import ExitCode, SettingsError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.model import NO_LABEL, Rejected, RejectReason, Verdict
from tocsin.results import dead_letters
from tocsin.results.dead_letters import Choice
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.sinks.replay import Replay

GOOD = b'{"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "logon_type": "failure"}'

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka, unique_name) -> Topic:
    return topic_of(Cluster(kafka), unique_name, 2)


@pytest.fixture
def results(topic: Topic, tmp_path: Path) -> Path:
    """Results with dead letters at offsets 1, 3 and 5 of partition 0."""
    folder = tmp_path / "results"
    sink = ResultsSink(folder, Origin(topic.cluster, topic.name, topic.id), "none", lambda: 0.0)
    sink.start([0])
    sink.write(judged(range(6), rejected=[1, 3, 5]))
    sink.flush()
    return folder


def opened(kafka: str, topic: Topic) -> closing[Replay]:
    return closing(Replay(Cluster(kafka), topic, topic.name))


class Given(dict[Position, bytes]):
    """Mended values, in memory."""

    def positions(self) -> list[Position]:
        return list(self)

    def value(self, position: Position) -> bytes | None:
        return self.get(position)


def mended(values: dict[Position, bytes]) -> Mending:
    return Mending(Given(values))


def in_topic(kafka: str, topic: Topic) -> list[tuple[Any, dict[str, Any]]]:
    settings = {"bootstrap.servers": kafka, "group.id": f"{topic.name}-look", "auto.offset.reset": "earliest"}
    consumer = Consumer({**settings, "enable.partition.eof": True})
    consumer.subscribe([topic.name])
    found: list[tuple[Any, dict[str, Any]]] = []
    ended: set[int | None] = set()
    while len(ended) < topic.partitions:
        message = consumer.poll(60.0)
        assert message is not None, "the topic did not end"
        if is_end(message):
            ended.add(message.partition())
        elif message.error() is None:
            found.append((message.value(), dict(message.headers() or ())))
    consumer.close()
    return found


def waiting(results: Path) -> list[int]:
    return sorted(d.record.offset for d in dead_letters.find(results, Choice(replayed=False)))


def test_what_was_mended_is_sent_once_and_the_rest_stays(kafka, topic, results):
    """Replaying twice adds nothing twice."""
    with opened(kafka, topic) as to:
        done = replay(results, to, Choice(), mended({(0, 3): GOOD}))
    assert (done.recovered, done.sent, done.still, len(done.examples)) == (0, 1, 2, 2)
    assert waiting(results) == [1, 5]
    with opened(kafka, topic) as to:
        again = replay(results, to, Choice(), Mending())
    assert again.sent == 0
    ((value, headers),) = in_topic(kafka, topic)
    assert value == GOOD
    assert headers["event-id"] == b"x", "its own headers are kept"
    assert "traceparent" in headers


def test_mending_what_does_not_wait_is_an_error(kafka, topic, results):
    """A wrong position must not be ignored in silence, nor sent."""
    with (
        opened(kafka, topic) as to,
        pytest.raises(SettingsError, match="no dead letter is at partition 0, offset 2"),
    ):
        replay(results, to, Choice(), mended({(0, 2): GOOD}))
    assert in_topic(kafka, topic) == []


class KilledError(Exception):
    """The process dies here."""


def dies(*_):
    raise KilledError


def killed_while_replaying(results: Path, to: Replay) -> None:
    with pytest.raises(KilledError):
        replay(results, to, Choice(), mended({(0, 3): GOOD}))


def test_interrupted_after_sending_it_is_not_sent_again(kafka, topic, results, monkeypatch):
    """Killed between the commit in Kafka and the mark in the table: the next replay only marks."""
    with opened(kafka, topic) as to, monkeypatch.context() as point:
        point.setattr(dead_letters, "mark_replayed", dies)
        killed_while_replaying(results, to)
    assert waiting(results) == [1, 3, 5]
    with opened(kafka, topic) as to:
        done = replay(results, to, Choice(), Mending())
    assert (done.recovered, done.sent) == (1, 0)
    assert waiting(results) == [1, 5]
    assert len(in_topic(kafka, topic)) == 1


def test_interrupted_before_sending_it_is_sent_by_the_next(kafka, topic, results, monkeypatch):
    """An intent alone means nothing; the mark in Kafka tells."""
    with opened(kafka, topic) as to, monkeypatch.context() as point:
        point.setattr(to, "send", dies)
        killed_while_replaying(results, to)
    with opened(kafka, topic) as to:
        done = replay(results, to, Choice(), mended({(0, 3): GOOD}))
    assert (done.recovered, done.sent) == (0, 1)
    assert len(in_topic(kafka, topic)) == 1


def test_a_replay_under_another_group_finds_what_an_interrupted_one_sent(kafka, topic, results, monkeypatch):
    """What was sent is looked for in the topic, not where somebody may have lost it."""
    with opened(kafka, topic) as to, monkeypatch.context() as point:
        point.setattr(dead_letters, "mark_replayed", dies)
        killed_while_replaying(results, to)
    with closing(Replay(Cluster(kafka), topic, "others")) as other:
        done = replay(results, other, Choice(), Mending())
    assert (done.recovered, done.sent) == (1, 0)
    assert len(in_topic(kafka, topic)) == 1


def test_when_the_topic_no_longer_tells_nobody_guesses(kafka, topic, results, monkeypatch):
    """Retention may have taken what an interrupted replay sent: a person decides."""
    with opened(kafka, topic) as to, monkeypatch.context() as point:
        point.setattr(dead_letters, "mark_replayed", dies)
        killed_while_replaying(results, to)
    admin = AdminClient({"bootstrap.servers": kafka})  # named: dropping it would cancel the request
    places = [TopicPartition(topic.name, p, OFFSET_END) for p in range(topic.partitions)]
    for trimmed in admin.delete_records(places).values():
        trimmed.result(20)
    with opened(kafka, topic) as to, pytest.raises(SettingsError, match="it is not known if it was sent"):
        replay(results, to, Choice(), mended({(0, 3): GOOD}))
    (results / "replay.json").unlink()
    with opened(kafka, topic) as to:
        assert replay(results, to, Choice(), mended({(0, 3): GOOD})).sent == 1


def test_pieces_are_sent_one_after_the_other(kafka, topic, results, monkeypatch):
    """Interrupted between two, the first is known to be sent and the second is not."""
    monkeypatch.setattr(replaying, "_PIECE_RECORDS", 1)
    values = mended({(0, 1): GOOD, (0, 3): GOOD, (0, 5): GOOD})

    def dies_after_two(done: replaying.Outcome) -> None:
        if done.sent == 2:
            raise KilledError

    with opened(kafka, topic) as to, pytest.raises(KilledError):
        replay(results, to, Choice(), values, dies_after_two)
    assert waiting(results) == [5]
    with opened(kafka, topic) as to:
        done = replay(results, to, Choice(), Mending(Given({(0, 5): GOOD})))
    assert (done.recovered, done.sent) == (0, 1)
    sent = in_topic(kafka, topic)
    assert len(sent) == 3
    assert len({headers["tocsin-replay"] for _, headers in sent}) == 3


def test_records_that_are_gone_are_left_out_and_counted(kafka, topic, tmp_path):
    """Of a gap in the topic there is nothing to send again; that is no fault of decoding either."""
    folder = tmp_path / "results"
    sink = ResultsSink(folder, Origin(topic.cluster, topic.name, topic.id), "none", lambda: 0.0)
    sink.start([0])
    gone = judged(range(2), rejected=[0, 1])
    lost = Verdict(NO_LABEL, (), rejected=Rejected(RejectReason.LOST, "offsets 0 to 0 were removed"))
    sink.write(dataclasses.replace(gone, verdicts=[lost, gone.verdicts[1]]))
    sink.flush()
    with opened(kafka, topic) as to:
        done = replay(folder, to, Choice(), Mending())
    assert (done.sent, done.still, done.lost) == (0, 1, 1)


def test_an_intent_that_cannot_be_read_is_not_guessed_at(kafka, topic, results):
    """Sending again might be twice, not sending might be never: a person decides."""
    (results / "replay.json").write_bytes(b"")
    with opened(kafka, topic) as to, pytest.raises(SettingsError, match="not known if"):
        replay(results, to, Choice(), mended({(0, 3): GOOD}))
    assert in_topic(kafka, topic) == []


def test_dead_letters_go_to_no_other_topic(kafka, topic, results, unique_name):
    """A slip in --topic must not mix one topic's events into another's."""
    other = topic_of(Cluster(kafka), f"{unique_name}-other", 1)
    with opened(kafka, other) as to, pytest.raises(SettingsError, match=f"came from topic '{topic.name}'"):
        replay(results, to, Choice(), mended({(0, 3): GOOD}))
    assert in_topic(kafka, other) == []


def tocsin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments], capture_output=True, text=True, timeout=90, check=False
    )


def test_list_mend_replay_classify(kafka, topic, tmp_path):
    """What a person does: list the dead letters, edit the file, replay it, and find the event."""
    producer = Producer({"bootstrap.servers": kafka})
    for value in (GOOD, GOOD.replace(b"2026-11-21T10", b"21st of November"), b"\xff"):
        producer.produce(topic.name, value, partition=0)
    producer.flush()
    where = ["--bootstrap-servers", kafka, "--topic", topic.name, "--group", topic.name]
    folder = ["--results", str(tmp_path / "results")]
    detect = ["detect", "--once", *where, *folder, "--csv", str(tmp_path / "out.csv")]
    assert tocsin(*detect).returncode == ExitCode.OK

    listed = tocsin("dead-letters", "list", *folder)
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [row["reason"] for row in sorted(rows, key=lambda r: r["offset"])] == ["bad_field", "not_utf8"]
    assert str(datetime.now(UTC).year) in tocsin("dead-letters", "list", *folder, "--format", "table").stdout
    shown = tocsin("dead-letters", "show", *folder, "0", "1")
    assert shown.stdout == rows[0]["value"]

    rows[0]["value"] = GOOD.decode()
    mended = tmp_path / "mended.ndjson"
    mended.write_text("\n".join(json.dumps(row) for row in rows))
    replayed = tocsin("dead-letters", "replay", *where, *folder, "--mended", str(mended))
    assert replayed.returncode == ExitCode.OK, replayed.stderr
    assert "1 sent" in replayed.stderr
    assert "1 still are no events" in replayed.stderr
    assert tocsin(*detect).returncode == ExitCode.OK
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


def test_a_misspelt_topic_is_not_made(kafka, topic, tmp_path):
    """It would stay, and nobody asked for it."""
    wrong = topic.name + "x"
    done = tocsin("dead-letters", "replay", "--bootstrap-servers", kafka, "--topic", wrong)
    assert done.returncode == ExitCode.BAD_SETTINGS
    assert f"did you mean '{topic.name}'?" in done.stderr
    assert wrong not in AdminClient({"bootstrap.servers": kafka}).list_topics(timeout=10).topics
