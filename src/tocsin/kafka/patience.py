"""Which answers of a cluster mean "not yet", and the asking again that they call for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from confluent_kafka import KafkaError, KafkaException

T = TypeVar("T")

LEADERLESS: Final = frozenset(
    {
        KafkaError._NOENT,  # noqa: SLF001 - librdkafka's name; it knows no leader of any partition asked for
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's name; the leader hung up before it answered
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.KAFKA_STORAGE_ERROR,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.LISTENER_NOT_FOUND,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.OFFSET_NOT_AVAILABLE,
        KafkaError.REPLICA_NOT_AVAILABLE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""What a question about a partition gets while its topic is being made or its leader changes.

These are the errors that Kafka's protocol calls retriable and a leader answers ListOffsets with, and the two
that librdkafka gives in its place. librdkafka itself asks only once.
"""

UNSETTLED: Final = LEADERLESS | {
    KafkaError._TIMED_OUT,  # noqa: SLF001 - librdkafka's name
    KafkaError._UNKNOWN_PARTITION,  # noqa: SLF001 - librdkafka's name
}
"""The same for a consumer's question where a log begins and ends: it looks for the leader by itself."""

UNCOORDINATED: Final = frozenset(
    {
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.NOT_COORDINATOR,
    }
)
"""What a question about a group gets while the broker that knows groups starts, and reads, or changes."""

UNCONTROLLED: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - librdkafka's name; it hung up, and may or may not have done it
        KafkaError.NOT_CONTROLLER,
        KafkaError.REQUEST_TIMED_OUT,
    }
)
"""What a wish for a topic gets while the brokers choose who grants it; it may be granted all the same."""

_PAUSE = 0.1


def patiently(ask: Callable[[], T], patience: Callable[[int], float]) -> T:
    """Ask, and ask again while the answer is an error that passes.

    Args:
        ask: one try; raises KafkaException.
        patience: the error's code -> for how many seconds since the first try it is asked again.

    Raises:
        KafkaException: the last answer.
    """
    begun = time.monotonic()
    while True:
        try:
            return ask()
        except KafkaException as error:
            if time.monotonic() - begun >= patience(error.args[0].code()):
                raise
        time.sleep(_PAUSE)
