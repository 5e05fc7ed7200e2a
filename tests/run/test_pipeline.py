"""The main job on a real Kafka, through the command line: produce, classify, kill, restart, compare."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tocsin.errors import ExitCode
from tocsin.results import dead_letters
from tocsin.results.table import dataset

ROOT = Path(__file__).parents[2]


class Pipeline:
    """A topic with its results folder, worked on by `tocsin` processes."""

    def __init__(self, bootstrap: str, folder: Path, options: tuple[str, ...] = ()) -> None:
        self.bootstrap = bootstrap
        self.topic = f"events-{uuid.uuid4().hex[:8]}"
        self.results = folder / "results"
        self.csv = folder / "classified_packets.csv"
        self._where = ["--bootstrap-servers", bootstrap, "--topic", self.topic]
        self._options = options

    def produce(self, *arguments: str) -> str:
        done = subprocess.run(
            self.produce_command("--rate", "0", *arguments),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == ExitCode.OK, done.stderr
        return done.stderr

    def produce_command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tocsin", "produce", *self._where, *arguments]

    def command(self, *arguments: str) -> list[str]:
        return [
            *[sys.executable, "-m", "tocsin", "detect", *self._where, "--progress", "none"],
            *["--group", f"{self.topic}-group", "--results", str(self.results), "--csv", str(self.csv)],
            *["--rules", "builtin:lab"],
            *["-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500"],
            *self._options,
            *arguments,
        ]

    def worker(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(self.command(*arguments), stderr=subprocess.PIPE, text=True)

    def armed(self, how: tuple[str, ...], *arguments: str) -> "subprocess.Popen[str]":
        """Start a worker that kills or freezes itself: see `tests/crash/points.py`."""
        program, _, _, *command = self.command(*arguments)
        points = [program, "-m", "tests.crash.points", *how, *command]
        return subprocess.Popen(points, cwd=ROOT, stderr=subprocess.PIPE, text=True)

    def stored(self) -> Counter[str]:
        return Counter(dataset(self.results).to_table(columns=["event_id"])["event_id"].to_pylist())

    def rows(self) -> list[dict[str, str]]:
        with self.csv.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


def finish(worker: "subprocess.Popen[str]", timeout: float = 90) -> str:
    _, said = worker.communicate(timeout=timeout)
    assert worker.returncode == ExitCode.OK, said
    return said


def wait_until(condition, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


def one_of_two_killed(pipeline: Pipeline, count: int, *options: str) -> "tuple[subprocess.Popen[str], int]":
    """Kill one of two workers in the middle; return the other, and how many events there are for it.

    Where both were done before it could be seen that they had begun, there is more, and another one to kill.
    """
    survivor: subprocess.Popen[str] | None = None
    for total in range(count, 5 * count, count):
        pipeline.produce("--count", str(count), "--seed", str(total))
        victim = pipeline.worker("--commit-rows", "500", *options)
        survivor = survivor or pipeline.worker("--commit-rows", "500", *options)
        begun = total - count + count // 20
        wait_until(
            lambda: (pipeline.results / "verdicts").exists() and pipeline.stored().total() > begun,  # noqa: B023 - called at once
        )
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        if pipeline.stored().total() < total:
            return survivor, total
    raise AssertionError("the victims outlived the work")


@pytest.mark.kafka
@pytest.mark.slow
def test_a_killed_worker_loses_nothing_and_repeats_nothing(kafka, tmp_path):
    """Two workers in one group, one killed with SIGKILL in the middle and started again: every event once."""
    pipeline = Pipeline(kafka, tmp_path)
    survivor, count = one_of_two_killed(pipeline, 40_000)
    heir = pipeline.worker("--once")
    finish(heir)
    wait_until(lambda: pipeline.stored().total() == count)
    survivor.send_signal(signal.SIGTERM)
    finish(survivor)

    stored = pipeline.stored()
    assert len(stored) == count
    assert stored.total() == count
    rows = pipeline.rows()
    assert Counter(row["event_id"] for row in rows) == stored
    techniques = dataset(pipeline.results).to_table(columns=["technique"])["technique"]
    labels = Counter(techniques.to_pylist())
    assert Counter(row["mitre_technique"] for row in rows) == labels
    assert set(labels) == {"T1059", "T1059.001", "T1059.003", "T1078", "T1110"}


@pytest.mark.kafka
def test_bad_records_go_to_the_dead_letters_and_the_rest_goes_on(kafka, tmp_path):
    """Undecodable records are counted and kept, with reason and bytes; good ones around them count."""
    pipeline = Pipeline(kafka, tmp_path)
    pipeline.produce("--count", "100", "--seed", "2")
    producer = Producer({"bootstrap.servers": kafka})
    bad = [b"", b"{", b"[1]", b"\xff\xfe", None, b"3"]
    for value in bad:
        producer.produce(pipeline.topic, value, key=b"WS-01")
    producer.flush()
    pipeline.produce("--count", "100", "--seed", "3")
    said = finish(pipeline.worker("--once"))
    assert "6 rejected" in said
    assert pipeline.stored().total() == 200
    assert sum(dead_letters.count(pipeline.results).values()) == len(bad)
    kept = dataset(pipeline.results, "dead_letters").to_table(columns=["value", "detail"]).to_pylist()
    assert sorted((r["value"] or b"") for r in kept) == sorted(v or b"" for v in bad)
    assert all(row["detail"] for row in kept)


@pytest.mark.kafka
def test_a_results_folder_of_another_topic_is_refused_before_anything_is_read(kafka, tmp_path):
    """Exit 3, and the group has not been joined."""
    first = Pipeline(kafka, tmp_path)
    first.produce("--count", "10")
    finish(first.worker("--once"))
    other = Pipeline(kafka, tmp_path)
    other.produce("--count", "10")
    worker = other.worker("--once")
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == ExitCode.BAD_SETTINGS
    assert f"holds the results of topic '{first.topic}'" in said
    assert first.stored().total() == 10


@pytest.mark.kafka
def test_headers_carry_identity_and_the_results_keep_it(kafka, tmp_path):
    """A record without an id in its body takes the header's; the trace id follows from it."""
    pipeline = Pipeline(kafka, tmp_path)
    event_id = str(uuid.uuid4())
    producer = Producer({"bootstrap.servers": kafka})
    body = {"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "logon_type": "failure"}
    pipeline.produce("--count", "1")
    producer.produce(pipeline.topic, json.dumps(body), headers=[("event-id", event_id.encode())])
    producer.flush()
    finish(pipeline.worker("--once"))
    rows = dataset(pipeline.results).to_table(columns=["event_id", "trace_id", "technique"]).to_pylist()
    assert {"event_id": event_id, "trace_id": event_id.replace("-", ""), "technique": "T1110"} in rows


def test_the_pipeline_runs_on_tansu_too(tansu, tmp_path):
    """The instant broker is good enough for produce, classify and the CSV."""
    consumer = ("-X", "fetch.wait.max.ms=20")
    pipeline = Pipeline(tansu, tmp_path, consumer)
    pipeline.produce("--count", "2000", "--seed", "4")
    finish(pipeline.worker("--once"))
    assert pipeline.stored().total() == 2000
    assert len({row["event_id"] for row in pipeline.rows()}) == 2000


if "CI" in os.environ:  # a worker that hangs must not take CI's time with it
    pytestmark = pytest.mark.timeout(240)
