"""A process that publishes numbered events of two partitions, and kills itself where it is told to.

Usage: publishing.py BOOTSTRAP TOPIC UNTIL [POINT COUNT]: die at the COUNT-th time that POINT is reached.
"""

import os
import signal
import sys
import time
from typing import Any

from confluent_kafka import Producer

from tests.sinks.judging import judged, started
from tocsin.kafka import Cluster, topic_of
from tocsin.sinks import lane
from tocsin.sinks.kafka import KafkaSink
from tocsin.sinks.messages import Outputs

BATCH = 10
POINTS = ("begun", "produced", "positioned", "committing", "committed")


class Doomed:
    """A producer that dies at a point; what it has produced is in the log by then."""

    point = ""
    left = 0

    def __init__(self, settings: dict[str, Any]) -> None:
        self._real: Producer = Producer(settings)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def begin_transaction(self) -> None:
        self._real.begin_transaction()
        self.reach("begun")

    def send_offsets_to_transaction(self, *arguments: Any) -> None:
        self._real.flush(20)
        self.reach("produced")
        self._real.send_offsets_to_transaction(*arguments)
        self.reach("positioned")

    def commit_transaction(self, timeout: float) -> None:
        if self.is_time("committing"):
            signal.setitimer(signal.ITIMER_REAL, 0.002)  # SIGALRM ends a process that does not expect it
        self._real.commit_transaction(timeout)
        self.reach("committed")

    def is_time(self, point: str) -> bool:
        if point == Doomed.point:
            Doomed.left -= 1
        return point == Doomed.point and Doomed.left == 0

    def reach(self, point: str) -> None:
        if self.is_time(point):
            os.kill(os.getpid(), signal.SIGKILL)


def publish(bootstrap: str, name: str, until: int) -> None:
    topic = topic_of(Cluster(bootstrap), name, 2)
    outputs = Outputs(f"{name}.d", f"{name}.c")
    sink = KafkaSink(Cluster(bootstrap), topic, f"{name}.kafka", outputs, lambda _: None)
    positions = started(sink, [0, 1])
    sys.stdout.write("started\n")
    sys.stdout.flush()
    while min(positions.values()) < until:
        for partition, begin in positions.items():
            end = min(begin + BATCH, until)
            sink.write(judged(range(begin, end), partition=partition, topic=topic))
        positions = dict(sink.flush())
        time.sleep(0.005)
    sink.close()


if __name__ == "__main__":
    if len(sys.argv) > 4:
        Doomed.point, Doomed.left = sys.argv[4], int(sys.argv[5])
    lane.Producer = Doomed  # type: ignore[assignment,attr-defined]  # in this process only
    publish(sys.argv[1], sys.argv[2], int(sys.argv[3]))
