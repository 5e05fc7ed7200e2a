"""A worker whose sink is slow for a while, as a program: it prints what that cost as a line of JSON.

It holds as much as a worker does by default.

Arguments: bootstrap servers, topic, results folder, for how many seconds the sink is slow.
"""

import sys
import threading
import time
from pathlib import Path

import msgspec
import psutil

from tocsin.app.frugal import keep_little
from tocsin.detect import Detector
from tocsin.kafka import Cluster, topic_of
from tocsin.model import Batch
from tocsin.ports import Positions
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.rules import load_rules
from tocsin.run.loop import Watch, Worker
from tocsin.run.pace import Pace
from tocsin.sources.kafka import KafkaSource, Membership

PACE = Pace(commit_rows=1_000)
SLOW = 1.0
"""Seconds for a thousand rows: a tenth of what the smallest worker does."""


class SlowSink(ResultsSink):
    """Results on a disk that is slow until a moment."""

    slow_until = 0.0

    def flush(self) -> Positions:
        if time.monotonic() < self.slow_until:
            time.sleep(SLOW)
        return super().flush()


class CountingSource(KafkaSource):
    """Counts how often records were held back."""

    held_back = 0

    def poll(self, max_records: int, timeout: float) -> Batch | None:
        self.held_back += max_records == 0
        return super().poll(max_records, timeout)


class CountingWorker(Worker):
    """Counts how often partitions were assigned."""

    assignments = 0

    def assigned(self, partitions: list[int]) -> None:
        self.assignments += bool(partitions)
        super().assigned(partitions)


def main(bootstrap: str, topic_name: str, folder: str, seconds: str) -> None:
    keep_little()
    options = {"session.timeout.ms": "6000", "heartbeat.interval.ms": "500", "max.poll.interval.ms": "6000"}
    cluster = Cluster(bootstrap, options)
    topic = topic_of(cluster, topic_name, 4)
    origin = Origin(cluster=topic.cluster, topic=topic.name, topic_id=topic.id)
    sink = SlowSink(Path(folder), origin, "none", time.time)
    source = CountingSource(cluster, topic, Membership(f"{topic_name}-slow"))
    detector = Detector(load_rules(["builtin:lab"]))
    worker = CountingWorker(source, detector, sink, PACE, Watch())
    process = psutil.Process()
    begun, largest = process.memory_info().rss, [0]
    sink.slow_until = time.monotonic() + float(seconds)
    ended = threading.Event()

    def measure() -> None:
        while not ended.wait(0.05):
            largest[0] = max(largest[0], process.memory_info().rss)

    watcher = threading.Thread(target=measure, daemon=True)
    watcher.start()
    worker.run(lambda: source.caught_up() and worker.idle())
    ended.set()
    source.close()
    found = {
        "assignments": worker.assignments,
        "held_back": source.held_back,
        "grown_megabytes": (largest[0] - begun) // 1_000_000,
        "largest_megabytes": largest[0] // 1_000_000,
    }
    sys.stdout.write(msgspec.json.encode(found).decode() + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
