"""What a results folder holds, without reading its rows: sizes, positions, times, and how far the CSV is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, takewhile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tocsin.errors import StreamError
from tocsin.model import RejectReason
from tocsin.results import dead_letters
from tocsin.results.dead_letters import Choice
from tocsin.results.location import Location, Where, told
from tocsin.results.table import DEAD_LETTERS, VERDICTS, Origin, Reader, origin_of
from tocsin.results.view import Journal, journal_of

_PROBED = 64
"""Partitions are numbered from 0 without holes, but some may never have had a record: look so far ahead."""

_GAPS = 1_000
"""Gaps that are shown; there is one per loss of records, so more would be a broken set-up."""


@dataclass(frozen=True, slots=True)
class TableInfo:
    """One table.

    Attributes:
        version: number of its last commit.
        rows, files, size: of the latest snapshot; size in bytes.
        kept: bytes of all its data files, with those that only older snapshots need; None in a remote store.
        first, last: when its oldest and newest rows were stored; None without rows.
    """

    table: str
    version: int
    rows: int
    files: int
    size: int
    kept: int | None
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class PartitionInfo:
    """The position of one partition: the offset of the next record to classify."""

    partition: int
    position: int


@dataclass(frozen=True, slots=True)
class GapInfo:
    """Records that retention had removed before they were read."""

    partition: int
    offset: int
    detail: str


@dataclass(frozen=True, slots=True)
class CsvInfo:
    """The CSV view.

    Attributes:
        state: `current`, `behind`, `other` (it follows other results), `none`, or `unreadable`.
        rows, length: of its journal.
        behind: commits that it has not taken yet.
    """

    path: Path
    state: str
    rows: int
    length: int
    behind: int


@dataclass(frozen=True, slots=True)
class Info:
    """All that is known of a results folder.

    Attributes:
        rejected: reason -> dead letters.
        csv: None when there is none to be asked for.
    """

    place: str
    origin: Origin | None
    tables: Sequence[TableInfo]
    partitions: Sequence[PartitionInfo]
    rejected: dict[str, int]
    gaps: Sequence[GapInfo]
    csv: CsvInfo | None


def info(results: Where, csv: Path | None) -> Info:
    """Return what a results folder holds.

    Raises:
        SettingsError: there are no results.
        StreamError: they cannot be read.
    """
    home = Location.of(results)
    verdicts = Reader(home)
    names = [VERDICTS, *([DEAD_LETTERS] if (home / DEAD_LETTERS).is_table() else [])]
    snapshot = verdicts.look()
    return Info(
        place=str(home),
        origin=origin_of(home),
        tables=[_table(home / name) for name in names],
        partitions=_partitions(verdicts),
        rejected=dead_letters.count(home),
        gaps=_gaps(home) if DEAD_LETTERS in names else [],
        csv=_csv(csv, snapshot.table, snapshot.version) if csv else None,
    )


def _table(place: Location) -> TableInfo:
    with told(place):
        table = place.opened()
        files = pa.table(table.get_add_actions(flatten=True))
    times = [pc.min(files["min.stored_time"]), pc.max(files["max.stored_time"])] if files.num_rows else []
    first, last = (time.as_py() for time in times) if times else (None, None)
    return TableInfo(
        table=place.name,
        version=table.version(),
        rows=pc.sum(files["num_records"]).as_py() or 0,
        files=files.num_rows,
        size=pc.sum(files["size_bytes"]).as_py() or 0,
        kept=None if place.is_remote else sum(f.stat().st_size for f in place.path.glob("*.parquet")),
        first=first,
        last=last,
    )


def _partitions(reader: Reader) -> list[PartitionInfo]:
    """Return the positions: of those partitions that have one, up to the first long stretch without."""
    stretches = (reader.positions(range(first, first + _PROBED)) for first in count(0, _PROBED))
    return [
        PartitionInfo(partition, position)
        for stretch in takewhile(bool, stretches)
        for partition, position in sorted(stretch.items())
    ]


def _gaps(home: Location) -> list[GapInfo]:
    lost = dead_letters.find(home, Choice(reason=RejectReason.LOST.value))
    found = (GapInfo(x.record.partition, x.record.offset, x.detail) for x in lost)
    return [gap for gap, _ in zip(found, range(_GAPS), strict=False)]


def _csv(path: Path, table: str, version: int) -> CsvInfo:
    try:
        journal = journal_of(path)
    except StreamError:
        return CsvInfo(path, "unreadable", 0, 0, 0)
    if journal is None or not path.exists():
        return CsvInfo(path, "none", 0, 0, 0)
    return CsvInfo(
        path, _state(journal, table, version), journal.rows, journal.length, _behind(journal, version)
    )


def _state(journal: Journal, table: str, version: int) -> str:
    if journal.table != table:
        return "other"
    return "behind" if _behind(journal, version) else "current"


def _behind(journal: Journal, version: int) -> int:
    return max(version - journal.version, 0)
