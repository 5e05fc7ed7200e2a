"""Publishes events to a Kafka topic, where their path through Tocsin begins."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # public, but not marked so for mypy
    AdminClient,
    ConfigResource,
    ResourceType,
)

from tocsin.errors import StreamError
from tocsin.kafka import LEADERLESS, Cluster, Topic, bad_option, patiently
from tocsin.model.identity import EVENT_ID_HEADER, TRACEPARENT_HEADER, traceparent
from tocsin.ports import ProducerTrace

TOO_LARGE = "larger than the topic takes"
UNACKNOWLEDGED = "not acknowledged before the end"

EXAMPLES = 5
"""Failures remembered one by one; the others are only counted."""

GRACE = 30.0
"""Seconds that `close` waits for the broker to acknowledge what is on its way."""

_NEW = 2.0
"""Seconds that a topic made a moment ago has to come round to the broker that is asked about it."""

QUEUE_KIB = 128 * 1024
BATCH_BYTES = 1_000_000


class Outgoing(Protocol):
    """What can be published: simulated and recorded events alike."""

    @property
    def event_id(self) -> str:
        """A UUID; sent as a header, for consumers of events that carry no id themselves."""

    @property
    def host(self) -> str:
        """The machine that logged it: the key, so that one machine's events stay in order; may be empty."""

    @property
    def value(self) -> bytes:
        """The payload."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A record that was not delivered."""

    event_id: str
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the records so far.

    Attributes:
        sent: acknowledged by the broker.
        waiting: on their way.
        failed: given up, by reason.
    """

    sent: int
    waiting: int
    failed: Mapping[str, int]

    @property
    def lost(self) -> int:
        """Return how many were given up."""
        return sum(self.failed.values())


class Publisher:
    """An idempotent, batching producer; a context manager that flushes on exit.

    Args:
        cluster: where the topic is; its options win over ours.
        topic: where to.
        largest: what `largest_batch` says of the topic; None when it is not known.
        stopping: asked while the local queue is full; True makes `publish` return early.
        trace: makes the producer's spans; None for contexts that say that there is none.
        delivered: called now and then with how many seconds each record took until it was acknowledged;
            None when nobody wants to know, which is cheaper.

    Raises:
        SettingsError: a client property that librdkafka does not know or accept.
    """

    def __init__(
        self,
        cluster: Cluster,
        topic: Topic,
        largest: int | None = None,
        stopping: Callable[[], bool] = lambda: False,
        trace: ProducerTrace | None = None,
        delivered: Callable[[Sequence[float]], None] | None = None,
    ) -> None:
        self._trace = trace
        self._delivered = delivered
        self._took: list[float] = []
        self._topic = topic.name
        self._stopping = stopping
        self._accepted = 0
        self._failed: Counter[str] = Counter()
        self._fatal: KafkaError | None = None
        self.examples: list[Failure] = []
        own = {**_properties(largest), "delivery.report.only.error": delivered is None}
        properties = cluster.client(own)
        try:
            self._producer = Producer({**properties, "error_cb": self._on_error})
        except KafkaException as error:
            raise bad_option(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(0.0 if isinstance(error, KeyboardInterrupt) else GRACE)

    def publish(self, events: Iterable[Outgoing]) -> int:
        """Hand events to the sending thread, waiting while its queue is full.

        Returns:
            How many were taken; fewer than given only when `stopping` said so. What becomes of them shows in
            `counts`, and a record that is too large in `examples`.

        Raises:
            StreamError: the broker has shut this producer out for good.
        """
        taken = 0
        for event in events:
            if not self._take(event):
                break
            taken += 1
        self._producer.poll(0)
        if self._trace is not None:
            self._trace.flush(self._topic)
        if self._fatal is not None:
            raise StreamError(f"the broker has shut this producer out: {self._fatal.str()}", "start it again")
        return taken

    def counts(self) -> Counts:
        """Return what became of the records so far."""
        self._producer.poll(0)
        if self._delivered is not None and self._took:
            took, self._took = self._took, []
            self._delivered(took)
        waiting = len(self._producer)
        return Counts(self._accepted - self._failed.total() - waiting, waiting, dict(self._failed))

    def drain(self, seconds: float) -> int:
        """Wait until all is acknowledged, so many seconds at most; return how many records still wait."""
        deadline = time.monotonic() + seconds
        # In short waits, so that Ctrl-C is heard.
        while (waiting := self._producer.flush(min(0.2, seconds))) and time.monotonic() < deadline:
            pass
        return int(waiting)

    def close(self, grace: float = GRACE) -> Counts:
        """Send what is waiting; after `grace` seconds count the rest as failed. May be called again."""
        if self.drain(grace):
            self._producer.purge()
            self._producer.flush(1.0)
        return self.counts()

    def _take(self, event: Outgoing) -> bool:
        event_id, value = event.event_id, event.value
        kept = self._trace is not None and self._trace.keeps(event_id)
        began = time.time_ns() if kept else 0
        headers: list[tuple[str, str | bytes | None]] = [
            (EVENT_ID_HEADER, event_id),
            (TRACEPARENT_HEADER, traceparent(event_id, sampled=kept)),
        ]
        report = partial(self._on_delivery, event_id)
        while True:
            try:
                self._producer.produce(
                    self._topic, value, event.host or None, headers=headers, on_delivery=report
                )
            except BufferError:
                if not len(self._producer):  # larger than the whole queue: waiting would not help
                    return self._refuse(event_id, len(value), TOO_LARGE)
                if self._stopping():
                    return False
                self._producer.poll(0.1)
            except KafkaException as error:
                return self._refuse(event_id, len(value), _reason(error.args[0]))
            else:
                self._accepted += 1
                if kept and self._trace is not None:
                    self._trace.sent(event_id, event.host, began)
                return True

    def _refuse(self, event_id: str, size: int, reason: str) -> bool:
        self._accepted += 1
        self._fail(Failure(event_id, size, reason))
        return True

    def _on_delivery(self, event_id: str, error: KafkaError | None, message: Message) -> None:
        """Called from `poll`; for failed records only when nobody wants to know how long the others took."""
        if error is None:
            self._took.append(message.latency() or 0.0)
            return
        self._fail(Failure(event_id, len(message.value() or b""), _reason(error)))

    def _fail(self, failure: Failure) -> None:
        self._failed[failure.reason] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(failure)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal = error


def largest_batch(cluster: Cluster, topic: Topic) -> int | None:
    """Return the size in bytes of the largest batch a topic takes; None when the broker does not tell."""
    resource = ConfigResource(ResourceType.TOPIC, topic.name)
    admin = AdminClient(cluster.client({}))

    def ask() -> int:
        config = admin.describe_configs([resource], request_timeout=10.0)[resource].result(10.0)
        return int(config["max.message.bytes"].value)

    try:
        return patiently(ask, lambda code: _NEW if code in LEADERLESS else 0.0)
    except (KafkaException, KeyError, TypeError, ValueError, TimeoutError):
        return None  # not allowed, or a broker that does not know the question


_PURGED = (KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT)  # noqa: SLF001 - public, so named


def _properties(largest: int | None) -> dict[str, object]:
    # Kafka refuses a whole batch that is larger than `max.message.bytes`, good records included: so batches
    # stay below, and what is larger alone is refused here, by itself.
    most = largest or BATCH_BYTES
    return {
        "client.id": "tocsin-produce",
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 20,
        "compression.type": "lz4",
        "partitioner": "murmur2_random",  # agrees with Java producers about a key's partition
        "message.max.bytes": max(1_000, most),  # 1,000 is librdkafka's lower bound
        "batch.size": min(BATCH_BYTES, most),
        "queue.buffering.max.kbytes": QUEUE_KIB,
    }


def _reason(error: KafkaError) -> str:
    if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return TOO_LARGE
    if error.code() in _PURGED:
        return UNACKNOWLEDGED
    return str(error.str())
