"""`tocsin bench` measures a real pipeline, leaves the cluster as it was, and ends in order."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from tocsin.errors import ExitCode
from tocsin.kafka import Cluster
from tocsin.kafka.browsing import Topics


def bench(folder: Path, kafka: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tocsin", "bench", "--bootstrap-servers", kafka, "--dir", str(folder)]
    return subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def topics_left(kafka: str) -> list[str]:
    admin = AdminClient({"bootstrap.servers": kafka})
    deadline = time.monotonic() + 60
    while True:  # a topic that is deleted is shown for a moment longer
        found = [name for name in admin.list_topics(timeout=10).topics if name.startswith("tocsin-bench-")]
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def wait_for_records(kafka: str, count: int) -> None:
    topics = Topics(Cluster(kafka))
    deadline = time.monotonic() + 60
    while sum(size.records for size in topics.sizes() if size.name.startswith("tocsin-bench-")) < count:
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.1)


@pytest.mark.kafka
@pytest.mark.slow
def test_it_measures_and_leaves_the_cluster_as_it_was(kafka, tmp_path):
    """A rate, with what every event took; then figures, plot and results are in a folder."""
    process = bench(
        tmp_path, kafka, "--rate", "300", "--seconds", "3", "--warm-up", "1", "--", "--trace", "off"
    )
    out, err = process.communicate(timeout=150)
    assert process.returncode == ExitCode.OK, err
    (found,) = [json.loads(line) for line in out.splitlines()]
    assert 1_000 <= found["events"] == found["sent"] <= 1_400
    assert 0 < found["stored"]["p50"] <= found["stored"]["p999"]
    assert 0 < found["published"]["p50"] <= found["published"]["p999"]
    assert found["csv"]["p50"] >= found["stored"]["p50"]
    assert found["memory_mb"] > 50
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "figures.ndjson").read_text()) == found
    assert (folder / "latency.png").read_bytes().startswith(b"\x89PNG")
    assert topics_left(kafka) == []


@pytest.mark.kafka
@pytest.mark.slow
def test_ctrl_c_ends_it_with_what_was_measured(kafka, tmp_path):
    """The workers finish what they hold; figures are there, topics and processes are not."""
    process = bench(tmp_path, kafka, "--rate", "200", "--seconds", "300", "--warm-up", "0")
    assert process.stderr is not None
    while "events/s for" not in process.stderr.readline():
        assert process.poll() is None
    wait_for_records(kafka, 600)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == ExitCode.OK, err
    (found,) = [json.loads(line) for line in out.splitlines()]
    assert 0 < found["events"] <= found["sent"]
    assert topics_left(kafka) == []


@pytest.mark.parametrize(
    ("flag", "value"), [("--rate", "0"), ("--rate", "quick"), ("--workers", "3..1"), ("--workers", "0")]
)
def test_what_cannot_be_measured_is_refused(tmp_path, flag, value):
    """Before anything is started, with what would be possible."""
    process = bench(tmp_path, "127.0.0.1:1", flag, value)
    _, err = process.communicate(timeout=60)
    assert process.returncode == ExitCode.BAD_SETTINGS
    assert "neither a number" in err
    assert list(tmp_path.iterdir()) == []
