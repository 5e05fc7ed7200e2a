"""A stretch of a topic can be classified once more, beside the live worker and never in its way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tocsin.app.ranges import Asked, Edge, worked_out
from tocsin.errors import ExitCode, SettingsError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.kafka.offsets import Desk
from tocsin.results.table import Reader, dataset

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]

NOON = 1_780_000_000_000
"""A time, in milliseconds."""


@pytest.fixture
def topic(kafka, make_topic) -> Topic:
    """A topic that keeps records of any time: the broker would remove old ones while it is tested."""
    return topic_of(Cluster(kafka), make_topic(kafka, 2, retention_ms="-1"), 2)


def send(kafka: str, topic: Topic, count: int, first: int = 0) -> None:
    """Send failed logins to both partitions, one a second."""
    producer = Producer({"bootstrap.servers": kafka})
    login = '{"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "logon_type": "failure"}'
    for number in range(first, first + count):
        for partition in range(topic.partitions):
            producer.produce(topic.name, login, partition=partition, timestamp=NOON + 1000 * number)
    producer.flush()


class Runs:
    """`tocsin detect` on the topic."""

    def __init__(self, kafka: str, topic: Topic, folder: Path) -> None:
        self.folder = folder
        self._where = ["--bootstrap-servers", kafka, "--topic", topic.name, "--group", topic.name]

    def start(self, *arguments: str, program: tuple[str, ...] = ("tocsin",)) -> "subprocess.Popen[str]":
        """Start a worker; the program may be one that kills it (see `tests/crash/points.py`)."""
        command = [
            sys.executable,
            "-m",
            *program,
            "detect",
            *self._where,
            "--rules",
            "builtin:lab",
            *arguments,
        ]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, cwd=self.folder, env=environment, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str) -> tuple[int, str]:
        worker = self.start(*arguments)
        _, said = worker.communicate(timeout=90)
        return worker.returncode, said

    def live(self) -> None:
        code, said = self.run("--once", "--results", "live", "--csv", "live.csv")
        assert code == ExitCode.OK, said


@pytest.fixture
def runs(kafka, topic, tmp_path) -> Runs:
    return Runs(kafka, topic, tmp_path)


def offsets(results: Path) -> list[tuple[int, int]]:
    rows = dataset(results).to_table(columns=["partition", "offset"])
    return sorted(zip(rows["partition"].to_pylist(), rows["offset"].to_pylist(), strict=True))


def detections(results: Path) -> dict[tuple[int, int], list[str]]:
    rows = dataset(results).to_table(columns=["partition", "offset", "detections"]).to_pylist()
    return {(r["partition"], r["offset"]): [d["detection_id"] for d in r["detections"]] for r in rows}


def test_a_range_is_classified_as_it_was_before_and_nobody_notices(kafka, topic, runs):
    """The same detections under the same ids, in results of their own, with the group left alone."""
    send(kafka, topic, 20)
    runs.live()
    before = Desk(Cluster(kafka), topic.name).group(topic.name).committed
    code, said = runs.run("--from-offset", "5", "--until", "12", "--results", "again")
    assert code == ExitCode.OK, said
    assert "14 offsets from 5 until 12" in said
    again = detections(runs.folder / "again")
    assert sorted(again) == [(p, o) for p in (0, 1) for o in range(5, 12)]
    live = detections(runs.folder / "live")
    assert again == {place: live[place] for place in again}
    assert all(again.values())
    assert Desk(Cluster(kafka), topic.name).group(topic.name).committed == before
    assert [p.name for p in runs.folder.glob("*.csv")] == ["live.csv"], "none of its own"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--from-time", "2026-05-28T20:26:45Z", "--until", "2026-05-28T20:26:48Z"], [5, 6, 7]),
        (["--until", "3"], [0, 1, 2]),
        (["--from-offset", "18", "--until", "500"], [18, 19]),
        (["--from-offset", "17", "--until", "now"], [17, 18, 19]),
    ],
)
def test_a_range_ends_where_it_was_said_to(kafka, topic, runs, flags, expected):
    """By offset or by the records' time, and never beyond what the topic has."""
    send(kafka, topic, 20)
    code, said = runs.run(*flags, "--partition", "1", "--results", "again", "--csv", "again.csv")
    assert code == ExitCode.OK, said
    assert offsets(runs.folder / "again") == [(1, o) for o in expected]
    assert len((runs.folder / "again.csv").read_text().splitlines()) == len(expected) + 1


