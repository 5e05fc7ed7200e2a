"""Workers on a real Kafka that disagree about who owns what: frozen, doubled, slowed, started together."""

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.run.test_pipeline import Pipeline, finish, wait_until
from tocsin.errors import ExitCode
from tocsin.results.table import dataset

SOAK = bool(os.environ.get("TOCSIN_SOAK"))

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]


def places(pipeline: Pipeline) -> Counter[tuple[int, int]]:
    """Return how often each record is in the results."""
    rows = dataset(pipeline.results).to_table(columns=["partition", "offset"])
    return Counter(zip(rows["partition"].to_pylist(), rows["offset"].to_pylist(), strict=True))


def once_each(pipeline: Pipeline, count: int) -> bool:
    found = places(pipeline)
    return len(found) == found.total() == count


def holds_rows(pipeline: Pipeline) -> bool:
    return (pipeline.results / "verdicts").exists() and places(pipeline).total() > 0


@contextmanager
def killed_at_last(worker: "subprocess.Popen[str]") -> Iterator["subprocess.Popen[str]"]:
    """A frozen worker would outlive a test that fails."""
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.slow
def test_a_worker_that_was_frozen_repeats_nothing(kafka, tmp_path):
    """Frozen beyond the session timeout with rows in hand, and woken when another has stored those."""
    pipeline = Pipeline(kafka, tmp_path)
    count = 20_000
    pipeline.produce("--count", str(count), "--seed", "11")
    freezes = pipeline.armed(("--freeze", "commit of verdicts", "--nth", "2"), "--commit-rows", "300")
    with killed_at_last(freezes) as frozen:
        wait_until(lambda: psutil.Process(frozen.pid).status() == psutil.STATUS_STOPPED)
        assert 0 < places(pipeline).total() < count
        finish(
            pipeline.worker("--once", "--csv", "")
        )  # it would wait 30 s for the CSV, which the frozen one has
        assert once_each(pipeline, count)
        pipeline.produce("--count", "1000", "--seed", "12")
        frozen.send_signal(signal.SIGCONT)
        wait_until(lambda: places(pipeline).total() >= count + 1000)
        frozen.send_signal(signal.SIGTERM)
        finish(frozen)
    assert once_each(pipeline, count + 1000)
    assert len(pipeline.rows()) == count + 1000


@pytest.mark.slow
def test_workers_that_both_believe_they_own_every_partition_store_each_record_once(kafka, tmp_path):
    """Two groups on the same results: neither knows of the other, and both are right about their group."""
    pipeline = Pipeline(kafka, tmp_path)
    count = 15_000
    pipeline.produce("--count", str(count), "--seed", "13")
    one, two = (
        pipeline.worker("--once", "--group", f"{pipeline.topic}-{name}", "--commit-rows", "200")
        for name in ("one", "two")
    )
    finish(one, timeout=150)
    finish(two, timeout=150)
    assert once_each(pipeline, count)
    assert len(pipeline.rows()) == count


@pytest.mark.slow
def test_workers_that_are_started_together_to_the_end_leave_nothing_out(kafka, tmp_path):
    """`--once` with several: each ends when what it was given is stored, and all of it is."""
    pipeline = Pipeline(kafka, tmp_path)
    count = 12_000
    pipeline.produce("--count", str(count), "--seed", "14")
    workers = [pipeline.worker("--once") for _ in range(3)]
    for worker in workers:
        finish(worker, timeout=150)
    assert once_each(pipeline, count)


