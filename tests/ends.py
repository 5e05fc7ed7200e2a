"""What tests that read a topic share: how they know that they have all of it."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException, Message


def is_end(message: Message) -> bool:
    """Say whether a message tells the end of its partition; a fault that passes by itself is left out.

    Raises:
        KafkaException: nothing more is to be expected of the consumer.
    """
    fault = message.error()
    if fault is not None and fault.fatal():
        raise KafkaException(fault)
    return fault is not None and fault.code() == KafkaError._PARTITION_EOF
