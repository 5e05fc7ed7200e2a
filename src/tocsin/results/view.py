"""The lab's single CSV: a view that follows the results table, written by one process at a time.

A journal beside the CSV says how long it is and up to which offset of each partition it has every event.
The CSV is written first, then the journal (fsync, atomic rename); whatever stands beyond the journal after a
crash is cut off at the next start, and written again.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import IO

import msgspec
import pyarrow as pa
import pyarrow.dataset as pads
from filelock import FileLock, Timeout

from tocsin.errors import SettingsError, StreamError
from tocsin.results.table import Snapshot, snapshot

COLUMNS = (
    "event_id",
    "timestamp",
    "user",
    "host",
    "source_ip",
    "event_type",
    "mitre_tactic",
    "mitre_technique",
)
"""The header, exactly as the lab's documents write it."""

_SOURCES = [*COLUMNS[:6], "tactic", "technique"]
_CHUNK_ROWS = 65_536


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the CSV has.

    Attributes:
        table: id of the table it follows.
        version: the table's commit up to which it has every event.
        length: its length in bytes.
        rows: its events.
        positions: partition -> offset of the next event to add.
    """

    table: str
    version: int = -1
    length: int = 0
    rows: int = 0
    positions: dict[int, int] = {}


class CsvView:
    """The CSV beside a results folder, opened by a process that may or may not become its writer.

    Args:
        results: the results folder.
        path: the CSV; its journal and its lock lie beside it.

    Raises:
        SettingsError: a CSV is there that has no journal, so it is not ours to continue.
    """

    def __init__(self, results: Path, path: Path) -> None:
        self.path = path
        self._results = results
        self._journal_path = path.with_name(path.name + ".journal")
        # One lock of the view, whichever thread follows: a thread's own would lock the next one out.
        self._lock = FileLock(path.with_name(path.name + ".lock"), thread_local=False)
        self._journal: Journal | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{path}: cannot be written: {error.strerror}") from error
        if path.exists() and path.stat().st_size and not self._journal_path.exists():
            raise SettingsError(
                f"{path}: is there already, and was not written by tocsin",
                "move it away, or choose another file with --csv",
            )

    def follow(self, wait: float = 0.0) -> bool:
        """Add what the table has beyond the CSV, if this process is or can become the writer.

        Args:
            wait: how many seconds to wait for another writer to go away.

        Returns:
            whether the CSV now has everything that the table had at the call.

        Raises:
            StreamError: the CSV cannot be written; it will be tried again from the journal.
        """
        if not self._is_writer(wait):
            return False
        try:
            self._append()
        except OSError as error:
            self._journal = None  # what was half written is cut off at the next try
            raise StreamError(
                f"{self.path}: cannot be written: {error.strerror}", "is the disk full?"
            ) from error
        return True

    def has(self, version: int) -> bool:
        """Say whether the CSV, whoever writes it, has every event of this version of the table."""
        journal = self._read_journal()
        return journal is not None and journal.version >= version

    def close(self) -> None:
        """Let another process become the writer."""
        self._journal = None
        self._lock.release()

    def _is_writer(self, wait: float) -> bool:
        if not self._lock.is_locked:
            try:
                self._lock.acquire(timeout=wait, poll_interval=0.05)
            except Timeout:
                return False
        return True

    def _recovered(self, table: str) -> Journal:
        """Cut the CSV back to its journal; without a usable one, begin anew."""
        journal = self._read_journal()
        length = self.path.stat().st_size if self.path.exists() else -1
        if journal is None or journal.table != table or length < journal.length:
            return self._begun(table)
        with self.path.open("r+b") as file:
            file.truncate(journal.length)
        return journal

    def _begun(self, table: str) -> Journal:
        header = _encoded([COLUMNS])
        with self.path.open("wb") as file:
            file.write(header)
            _to_disk(file)
        journal = Journal(table=table, length=len(header))
        self._write_journal(journal)
        return journal

    def _append(self) -> None:
        source = snapshot(self._results)
        journal = self._journal
        if journal is None or journal.table != source.table:
            journal = self._journal = self._recovered(source.table)
        if journal.version < source.version:
            self._journal = self._appended(journal, source)
            self._write_journal(self._journal)

    def _appended(self, journal: Journal, source: Snapshot) -> Journal:
        """Write what a snapshot has beyond the journal, and return the journal that is then true."""
        positions, rows, length = dict(journal.positions), journal.rows, journal.length
        with self.path.open("r+b") as file:
            file.seek(length)
            for chunk in _beyond(source.rows, journal.positions):
                length += file.write(_encoded(zip(*(chunk[c].to_pylist() for c in _SOURCES), strict=True)))
                rows += chunk.num_rows
                _advance(positions, chunk)
            _to_disk(file)
        return Journal(journal.table, source.version, length, rows, positions)

    def _read_journal(self) -> Journal | None:
        try:
            return msgspec.json.decode(self._journal_path.read_bytes(), type=Journal)
        except (OSError, msgspec.DecodeError, ValueError):
            return None

    def _write_journal(self, journal: Journal) -> None:
        fresh = self._journal_path.with_name(self._journal_path.name + ".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(journal))
            _to_disk(file)
        fresh.replace(self._journal_path)


def _beyond(snapshot: pads.Dataset, positions: Mapping[int, int]) -> Iterator[pa.RecordBatch]:
    """Yield the rows beyond the positions, of one snapshot of the table."""
    partition, offset = pads.field("partition"), pads.field("offset")
    fresh = reduce(
        lambda condition, known: condition & ((partition != known[0]) | (offset >= known[1])),
        positions.items(),
        pads.scalar(True),  # noqa: FBT003 - Arrow's literal
    )
    columns = [*_SOURCES, "partition", "offset"]
    for chunk in snapshot.to_batches(columns=columns, filter=fresh, batch_size=_CHUNK_ROWS):
        if chunk.num_rows:
            yield chunk


def _advance(positions: dict[int, int], chunk: pa.RecordBatch) -> None:
    rows = pa.Table.from_batches([chunk]).group_by("partition").aggregate([("offset", "max")]).to_pylist()
    for row in rows:
        positions[row["partition"]] = max(positions.get(row["partition"], 0), row["offset_max"] + 1)


def _encoded(rows: object) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # type: ignore[arg-type]  # any iterable of rows
    return text.getvalue().encode("utf-8")


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
