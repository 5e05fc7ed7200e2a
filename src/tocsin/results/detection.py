"""Finds one stored detection again, with what was kept of its event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tocsin.results.location import Where, rows_read
from tocsin.results.table import dataset

_COLUMNS = ("detections", "event_id", "topic", "partition", "offset", "record_time", "raw")


@dataclass(frozen=True, slots=True)
class StoredDetection:
    """A detection as the results have it.

    Attributes:
        rule_revision: of the rule as it was then.
        record_time: the broker's, if there was one.
        raw: the record's bytes; None when they were not kept.
    """

    rule_id: str
    rule_title: str
    rule_revision: str
    event_id: str
    topic: str
    partition: int
    offset: int
    record_time: datetime | None
    raw: bytes | None

    @property
    def place(self) -> str:
        """Return where the event lay."""
        return f"{self.topic}/{self.partition}/{self.offset}"


def find_detection(results: Where, detection_id: str) -> StoredDetection | None:
    """Return the detection of an id, or None when there is none; reads the table as a stream.

    Raises:
        SettingsError: there are no results in the folder.
        StreamError: they cannot be read.
    """
    rows = dataset(results).scanner(columns=list(_COLUMNS), filter=pc.field("level").is_valid())
    with rows_read(results):
        for batch in rows.to_batches():
            fired = batch.column("detections")
            ids = pc.struct_field(pc.list_flatten(fired), "detection_id")
            place = pc.index(ids, pa.scalar(detection_id, pa.string())).as_py()
            if place >= 0:
                row = pc.list_parent_indices(fired)[place].as_py()
                return _stored(batch.slice(row, 1).to_pylist()[0], detection_id)
    return None


def row_at(
    results: Where, place: tuple[int, int], stored: datetime, columns: Sequence[str]
) -> Mapping[str, Any] | None:
    """Return columns of the event that lay at a place; None when it is not there (any more).

    That is quick, however large the table: few of its files have rows that were stored at that time.

    Args:
        results: the folder of the results.
        place: partition and offset.
        stored: when the row was written.
        columns: which ones.

    Raises:
        SettingsError: there are no results in the folder.
        StreamError: they cannot be read.
    """
    there = (
        (pc.field("stored_time") == pa.scalar(stored, pa.timestamp("ms", "UTC")))
        & (pc.field("partition") == place[0])
        & (pc.field("offset") == place[1])
    )
    rows = dataset(results)
    with rows_read(results):
        found = rows.to_table(columns=list(columns), filter=there).to_pylist()
    return found[0] if found else None


def _stored(row: dict[str, object], detection_id: str) -> StoredDetection:
    fired = row.pop("detections")
    assert isinstance(fired, list), "the column is one of lists"
    found = next(one for one in fired if one["detection_id"] == detection_id)
    names = ("rule_id", "rule_title", "rule_revision")
    return StoredDetection(**{name: found[name] for name in names}, **row)  # type: ignore[arg-type]  # by the schema
