"""Every event exactly once, whatever dies: workers killed, frozen and scaled while the broker dies too.

A failure names its seed: `TOCSIN_CRASH_SEED=... pytest tests/crash` plays the same dice again.
`make soak` plays ten times as long (`TOCSIN_SOAK`).
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.crash.chaos import Chaos
from tests.crash.truth import Outcome, csv_events, differences, expected, published, stored
from tocsin.detect import Detector
from tocsin.rules import load_rules

SOAK = bool(os.environ.get("TOCSIN_SOAK"))

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def seed() -> int:
    """The dice: another one in each run, or the one that is asked for."""
    return int(os.environ.get("TOCSIN_CRASH_SEED") or random.SystemRandom().randrange(10**6))


def report(line: str) -> None:
    """Leave a line where CI keeps what its runs made."""
    artefacts = Path("artifacts")
    artefacts.mkdir(exist_ok=True)
    with (artefacts / "crash.txt").open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def wait_until(condition: Callable[[], bool], patience: float = 60) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def faults(chaos: Chaos) -> list[str]:
    """Compare everything that was written with what an undisturbed run would have."""
    truth: Outcome = expected(chaos.bootstrap, chaos.topic, Detector(load_rules(["builtin:lab"])))
    found = stored(chaos.results)
    events = Counter({(event_id, technique): n for (_, _, event_id, technique), n in truth.verdicts.items()})
    comparisons: dict[str, tuple[Counter[Any], Counter[Any]]] = {
        "table": (truth.verdicts, found.verdicts),
        "dead letters": (truth.dead, found.dead),
        "detections": (truth.detections, found.detections),
        "CSV": (events, csv_events(chaos.csv)),
        "topic of detections": (truth.detections, published(chaos.bootstrap, "detections", "detection_id")),
        "topic of events": (
            Counter(event_id for event_id, _ in events.elements()),
            published(chaos.bootstrap, "events.classified", "event_id"),
        ),
    }
    assert truth.verdicts
    assert truth.dead
    assert truth.detections
    told = {name: differences(*pair) for name, pair in comparisons.items()}
    return [f"{name}: {said}" for name, said in told.items() if said]


@pytest.mark.timeout(5_400 if SOAK else 900)
def test_every_event_is_there_once_whatever_dies(needs_apache: None, tmp_path: Path, seed: int) -> None:
    """Table, dead letters, CSV and both published topics are those of an undisturbed run."""
    kills = 200 if SOAK else 20
    chaos = Chaos(tmp_path, seed)
    try:
        chaos.produce(5_000, rate=1_000)
        chaos.join()
        chaos.join()
        chaos.play(kills, freezes=kills // 10, broker_kills=max(1, kills // 20))
        chaos.finish()
        report(f"seed {seed}: {chaos.kills} workers died of SIGKILL; {dict(sorted(chaos.done.items()))}")
        assert faults(chaos) == [], f"TOCSIN_CRASH_SEED={seed}: {dict(chaos.done)}"
    finally:
        chaos.close()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("checked", [True, False])
def test_a_zombie_writes_nothing_and_the_suite_would_notice(
    needs_apache: None, tmp_path: Path, *, checked: bool
) -> None:
    """A worker that freezes before its commit wakes when another has done the work: it is refused.

    With the position check taken out the same scene gives events twice, and the suite says so.
    """
    chaos = Chaos(tmp_path, 1, partitions=1)
    try:
        chaos.produce(3_000, rate=0)
        chaos.finish_producing()
        chaos.spoil(3)
        armed = ("--freeze", "commit of verdicts", "--nth", "1")
        zombie = chaos.join(armed=armed if checked else (*armed, "--unchecked"))
        wait_until(lambda: psutil.Process(zombie.process.pid).status() == psutil.STATUS_STOPPED)
        heir = chaos.join("--once", "--csv", "")  # the frozen one has the CSV
        heir.process.wait(90)
        zombie.process.send_signal(signal.SIGCONT)
        time.sleep(3)
        zombie.process.terminate()
        zombie.process.wait(60)
        chaos.look()
        said = faults(chaos)
        if checked:
            assert said == []
        else:
            assert any("too many" in fault for fault in said), "a suite that notices nothing proves nothing"
    finally:
        chaos.close()
