"""`tocsin lag` tells how far the results are behind the topic, and who is at it."""

import dataclasses
import json
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tocsin.app.cli.lag import _table, _watch
from tocsin.app.lag import Lookout, Sight, lags, total
from tocsin.errors import ExitCode, StreamError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.kafka.offsets import Group, Member
from tocsin.results.location import Location
from tocsin.results.table import VERDICTS, Reader

ANNA = Member("anna-1", "anna", "10.0.0.1")


def sight(at: float, stored: dict[int, int] | None, ends: dict[int, int], begins: int = 0) -> Sight:
    group = Group("STABLE", {0: ANNA}, {0: 3})
    return Sight(at, dict.fromkeys(ends, begins), ends, stored, group)


def test_the_results_are_the_truth_and_the_groups_copy_stands_beside_them():
    """A copy may be older; what counts is what is stored."""
    one, two = lags("t", sight(0, {0: 7}, {0: 10, 1: 4}))
    assert (one.position, one.committed, one.lag, one.worker, one.host) == (7, 3, 3, "anna-1", "10.0.0.1")
    assert (two.position, two.committed, two.lag, two.worker) == (None, None, 4, None)


def test_without_results_the_copy_has_to_do():
    """As on a machine that only has the cluster."""
    (one,) = lags("t", sight(0, None, {0: 10}))
    assert (one.position, one.committed, one.lag) == (None, 3, 7)


def test_what_retention_took_is_no_lag_but_missed():
    """Nobody will ever read it, and somebody should know."""
    one, two = lags("t", sight(0, {0: 2}, {0: 10, 1: 10}, begins=6))
    assert (one.lag, one.missed) == (4, 4)
    assert (two.lag, two.missed) == (4, 0), "a partition that nobody has read begins where the log does"


def test_the_time_left_follows_from_both_rates():
    """Ten a second more are stored than come: 40 take 4 s."""
    before, now = sight(0, {0: 0, 1: 0}, {0: 50, 1: 50}), sight(2, {0: 30, 1: 10}, {0: 60, 1: 90})
    one, two = lags("t", now, before)
    assert (one.per_second, one.produced_per_second, one.lag, one.seconds_left) == (15, 5, 30, 3.0)
    assert (two.per_second, two.produced_per_second, two.seconds_left) == (5, 20, None), (
        "never, at these rates"
    )
    assert total([one, two]) == {
        "lag": 110,
        "per_second": 20,
        "produced_per_second": 25,
        "seconds_left": None,
    }
    assert total([one])["seconds_left"] == 3.0


def test_a_partition_that_was_added_meanwhile_has_no_rates_yet():
    """It was not there at the look before."""
    (_, two) = lags("t", sight(2, {0: 1}, {0: 1, 1: 5}), sight(0, {0: 1}, {0: 1}))
    assert (two.lag, two.per_second, two.seconds_left) == (5, None, None)


@pytest.fixture
def topic(kafka, unique_name) -> Topic:
    return topic_of(Cluster(kafka), unique_name, 2)


def send(kafka: str, topic: Topic, count: int) -> None:
    producer = Producer({"bootstrap.servers": kafka})
    login = '{"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "logon_type": "failure"}'
    for number in range(count):
        producer.produce(topic.name, login, partition=number % topic.partitions)
    producer.flush()


