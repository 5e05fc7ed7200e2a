"""A broker that does not answer: nothing is lost meanwhile, and what may be there is not sent again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from tests.sinks.judging import judged, read, started
from tocsin.broker import Running, start
from tocsin.errors import StreamError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.ports import PositionMoved
from tocsin.sinks import lane
from tocsin.sinks.kafka import KafkaSink
from tocsin.sinks.messages import Outputs


@pytest.fixture
def broker(needs_apache: None, tmp_path: Any) -> Iterator[Running]:
    """A broker of this test's own, for it is frozen."""
    with start("apache", tmp_path, 0, lambda _: None) as running:
        try:
            yield running
        finally:
            os.kill(running.pid, signal.SIGCONT)


def refusals(sink: KafkaSink, seconds: float) -> int:
    """Flush again and again; return how often that failed within so many seconds."""
    found = 0
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with pytest.raises(StreamError):
            sink.flush()
        found += 1
    return found


def deliver(sink: KafkaSink, topic: Topic, until: int) -> None:
    """Flush until everything is there, as the loop does: wait for the cluster, read on from the position."""
    deadline = time.monotonic() + 60
    while True:
        try:
            assert sink.flush() == {0: until}
        except PositionMoved:  # by a request of our own, which the broker found when it was back
            position = started(sink, [0])[0]
            sink.write(judged(range(position, until), topic=topic))
        except StreamError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "committing"])
def test_a_broker_that_freezes_is_waited_for(
    broker: Running, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Before the transaction, or so that its outcome is not known: each message is there once afterwards."""
    freezes = ["once"]

    class Freezing:
        def __init__(self, settings: dict[str, Any]) -> None:
            self._real: Producer = Producer(settings)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

        def commit_transaction(self, timeout: float) -> None:
            if freezes:
                freezes.clear()
                self._real.flush(10)
                os.kill(broker.pid, signal.SIGSTOP)
            self._real.commit_transaction(timeout)

    cluster = Cluster(broker.bootstrap, {"transaction.timeout.ms": "4000"})
    topic = topic_of(cluster, "raw", 1)
    sink = KafkaSink(cluster, topic, "group.kafka", Outputs("detections"), lambda _: None)
    started(sink, [0])
    if moment == "committing":
        monkeypatch.setattr(lane, "Producer", Freezing)
        started(sink, [0])
    monkeypatch.setattr(lane, "PATIENCE", 2.0)
    if moment == "before":
        os.kill(broker.pid, signal.SIGSTOP)
    sink.write(judged(range(50), topic=topic))
    assert refusals(sink, 5) >= 1
    sink.write(judged(range(50, 60), topic=topic))
    os.kill(broker.pid, signal.SIGCONT)
    deliver(sink, topic, 60)
    sink.close()
    assert len(read(broker.bootstrap, "detections")) == 60


HANGING = """
import threading, time
from tocsin.sinks.kafka import _outcomes
hangs = threading.Event()
arguments = (lambda lane: hangs.set() or time.sleep(120), ["a lane"])
threading.Thread(target=_outcomes, args=arguments, daemon=True).start()
assert hangs.wait(10)
"""


def test_a_transaction_that_hangs_does_not_keep_the_process_from_ending() -> None:
    """Whoever ends a worker while the cluster is away has waited for the deadline already."""
    done = subprocess.run([sys.executable, "-c", HANGING], timeout=60, check=False)
    assert done.returncode == 0
