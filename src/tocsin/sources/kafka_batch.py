"""What the client hands out, as a batch: columns, whatever is in a record's headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from confluent_kafka import Message

from tocsin.model import Batch, Headers, Stream


def batch_of(stream: Stream, messages: Sequence[Message]) -> Batch:
    """Return the records of messages that carry no error."""
    # confluent-kafka types these as optional for messages that carry an error; these do not
    return Batch(
        stream=stream,
        partitions=cast(list[int], [m.partition() for m in messages]),
        offsets=cast(list[int], [m.offset() for m in messages]),
        timestamps=[m.timestamp()[1] for m in messages],
        keys=cast(Sequence[bytes | None], [m.key() for m in messages]),
        values=cast(Sequence[bytes | None], [m.value() for m in messages]),
        headers=_headers(messages),
    )


def _headers(messages: Sequence[Message]) -> Sequence[Headers]:
    try:
        return cast(Sequence[Headers], [m.headers() or () for m in messages])
    except _UNREADABLE:
        return [headers_of(m) for m in messages]


_UNREADABLE = (SystemError, UnicodeDecodeError)
"""What confluent-kafka raises for a name that is not UTF-8: the first, as it does not pass on the second."""


def headers_of(message: Message) -> Headers:
    """Return a record's headers; none when the name of one is not UTF-8.

    Kafka wants UTF-8 and checks nothing. The event counts all the same: nobody hides one behind a header.
    """
    try:
        return cast(Headers, message.headers() or ())
    except _UNREADABLE:
        return ()