class Commands:
    def __init__(self, kafka: str, topic: Topic, folder: Path) -> None:
        self._folder = folder
        self._where = ["--bootstrap-servers", kafka, "--topic", topic.name, "--group", topic.name]
        self._where += ["--results", "results"]

    def start(self, name: str, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tocsin", name, *self._where, *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self._folder, stdout=pipe, stderr=pipe, text=True)

    def run(self, name: str, *arguments: str) -> tuple[int, str, str]:
        process = self.start(name, *arguments)
        out, said = process.communicate(timeout=90)
        return process.returncode, out, said


@pytest.fixture
def commands(kafka, topic, tmp_path) -> Commands:
    return Commands(kafka, topic, tmp_path)


def rows(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.kafka
def test_before_and_after_a_worker(kafka, topic, commands):
    """From everything ahead to nothing; the alarm goes off above its limit, not at it."""
    send(kafka, topic, 10)
    code, out, said = commands.run("lag", "--over", "0", "--fail-above", "9")
    assert code == ExitCode.FINDINGS
    assert [(r["partition"], r["position"], r["lag"], r["worker"]) for r in rows(out)] == [
        (0, None, 5, None),
        (1, None, 5, None),
    ]
    assert "no results here" in said
    assert "lag 10; 2 of 2 partitions are read by nobody" in said
    assert commands.run("lag", "--over", "0", "--fail-above", "10")[0] == ExitCode.OK
    assert commands.run("detect", "--once", "--rules", "builtin:lab", "--csv", "")[0] == ExitCode.OK
    code, out, said = commands.run("lag", "--over", "0", "--fail-above", "0")
    assert code == ExitCode.OK, said
    assert [(r["position"], r["committed"], r["log_end"], r["lag"]) for r in rows(out)] == [(5, 5, 5, 0)] * 2


@pytest.mark.kafka
def test_it_watches_a_worker_at_work(kafka, topic, commands, tmp_path):
    """Owner, host and rates come with it; Ctrl-C ends the watching in order."""
    send(kafka, topic, 10)
    worker = commands.start("detect", "--rules", "builtin:lab", "--csv", "", "--progress", "none")
    deadline = time.monotonic() + 60
    results = Location.of(tmp_path / "results")
    while not (results / VERDICTS).is_table() or len(Reader(results).positions([0, 1])) < 2:
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)
    watching = commands.start("lag", "--watch", "--over", "0.5")
    assert watching.stdout is not None
    first = [json.loads(watching.stdout.readline()) for _ in range(2)]
    assert all(str(r["worker"]).startswith("tocsin-") and r["host"] == "127.0.0.1" for r in first)
    send(kafka, topic, 1000)
    seen: dict[str, object] = {}
    while not (seen.get("per_second") and seen.get("produced_per_second") is not None):
        assert time.monotonic() < deadline + 30, "waited too long"
        seen = json.loads(watching.stdout.readline())
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=30)
    assert watching.returncode == ExitCode.OK, said
    worker.send_signal(signal.SIGTERM)
    _, told = worker.communicate(timeout=60)
    assert worker.returncode == ExitCode.OK, told


def test_one_failed_look_does_not_end_the_watching(capsys):
    """A broker that restarts is away for some seconds; rates start anew, and each row says when it was."""
    looks = [sight(0, {0: 7}, {0: 10}), StreamError("no broker answers"), sight(9, {0: 8}, {0: 10})]
    stop = threading.Event()

    class Shaky(Lookout):
        def look(self):
            found = looks.pop(0)
            if not looks:
                stop.set()
            if isinstance(found, StreamError):
                raise found
            return found

    lookout = Shaky(Cluster("127.0.0.1:1"), Topic("cluster", "t", "id", 1), "group", None)
    last = _watch(lookout, stop, 0.01, as_table=False)
    shown = capsys.readouterr()
    assert [one.lag for one in last] == [2]
    assert [row["lag"] for row in rows(shown.out)] == [3, 2]
    assert all(datetime.fromisoformat(str(row["time"])).tzinfo == UTC for row in rows(shown.out))
    assert "no broker answers" in shown.err


@pytest.mark.kafka
def test_what_was_removed_before_it_was_stored_is_said(kafka, topic, commands):
    """Retention that is faster than the workers is worse than a lag."""
    send(kafka, topic, 10)
    assert commands.run("detect", "--once", "--rules", "builtin:lab", "--csv", "")[0] == ExitCode.OK
    send(kafka, topic, 10)
    admin = AdminClient({"bootstrap.servers": kafka})  # named: dropping it would cancel the request
    (trimmed,) = admin.delete_records([TopicPartition(topic.name, 0, 8)]).values()
    trimmed.result(20)
    _, out, said = commands.run("lag", "--over", "0")
    assert [(r["lag"], r["missed"]) for r in rows(out)] == [(2, 3), (5, 0)]
    assert "3 records were removed" in said


@pytest.mark.parametrize(
    ("host", "shown"), [("10.0.0.1", "tocsin-fd29113d"), ("10.0.0.2", "tocsin-fd29113d at 10.0.0.2")]
)
def test_the_table_names_a_worker_in_few_letters(host, shown):
    """A member's id is a UUID, which leaves no room for numbers; hosts are told where there are several."""
    found = lags("t", sight(0, {0: 7, 1: 4, 2: 4}, {0: 10, 1: 4, 2: 4}))
    worker = "tocsin-fd29113d-a5ef-4d3a-88dc-a491fd650410"
    found[1] = dataclasses.replace(found[1], worker=worker, host=host)
    readers = [str(cell) for cell in _table(found).columns[-1].cells]
    assert readers[1:] == [shown, "nobody"]


@pytest.mark.kafka
def test_a_topic_that_is_not_there_is_not_made(kafka, topic, commands):
    """Looking must not change anything."""
    code, _, said = commands.run("lag", "--topic", topic.name + "x")
    assert code == ExitCode.BAD_SETTINGS
    assert f"has no topic '{topic.name}x'" in said
    assert f"did you mean '{topic.name}'?" in said
