"""Watches detections arrive in their topic, as a program that waits for alerts would: to measure how late."""

from __future__ import annotations

import threading
import time
from array import array
from dataclasses import dataclass
from typing import Self

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tocsin.kafka import Cluster, Topic

_TURN = 0.2
"""Seconds between two looks at whether to end."""

_AT_ONCE = 1_000


class _Place(msgspec.Struct):
    """Of a detection message only where the event lay."""

    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Sightings:
    """Messages that were seen, as columns of equal length.

    Attributes:
        partitions, offsets: where the events lay that they are about.
        times: nanoseconds since 1970 when a reader of committed messages had them.
    """

    partitions: array[int]
    offsets: array[int]
    times: array[int]


class Watcher:
    """A consumer without a group on a thread of its own, which reads everything; a context manager.

    Args:
        cluster: where the topic is.
        topic: of detections.
    """

    def __init__(self, cluster: Cluster, topic: Topic) -> None:
        self.seen = Sightings(array("q"), array("q"), array("q"))
        defaults = {
            "group.id": "tocsin-bench-watch",  # the client wants one; nothing is committed
            "client.id": "tocsin-bench",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 100,
        }
        self._consumer = Consumer(cluster.client(defaults))
        self._consumer.assign(
            [TopicPartition(topic.name, p, OFFSET_BEGINNING) for p in range(topic.partitions)]
        )
        self._decoder = msgspec.json.Decoder(_Place)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="watches-detections", daemon=True)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Watch no more."""
        self._stop.set()
        self._thread.join()
        self._consumer.close()

    def _work(self) -> None:
        """Take what comes, the first message at once and what is there with it."""
        while not self._stop.is_set():
            first = self._consumer.poll(_TURN)
            if first is None:
                continue
            more = self._consumer.consume(_AT_ONCE, 0)
            now, seen = time.time_ns(), self.seen
            for message in (first, *more):
                if message.error() is None:
                    place = self._decoder.decode(message.value() or b"{}")
                    seen.partitions.append(place.partition)
                    seen.offsets.append(place.offset)
                    seen.times.append(now)
