"""Whether the cluster answers: librdkafka tries again with a backoff of its own, and this tells about it.

An error tells that a broker has gone, but nothing tells that it is back when there is nothing to read. So the
client's statistics are looked at, which name the brokers that it is connected with.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from confluent_kafka import KafkaError, KafkaException

from tocsin.errors import StreamError
from tocsin.kafka import logger

_REFUSED = {
    KafkaError._AUTHENTICATION,  # noqa: SLF001 - librdkafka's name
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}
"""What waiting does not mend."""


_CONNECTED = {"UP", "UPDATE"}


class Window(msgspec.Struct, frozen=True):
    """What librdkafka tells of a spread of values: here its 99th percentile, in microseconds."""

    p99: int = 0


class Broker(msgspec.Struct, frozen=True):
    """One broker in the statistics; a node below 0 is one that has not told its number yet."""

    state: str
    nodeid: int = -1
    rxerrs: int = 0
    txerrs: int = 0
    req_timeouts: int = 0
    rtt: Window = Window()


class Prefetched(msgspec.Struct, frozen=True):
    """What was fetched ahead, in bytes, as one partition tells it (see `Statistics.ahead`)."""

    fetchq_size: int = 0


class Partitions(msgspec.Struct, frozen=True):
    """One topic in the statistics."""

    partitions: dict[str, Prefetched] = msgspec.field(default_factory=dict)


class Statistics(msgspec.Struct, frozen=True):
    """The part of librdkafka's statistics that is looked at; the names are its own."""

    brokers: dict[str, Broker] = msgspec.field(default_factory=dict)
    topics: dict[str, Partitions] = msgspec.field(default_factory=dict)
    rx_bytes: int = 0
    tx_bytes: int = 0

    @property
    def ahead(self) -> int:
        """Return the bytes that were fetched and wait to be polled.

        All partitions feed the consumer's one queue, and each tells the size of that as its own.
        """
        return max((p.fetchq_size for t in self.topics.values() for p in t.partitions.values()), default=0)


class Link:
    """What a client's callbacks tell about its connections.

    Attributes:
        statistics: the latest; replaced as a whole, so any thread may read them.

    Args:
        servers: whom we wait for, for humans.
        tell: called with a sentence when the cluster goes away, and when it is back.
    """

    def __init__(self, servers: str, tell: Callable[[str], None]) -> None:
        self._servers = servers
        self._tell = tell
        self._away_since: float | None = None
        self._alone_since: float | None = None  # of the statistics: the first of those without a broker
        self._refused: KafkaError | None = None
        self.statistics = Statistics()

    def callbacks(self) -> dict[str, object]:
        """Return the client properties that connect this with a client."""
        return {"error_cb": self._heard, "stats_cb": self._counted}

    def waiting(self) -> float | None:
        """Return for how many seconds the cluster has been away; None when it is there. For any thread."""
        since = self._away_since
        return None if since is None else time.monotonic() - since

    def check(self) -> None:
        """Raise what waiting does not mend.

        Raises:
            StreamError: the cluster no longer lets us in.
        """
        if self._refused is not None:
            raise StreamError(f"Kafka at {self._servers} refuses: {self._refused.str()}") from KafkaException(
                self._refused
            )

    def _heard(self, error: KafkaError) -> None:
        if error.code() in _REFUSED or error.fatal():
            self._refused = error
        logger.info("%s", error)

    def _counted(self, statistics: str) -> None:
        """Two in a row without a broker are meant: between two connections there may be one."""
        now = time.monotonic()
        self.statistics = msgspec.json.decode(statistics, type=Statistics)
        brokers = self.statistics.brokers.values()
        if any(broker.state in _CONNECTED for broker in brokers):
            if self._away_since is not None:
                self._tell(f"Kafka at {self._servers} answers again after {now - self._away_since:.0f} s")
            self._alone_since = self._away_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif self._away_since is None:
            self._away_since = self._alone_since
            self._tell(f"waiting for Kafka at {self._servers}")