def test_a_gap_is_a_dead_letter_and_the_rest_is_classified(kafka, tmp_path):
    """Without the option the worker ends with code 4 and says which records; with it, it notes them."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "50", "--partitions", "1")
    finish(pipeline.worker("--once"))
    pipeline.produce("--count", "50")
    admin = AdminClient({"bootstrap.servers": kafka})
    (trimmed,) = admin.delete_records([TopicPartition(pipeline.topic, 0, 80)]).values()
    trimmed.result(20)
    stops = pipeline.worker("--once")
    _, said = stops.communicate(timeout=60)
    assert stops.returncode == ExitCode.STREAM_LOST
    assert "offsets 50 to 79 were removed before they were read" in said
    assert "--on-gap continue" in said
    said = finish(pipeline.worker("--once", "--on-gap", "continue"))
    assert "1 lost: kept in the dead letters" in said
    assert once_each(pipeline, 70)
    kept = dataset(pipeline.results, "dead_letters").to_table().to_pylist()
    assert [(row["offset"], row["reason"], row["value"]) for row in kept] == [(79, "lost", None)]
    finish(pipeline.worker("--once"))  # the gap is behind it
    assert once_each(pipeline, 70)


def test_a_topic_that_is_made_anew_while_it_is_read_is_another_one(kafka, tmp_path):
    """The client reads on in it without a word; nothing of it is taken for records of the first one."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "20", "--partitions", "1")
    admin = AdminClient({"bootstrap.servers": kafka})
    with killed_at_last(pipeline.worker()) as worker:
        wait_until(lambda: holds_rows(pipeline) and once_each(pipeline, 20))
        worker.send_signal(signal.SIGSTOP)  # it must not see the topic while it is gone, or empty
        admin.delete_topics([pipeline.topic])[pipeline.topic].result(20)
        wait_until(lambda: pipeline.topic not in admin.list_topics(timeout=10).topics)
        pipeline.produce("--count", "200", "--partitions", "1")
        worker.send_signal(signal.SIGCONT)
        _, said = worker.communicate(timeout=90)
    assert "made anew while it was read" in said
    assert worker.returncode == ExitCode.BAD_SETTINGS
    assert once_each(pipeline, 20)


def test_it_answers_who_asks_for_its_health(kafka, tmp_path):
    """Ready when it has joined the group and reads; gone when it has ended."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "50")
    worker = pipeline.worker("--health-listen", "127.0.0.1:0")
    assert worker.stderr is not None
    told = iter(worker.stderr.readline, "")
    address = next(found[1] for line in told if (found := re.search(r"health: (http://\S+)/healthz", line)))

    def asked(path: str) -> tuple[int, dict[str, object]]:
        try:
            with urllib.request.urlopen(address + path, timeout=10) as answer:
                return answer.status, msgspec.json.decode(answer.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, msgspec.json.decode(refused.read())

    assert asked("/healthz")[0] == 200
    wait_until(lambda: asked("/readyz")[0] == 200)
    wait_until(lambda: sum(asked("/readyz")[1]["lag"].values()) == 0)  # type: ignore[attr-defined]
    wait_until(lambda: asked("/readyz")[1]["sinks"][0]["commit_age_seconds"] is not None)  # type: ignore[index]
    body = asked("/readyz")[1]
    assert body["assigned"] == body["reading"] == [0, 1, 2, 3]
    worker.send_signal(signal.SIGTERM)
    finish(worker)
    with pytest.raises(urllib.error.URLError):
        asked("/healthz")


class Slowed:
    """A worker whose sink takes ten times as long, in a process of its own whose memory can be measured."""

    def __init__(self, pipeline: Pipeline, seconds: float) -> None:
        program = Path(__file__).with_name("slowed_worker.py")
        where = [pipeline.bootstrap, pipeline.topic, str(pipeline.results), str(seconds)]
        self._process = subprocess.Popen(
            [sys.executable, str(program), *where], stdout=subprocess.PIPE, text=True
        )

    def report(self, timeout: float) -> dict[str, int]:
        said, _ = self._process.communicate(timeout=timeout)
        assert self._process.returncode == 0
        found: dict[str, int] = msgspec.json.decode(said.splitlines()[-1])
        return found


@pytest.mark.slow
def test_a_slow_sink_costs_neither_memory_nor_the_place_in_the_group(kafka, tmp_path):
    """While it is ten times slower than what comes in, records wait in Kafka; afterwards all are stored."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "1", "--partitions", "4")
    count = 1 + produce_large(kafka, pipeline.topic, megabytes=320)
    found = Slowed(pipeline, seconds=60 if SOAK else 8).report(timeout=200)
    assert once_each(pipeline, count)
    assert found["assignments"] == 1
    assert found["held_back"] > 0
    assert found["grown_megabytes"] < 260, found


def produce_large(kafka: str, topic: str, megabytes: int) -> int:
    """Fill the topic with more than a worker may hold; return the number of records."""
    body = b'{"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "user": "%s"}' % (b"x" * 4_000)
    producer = Producer({"bootstrap.servers": kafka, "linger.ms": 50, "compression.type": "none"})
    count = megabytes * 1_000_000 // len(body)
    for number in range(count):
        producer.produce(topic, body, partition=number % 4)
        if number % 1_000 == 0:
            producer.poll(0)
            while len(producer) > 20_000:
                producer.poll(0.1)
    producer.flush()
    return count