def test_a_killed_range_is_resumed_by_the_same_words(kafka, topic, runs):
    """Every record of it once, although `now` has moved on meanwhile."""
    count = 15_000
    send(kafka, topic, count)
    arguments = ["--from-time", "-400000d", "--results", "again", "--commit-rows", "500"]
    killed = ("tests.crash.points", "--kill", "verdicts committed", "--nth", "1")
    victim = runs.start(*arguments, program=killed)
    _, said = victim.communicate(timeout=90)
    assert victim.returncode == -signal.SIGKILL, said
    results = runs.folder / "again"
    held = sum(Reader(results).positions([0, 1]).values())
    assert 0 < held < 2 * count, "the victim outlived the work"
    send(kafka, topic, 10, first=count)
    code, said = runs.run(*arguments)
    assert code == ExitCode.OK, said
    assert offsets(results) == [(p, o) for p in (0, 1) for o in range(count)]
    code, said = runs.run(*arguments)
    assert code == ExitCode.OK, said
    assert "0 records judged" in said


def test_live_results_and_those_of_ranges_never_mix(kafka, topic, runs):
    """Each refuses the other's folder, and a range that of another range."""
    send(kafka, topic, 10)
    runs.live()
    code, said = runs.run("--from-offset", "2", "--results", "live")
    assert code == ExitCode.BAD_SETTINGS
    assert f"holds the results of topic '{topic.name}'" in said
    assert runs.run("--from-offset", "2", "--results", "again")[0] == ExitCode.OK
    code, said = runs.run("--from-offset", "3", "--results", "again")
    assert code == ExitCode.BAD_SETTINGS
    assert "another stretch" in said
    code, said = runs.run("--once", "--results", "again", "--csv", "")
    assert code == ExitCode.BAD_SETTINGS
    assert "holds the results of a replay of topic" in said
    assert offsets(runs.folder / "again") == [(p, o) for p in (0, 1) for o in range(2, 10)]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--from-offset", "1"], "results of its own"),
        (
            ["--from-offset", "1", "--from-time", "-2h", "--results", "again"],
            "both --from-offset and --from-time",
        ),
        (["--from-offset", "50", "--results", "again"], "nothing in topic"),
        (["--partition", "2", "--results", "again"], "has no partition 2"),
        (["--from-offset", "-2h", "--results", "again"], "is not a valid"),
        (["--from-time", "yesterday", "--results", "again"], "is not a time"),
    ],
)
def test_a_range_that_cannot_be_meant_is_refused(kafka, topic, runs, flags, said):
    """Before anything is written."""
    send(kafka, topic, 10)
    code, told = runs.run(*flags)
    assert code == ExitCode.BAD_SETTINGS
    assert said in told
    assert not list(runs.folder.iterdir())


def test_transactions_in_a_range_do_not_keep_it_from_ending(kafka, topic, runs):
    """A range may end in markers and in records that were taken back: offsets that nobody is given."""
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": topic.name})
    producer.init_transactions()
    for finish in (producer.commit_transaction, producer.abort_transaction):
        producer.begin_transaction()
        producer.produce(topic.name, b"{}", partition=0)
        producer.flush()
        finish()
    code, said = runs.run("--until", "now", "--results", "again")
    assert code == ExitCode.OK, said
    assert "1 records judged" in said


def test_what_retention_took_is_no_part_of_a_range(kafka, topic, tmp_path):
    """It begins at the first record that is there."""
    send(kafka, topic, 10)
    asked = Asked(Edge("2", offset=2), None)
    found, origin = worked_out(Cluster(kafka), topic, asked, str(tmp_path / "none"))
    assert found.offsets == {0: (2, 10), 1: (2, 10)}
    assert origin.replay
    admin = AdminClient({"bootstrap.servers": kafka})  # named: dropping it would cancel the request
    (trimmed,) = admin.delete_records([TopicPartition(topic.name, 0, 6)]).values()
    assert trimmed.result(20).low_watermark == 6
    later, _ = worked_out(Cluster(kafka), topic, asked, str(tmp_path / "none"))
    assert later.offsets == {0: (6, 10), 1: (2, 10)}, "what is gone is no part of it"


def test_no_partition_no_range(kafka, topic, tmp_path):
    """An empty topic has nothing to classify again."""
    with pytest.raises(SettingsError, match="nothing in topic"):
        worked_out(Cluster(kafka), topic, Asked(None, None), str(tmp_path))
