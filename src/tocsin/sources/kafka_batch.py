"""What the client hands out, as a batch: columns, whatever is in a record's headers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from confluent_kafka import Message

from tocsin.kafka.headers import headers_of
from tocsin.model import Batch, Rejected, RejectReason, Stream


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
        headers=[headers_of(m) for m in messages],  # whoever hides behind a header: its event counts
    )


def with_gaps(batch: Batch, gaps: Sequence[tuple[int, int, str]]) -> Batch:
    """Return the batch with a row for each gap, at its last offset: with that the position moves over it."""
    first, count = len(batch), len(gaps)
    lost = [Rejected(RejectReason.LOST, gone) for _, _, gone in gaps]
    return Batch(
        stream=batch.stream,
        partitions=[*batch.partitions, *(partition for partition, _, _ in gaps)],
        offsets=[*batch.offsets, *(offset for _, offset, _ in gaps)],
        timestamps=[*batch.timestamps, *[-1] * count],
        keys=[*batch.keys, *[None] * count],
        values=[*batch.values, *[None] * count],
        headers=[*batch.headers, *[()] * count],
        faults=dict(enumerate(lost, first)),
    )
