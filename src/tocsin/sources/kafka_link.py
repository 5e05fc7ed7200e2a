"""Whether the cluster answers: librdkafka tries again with a backoff of its own, and this tells about it."""

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


class _Broker(msgspec.Struct):
    state: str


class _Statistics(msgspec.Struct):
    """The part of librdkafka's statistics that is looked at."""

    brokers: dict[str, _Broker]


class Link:
    """What a client's callbacks tell about its connections.

    Args:
        servers: whom we wait for, for humans.
        tell: called with a sentence when the cluster goes away, and when it is back.
    """

    def __init__(self, servers: str, tell: Callable[[str], None]) -> None:
        self._servers = servers
        self._tell = tell
        self._away_since: float | None = None
        self._refused: KafkaError | None = None

    def callbacks(self) -> dict[str, object]:
        """Return the client properties that connect this with a client."""
        return {"error_cb": self._heard, "stats_cb": self._counted}

    def waiting(self) -> float | None:
        """Return for how many seconds the cluster has been away; None when it is there. For any thread."""
        since = self._away_since
        return None if since is None else time.monotonic() - since

    def works(self) -> None:
        """Take note that something came from the cluster."""
        waited = self.waiting()
        if waited is not None:
            self._away_since = None
            self._tell(f"Kafka at {self._servers} answers again after {waited:.0f} s")

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
        if error.code() in _REFUSED:
            self._refused = error
        elif error.code() == KafkaError._ALL_BROKERS_DOWN and self._away_since is None:  # noqa: SLF001
            self._away_since = time.monotonic()
            self._tell(f"waiting for Kafka at {self._servers}")
        logger.info("%s", error)

    def _counted(self, statistics: str) -> None:
        if self._away_since is not None:
            brokers = msgspec.json.decode(statistics, type=_Statistics).brokers.values()
            if any(broker.state == "UP" for broker in brokers):
                self.works()
