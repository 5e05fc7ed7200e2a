"""Pages of the dead letters, newest first: for whoever looks through many of them, a few at a time.

The table is read as a stream, and of what does not belong to the page nothing is held.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from tocsin.results.location import Where, rows_read
from tocsin.results.table import DEAD_LETTERS, dataset

_PLACE = ("stored_time", "partition", "offset")
_BATCH = 512
"""Rows that are read at a time where values are looked into, of which one may have megabytes."""

_MANY = 65_536


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a page ends: the next one begins with what is older, or stored as late and lies behind it."""

    stored: datetime
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some dead letters.

    Attributes:
        rows: with the columns of the table, `value` as it is kept.
        next: None at the end.
        complete: False when the time was over before all were looked at.
    """

    rows: Sequence[dict[str, Any]]
    next: Mark | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which dead letters; empty means any.

    Attributes:
        reason: the kind of fault.
        text: that is in the value or in the detail; the case of ASCII letters does not matter.
        after: the end of the page before.
    """

    reason: str = ""
    text: str = ""
    after: Mark | None = None

    def condition(self) -> pads.Expression:
        """Return what the table can tell without looking into values."""
        found = pads.scalar(True)  # noqa: FBT003 - Arrow's literal
        if self.reason:
            found &= pc.field("reason") == self.reason
        if self.after is not None:
            stored, partition, offset = (pc.field(name) for name in _PLACE)
            at = pa.scalar(self.after.stored, pa.timestamp("ms", "UTC"))
            behind = (partition == self.after.partition) & (offset > self.after.offset)
            found &= (stored < at) | ((stored == at) & (behind | (partition > self.after.partition)))
        return found


def page_of(results: Where, wanted: Wanted, limit: int, seconds: float = 10.0) -> Page:
    """Return the newest dead letters of those that are wanted.

    Args:
        results: a place of results.
        wanted: which ones.
        limit: so many at most.
        seconds: that it may take to look into values; newer and older ones are looked into as they lie.

    Raises:
        SettingsError: there are none in the folder, nor a table for them.
        StreamError: they cannot be read.
    """
    rows = dataset(results, DEAD_LETTERS)
    deadline = time.monotonic() + seconds
    with rows_read(results):
        places, complete = _newest(rows, wanted, limit + 1, deadline)
        shown = places.slice(0, limit)
        letters = _whole(rows, shown)
    more = places.num_rows > limit
    last = shown.slice(limit - 1).to_pylist() if more else []
    mark = Mark(*(last[0][name] for name in _PLACE)) if last else None
    return Page(letters, mark, complete)


def _newest(rows: pads.Dataset, wanted: Wanted, most: int, deadline: float) -> tuple[pa.Table, bool]:
    """Return the places of the newest, and whether all were looked at."""
    order = [("stored_time", "descending"), ("partition", "ascending"), ("offset", "ascending")]
    columns = [*_PLACE, *(["value", "detail"] if wanted.text else [])]
    batches = rows.to_batches(
        columns=columns,
        filter=wanted.condition(),
        batch_size=_BATCH if wanted.text else _MANY,
        batch_readahead=1 if wanted.text else 8,
        fragment_readahead=1,
    )
    found = pa.schema([rows.schema.field(name) for name in _PLACE]).empty_table()
    for batch in batches:
        some = _with_text(pa.table(batch), wanted.text).select(list(_PLACE))
        found = pa.concat_tables([found, some])
        if found.num_rows > most:
            found = found.take(pc.select_k_unstable(found, most, order))
        if wanted.text and time.monotonic() > deadline:
            return found.sort_by(order), False
    return found.sort_by(order), True


def _with_text(rows: pa.Table, text: str) -> pa.Table:
    if not text:
        return rows
    found = [pc.match_substring(rows[name], text, ignore_case=True) for name in ("value", "detail")]
    return rows.filter(pc.or_kleene(*found))


def _whole(rows: pads.Dataset, places: pa.Table) -> list[dict[str, Any]]:
    """Return the dead letters at these places, in their order."""
    wanted = {(row["partition"], row["offset"]): place for place, row in enumerate(places.to_pylist())}
    if not wanted:
        return []
    offsets = pa.array(sorted({offset for _, offset in wanted}), pa.int64())
    partitions = pa.array(sorted({partition for partition, _ in wanted}), pa.int32())
    condition = pc.field("offset").isin(offsets) & pc.field("partition").isin(partitions)
    found: list[dict[str, Any]] = []
    for batch in rows.to_batches(
        filter=condition, batch_size=_BATCH, batch_readahead=1, fragment_readahead=1
    ):
        found += [row for row in batch.to_pylist() if (row["partition"], row["offset"]) in wanted]
    return sorted(found, key=lambda row: wanted[row["partition"], row["offset"]])
