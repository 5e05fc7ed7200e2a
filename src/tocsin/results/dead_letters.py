"""The records that could not be events, with the reason and their bytes, until they are sent again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import pyarrow.compute as pc
import pyarrow.dataset as pads
from deltalake.exceptions import CommitFailedError

from tocsin.errors import StreamError
from tocsin.model import Record, RejectReason, Stream
from tocsin.results.location import Location, Where, rows_read, told
from tocsin.results.table import DEAD_LETTERS, dataset, origin_of

_PATIENCE = 30.0
"""Seconds in which rows must get marked: each commit of a worker meanwhile means trying again."""

_CHUNK = 1000
"""Positions per condition when rows are marked: a longer one is slow to plan."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that is not an event.

    Attributes:
        record: the record, whole.
        reason: the kind of fault, as in `RejectReason`.
        detail: one sentence.
        replayed: when it was sent again; None when it was not.
        sha256: of the value, where that was too much to keep; empty where the record is whole.
    """

    record: Record
    reason: str
    detail: str
    replayed: datetime | None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters are meant; None means any.

    Attributes:
        replayed: those that were sent again, or that were not.
        between: first and last offset.
    """

    reason: str | None = None
    partition: int | None = None
    offset: int | None = None
    replayed: bool | None = None
    between: tuple[int, int] | None = None

    def condition(self) -> pads.Expression:
        """Return the choice as a condition on the table's columns."""
        found = pads.scalar(True)  # noqa: FBT003 - Arrow's literal
        for name in ("reason", "partition", "offset"):
            value = getattr(self, name)
            if value is not None:
                found &= pads.field(name) == value
        if self.replayed is not None:
            there = pc.is_valid(pads.field("replayed_time"))
            found &= there if self.replayed else ~there
        if self.between is not None:
            found &= (pads.field("offset") >= self.between[0]) & (pads.field("offset") <= self.between[1])
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where a dead letter is, without its bytes.

    Attributes:
        size: of its value, about, in bytes.
        has_value: whether there is one that could be sent.
    """

    partition: int
    offset: int
    size: int
    has_value: bool


def count(results: Where) -> dict[str, int]:
    """Return reason -> number of dead letters, most first; empty when there is no such table yet."""
    if not (Location.of(results) / DEAD_LETTERS).is_table():
        return {}
    with rows_read(results):
        found = dataset(results, DEAD_LETTERS).to_table(columns=["reason"]).group_by("reason")
    rows = found.aggregate([([], "count_all")]).sort_by([("count_all", "descending")]).to_pylist()
    return {row["reason"]: row["count_all"] for row in rows}


def find(results: Where, choice: Choice) -> Iterator[DeadLetter]:
    """Yield dead letters, a file of the table at a time.

    Raises:
        SettingsError: there are no results in the folder.
    """
    rows = dataset(results, DEAD_LETTERS)
    origin = origin_of(results, DEAD_LETTERS)
    chunks = rows.to_batches(  # a record can have megabytes: few are read ahead
        filter=choice.condition(), batch_size=256, batch_readahead=1, fragment_readahead=1
    )
    with rows_read(results):
        for chunk in chunks:
            for row in chunk.to_pylist():
                stream = Stream("topic", row["topic"], origin.topic_id if origin else row["topic"])
                yield _dead_letter(row, stream)


_UNKNOWN_SIZE = 16_000
"""Bytes that a value is taken to have of which an older version did not say how many."""


def places(results: Where, choice: Choice) -> list[Place]:
    """Return where the chosen ones are; reads no values.

    Raises:
        SettingsError: there are no results in the folder.
    """
    rows = dataset(results, DEAD_LETTERS)
    known = rows.schema.names  # of a table that no newer worker has opened yet, not all of them
    columns = [c for c in ("partition", "offset", "reason", "value_bytes", "value_sha256") if c in known]
    return [
        Place(
            partition=row["partition"],
            offset=row["offset"],
            size=row.get("value_bytes") or _UNKNOWN_SIZE,
            has_value=row["reason"] != RejectReason.LOST and not row.get("value_sha256"),
        )
        for chunk in rows.to_batches(columns=columns, filter=choice.condition())
        for row in chunk.to_pylist()
    ]


def mark_replayed(results: Where, positions: Iterable[tuple[int, int]], now: datetime) -> None:
    """Note that the records at these positions (partition, offset) were sent again. May be repeated.

    Raises:
        StreamError: the table cannot be written.
    """
    by_partition: dict[int, list[int]] = {}
    for partition, offset in positions:
        by_partition.setdefault(partition, []).append(offset)
    stamp = f"timestamp '{now.strftime('%Y-%m-%d %H:%M:%S')}Z'"
    for partition, offsets in by_partition.items():
        for first in range(0, len(offsets), _CHUNK):
            some = ", ".join(str(o) for o in offsets[first : first + _CHUNK])
            where = f'"partition" = {partition} AND "offset" IN ({some}) AND replayed_time IS NULL'
            _update(Location.of(results) / DEAD_LETTERS, stamp, where)


def _update(place: Location, stamp: str, where: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with told(place):
                place.opened().update(updates={"replayed_time": stamp}, predicate=where)
        except CommitFailedError:  # a worker wrote at the same moment
            if time.monotonic() > deadline:
                raise StreamError(
                    f"{place}: workers committed without a pause", "try again: what was sent is known"
                ) from None
        else:
            return


def _dead_letter(row: Mapping[str, object], stream: Stream) -> DeadLetter:
    sent = row["record_time"]
    record = Record(
        stream=stream,
        partition=row["partition"],  # type: ignore[arg-type]  # the schema says what each column holds
        offset=row["offset"],  # type: ignore[arg-type]
        timestamp=int(sent.timestamp() * 1000) if isinstance(sent, datetime) else -1,
        key=row["key"],  # type: ignore[arg-type]
        value=row["value"],  # type: ignore[arg-type]
        headers=[(h["name"], h["value"]) for h in row["headers"] or ()],  # type: ignore[attr-defined]
    )
    return DeadLetter(
        record=record,
        reason=str(row["reason"]),
        detail=str(row["detail"]),
        replayed=row["replayed_time"],  # type: ignore[arg-type]
        sha256=str(row.get("value_sha256") or ""),  # a table of an older version has no such column
    )
