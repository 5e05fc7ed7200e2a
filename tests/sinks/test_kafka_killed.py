"""A publishing process is killed before, within and after transactions: every message is there once."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sinks.judging import judged, read
from tests.sinks.publishing import POINTS
from tocsin.kafka import Cluster, topic_of
from tocsin.sinks.messages import Outputs, messages

ROOT = Path(__file__).parents[2]
UNTIL = 200


def publishing(bootstrap: str, topic: str, *fate: str, until: int = UNTIL) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.sinks.publishing", bootstrap, topic, str(until), *fate]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: "subprocess.Popen[str]") -> int:
    _, said = process.communicate(timeout=60)
    assert process.returncode <= 0, said
    return process.returncode


def seen(bootstrap: str, topic: str) -> list[bytes]:
    """What readers of committed messages see, sorted: the values, which hold the position."""
    return sorted(m.value() or b"" for m in read(bootstrap, topic, 2))


def expected(bootstrap: str, topic: str, until: int = UNTIL) -> dict[str, list[bytes]]:
    """What a process that nobody disturbed would have published, made in memory."""
    place = topic_of(Cluster(bootstrap), topic, 2)
    found: dict[str, list[bytes]] = {f"{topic}.d": [], f"{topic}.c": []}
    for partition in (0, 1):
        batch = judged(range(until), partition=partition, topic=place)
        for message in messages(batch, range(until), Outputs(f"{topic}.d", f"{topic}.c")):
            found[message.topic].append(message.value or b"")
    return {name: sorted(values) for name, values in found.items()}


@pytest.mark.kafka
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point_of_a_transaction(kafka: str, unique_name: str, point: str) -> None:
    """Twice at the same point, in different transactions; the third process finishes undisturbed."""
    for count in ("1", "5"):
        assert finish(publishing(kafka, unique_name, point, count)) < 0, "it was not killed"
    assert finish(publishing(kafka, unique_name)) == 0
    for topic, values in expected(kafka, unique_name).items():
        assert seen(kafka, topic) == values


@pytest.mark.kafka
@pytest.mark.slow
def test_killed_at_any_moment(kafka: str, unique_name: str) -> None:
    """Eight times, at moments that dice decide, while another process may still be alive."""
    seed = random.randrange(1_000_000)
    dice = random.Random(seed)
    until = 4_000
    lingering: subprocess.Popen[str] | None = None
    for _ in range(8):
        process = publishing(kafka, unique_name, until=until)
        assert process.stdout is not None
        process.stdout.readline()  # started: the one before is shut out by now
        if lingering is not None:
            lingering.kill()
            lingering.communicate()
        time.sleep(dice.uniform(0.0, 0.5))
        if dice.random() < 0.5:
            process.kill()
            process.communicate()
            lingering = None
        else:
            lingering = process
    if lingering is not None:
        lingering.kill()
        lingering.communicate()
    assert finish(publishing(kafka, unique_name, until=until)) == 0
    for topic, values in expected(kafka, unique_name, until).items():
        assert seen(kafka, topic) == values, f"seed {seed}"
