"""What a source hands over: bytes with a position and headers, always a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tocsin.model.event import Rejected

Headers = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Stream:
    """Where records come from.

    Attributes:
        kind: a Kafka topic, or a file (or standard input).
        name: the topic's name, or the file's path as the user gave it.
        id: what stays unique when the name is used again: the topic id; for a file, its path.
    """

    kind: Literal["topic", "file"]
    name: str
    id: str

    def scope(self, partition: int) -> tuple[str, str]:
        """Return what offsets are relative to, where ids are derived from them.

        A file's partition only tells it from other files of the same run, so it is not part of what it is.
        """
        return self.id, "0" if self.kind == "file" else str(partition)


@dataclass(frozen=True, slots=True)
class Record:
    """One record, taken out of its batch for a human or for the dead letters.

    Attributes:
        partition: the Kafka partition; for a file, how many-th it is of those that are read, from 0.
        offset: the Kafka offset; for a file, the line or record number from 1.
        timestamp: the broker's, in milliseconds since 1970 UTC; -1 when there is none.
        value: the payload; None is Kafka's tombstone.
    """

    stream: Stream
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of one poll, as columns of equal length; within a partition offsets rise.

    See `Record` for what each column holds.

    Attributes:
        faults: row -> why the source could not read the record whole, such as a file that ends in the middle
            of one. Its value is what could be read, or None.
    """

    stream: Stream
    partitions: Sequence[int]
    offsets: Sequence[int]
    timestamps: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    headers: Sequence[Headers]
    faults: Mapping[int, Rejected] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    def record(self, index: int) -> Record:
        """Return the record in row `index`."""
        return Record(
            self.stream,
            self.partitions[index],
            self.offsets[index],
            self.timestamps[index],
            self.keys[index],
            self.values[index],
            self.headers[index],
        )

    def take(self, rows: Sequence[int]) -> Batch:
        """Return a batch of some of the rows, which are given in rising order."""
        return Batch(
            stream=self.stream,
            partitions=[self.partitions[row] for row in rows],
            offsets=[self.offsets[row] for row in rows],
            timestamps=[self.timestamps[row] for row in rows],
            keys=[self.keys[row] for row in rows],
            values=[self.values[row] for row in rows],
            headers=[self.headers[row] for row in rows],
            faults={new: self.faults[row] for new, row in enumerate(rows) if row in self.faults},
        )

    @classmethod
    def of_values(cls, stream: Stream, values: Sequence[bytes | None], first: int = 0) -> Batch:
        """Return a batch of partition 0 from payloads alone, with offsets counted from `first`."""
        count = len(values)
        return cls(
            stream=stream,
            partitions=[0] * count,
            offsets=range(first, first + count),
            timestamps=[-1] * count,
            keys=[None] * count,
            values=values,
            headers=[()] * count,
        )
