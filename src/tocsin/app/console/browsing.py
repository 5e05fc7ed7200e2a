"""How the console's pages reach the topics: one client that asks, a few readers at a time, and the tails."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus

from tocsin.app.console.faults import Unanswered
from tocsin.app.console.tail import Tails
from tocsin.errors import nearest
from tocsin.kafka import Cluster
from tocsin.kafka.browsing import Peek, Stretch, Topics

_READERS = 4
"""Answers that read topics at the same time: each holds some megabytes and connections to brokers."""

_PATIENCE = 5.0

_FETCHED = 8 * 2**20
"""Bytes that are fetched ahead for one answer."""


class Browsing:
    """What lives behind the pages about topics. Any thread may ask.

    Args:
        cluster: where the topics are.

    Attributes:
        tails: the topics that are watched.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.tails = Tails(cluster)
        self._cluster = cluster
        self._lock = threading.Lock()
        self._topics: Topics | None = None
        self._turns = threading.Semaphore(_READERS)

    @property
    def topics(self) -> Topics:
        """Return who knows the topics.

        Raises:
            SettingsError: properties that librdkafka does not accept.
        """
        with self._lock:
            if self._topics is None:
                self._topics = Topics(self._cluster)
            return self._topics

    def partitions(self, topic: str, partition: int | None = None) -> list[int]:
        """Return the partitions of a topic, or the one that is meant.

        Raises:
            Unanswered: there is no such topic or partition.
            StreamError: Kafka does not answer.
        """
        known = self.topics.partitions()
        if topic not in known:
            raise Unanswered(HTTPStatus.NOT_FOUND, "no such topic", nearest(topic, known))
        if partition is not None and partition >= known[topic]:
            problem = f"the topic has {known[topic]} partitions, counted from 0"
            raise Unanswered(HTTPStatus.NOT_FOUND, problem)
        return list(range(known[topic])) if partition is None else [partition]

    @contextmanager
    def reading(self, topic: str, stretches: Mapping[int, Stretch]) -> Iterator[Peek]:
        """Yield a reader of stretches of a topic.

        Raises:
            Unanswered: too many read at this moment.
        """
        if not self._turns.acquire(timeout=_PATIENCE):
            raise Unanswered(HTTPStatus.SERVICE_UNAVAILABLE, "too many read topics at this moment")
        try:
            with closing(Peek(self._cluster, topic, stretches, _FETCHED)) as peek:
                yield peek
        finally:
            self._turns.release()
