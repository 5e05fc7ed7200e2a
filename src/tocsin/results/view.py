"""The lab's single CSV: a view that follows the results table, written by one process at a time.

A journal beside the CSV says how long it is and up to which offset of each partition it has every event.
The CSV is written first, then the journal (fsync, atomic rename); whatever stands beyond the journal, after a
crash or because somebody wrote it there, is cut off and written again.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import IO

import msgspec
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
from filelock import FileLock, Timeout
from msgspec import structs

from tocsin.errors import SettingsError, StreamError
from tocsin.ports import ViewTrace
from tocsin.results.location import Location, Where, rows_read
from tocsin.results.table import Reader, Snapshot

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
_CHUNK_ROWS = 8_192
_END_BYTES = 256


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the CSV has.

    Attributes:
        table: id of the table it follows.
        results: the folder that the table was in.
        version: the table's commit up to which it has every event.
        length: its length in bytes.
        rows: its events.
        positions: partition -> offset of the next event to add.
        end: its last bytes, which somebody who edits the CSV moves elsewhere.
    """

    table: str
    results: str = ""
    version: int = -1
    length: int = 0
    rows: int = 0
    positions: dict[int, int] = {}
    end: bytes = b""


def journal_of(path: Path) -> Journal | None:
    """Return the journal of a CSV; None when there is none.

    Raises:
        StreamError: it is damaged.
    """
    journal = _journal_path(path)
    try:
        return msgspec.json.decode(journal.read_bytes(), type=Journal)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise StreamError(
            f"{journal}: cannot be read: {error}", "a worker makes the CSV anew from the results"
        ) from error


def _journal_path(path: Path) -> Path:
    return path.with_name(path.name + ".journal")


class CsvView:
    """The CSV beside a results folder, opened by a process that may or may not become its writer.

    Args:
        results: the results folder.
        path: the CSV; its journal and its lock lie beside it.
        trace: hears which rows are in it.

    Raises:
        SettingsError: a CSV is there that is not ours: it has no journal, or follows other results.
    """

    def __init__(self, results: Where, path: Path, trace: ViewTrace | None = None) -> None:
        self.path = path
        self._trace = trace
        self._results = Location.of(results)
        self._journal_path = _journal_path(path)
        # One lock of the view, whichever thread follows: a thread's own would lock the next one out.
        self._lock = FileLock(path.with_name(path.name + ".lock"), thread_local=False)
        self._journal: Journal | None = None
        self._reader: Reader | None = None
        self._read: frozenset[str] = frozenset()  # files of the table that the CSV has whole
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{path}: cannot be written: {error.strerror}") from error
        if path.exists() and path.stat().st_size and not self._journal_path.exists():
            raise SettingsError(
                f"{path}: is there already, and was not written by tocsin",
                "move it away, or choose another file with --csv",
            )
        self._check_ours()

    def follow(self, wait: float = 0.0) -> bool:
        """Add what the table has beyond the CSV, if this process is or can become the writer.

        Args:
            wait: how many seconds to wait for another writer to go away.

        Returns:
            whether the CSV now has everything that the table had at the call.

        Raises:
            StreamError: the CSV cannot be written, or the table not read; the next try begins at the journal.
        """
        try:
            if not self._is_writer(wait):
                return False
            self._append()
        except StreamError:
            self._forget()
            raise
        except OSError as error:
            self._forget()
            raise StreamError(
                f"{self.path}: cannot be written: {error.strerror or error}", "is the disk full?"
            ) from error
        return True

    def has(self, version: int) -> bool:
        """Say whether the CSV, whoever writes it, has every event of this version of the table."""
        journal = self._read_journal()
        return journal is not None and journal.version >= version

    def close(self) -> None:
        """Let another process become the writer."""
        self._forget()
        self._lock.release()

    def _check_ours(self) -> None:
        """Refuse the CSV of another folder's results; a table made anew in the same folder is ours."""
        journal = self._read_journal()
        if journal is None or not self.path.exists() or journal.results == self._results.home:
            return
        if journal.table != Reader(self._results).look().table:
            raise SettingsError(
                f"{self.path}: is the CSV of the results in {journal.results}",
                "choose another file with --csv, or move this one away",
            )

    def _forget(self) -> None:
        """Trust nothing but the journal at the next try, which cuts off what was half written."""
        self._journal = self._reader = None

    def _is_writer(self, wait: float) -> bool:
        if not self._lock.is_locked:
            try:
                self._lock.acquire(timeout=wait, poll_interval=0.05)
            except Timeout:
                return False
        return True

    def _recovered(self, table: str) -> Journal:
        """Cut the CSV back to its journal; without a usable one, or after an edit, begin anew."""
        journal = self._read_journal()
        if journal is None or journal.table != table or not self._has_end(journal):
            return self._begun(table)
        with self.path.open("r+b") as file:
            file.truncate(journal.length)
        return journal

    def _begun(self, table: str) -> Journal:
        fresh = Journal(table, self._results.home)
        self._write_journal(fresh)  # first: a CSV without a journal is somebody else's
        header = _encoded([COLUMNS])
        with self.path.open("wb") as file:
            file.write(header)
            _to_disk(file)
        journal = structs.replace(fresh, length=len(header), end=header)
        self._write_journal(journal)
        return journal

    def _append(self) -> None:
        if self._reader is None:
            self._reader = Reader(self._results)
        source = self._reader.look()
        journal, behind = self._journal, True
        if journal is None or journal.table != source.table or not self._is_as(journal):
            journal, self._read = self._recovered(source.table), frozenset()
        else:
            behind = journal.version < source.version
        if behind:
            if self._trace is not None:
                self._trace.begin()
            self._journal = self._appended(journal, source)
            self._write_journal(self._journal)
            self._read = frozenset(source.files)
            if self._trace is not None:
                self._trace.durable()

    def _appended(self, journal: Journal, source: Snapshot) -> Journal:
        """Write what a snapshot has beyond the journal, and return the journal that is then true."""
        positions, rows, length, end = dict(journal.positions), journal.rows, journal.length, journal.end
        with self.path.open("r+b") as file:
            file.seek(length)
            more = () if self._trace is None else self._trace.columns
            for chunk in _beyond(source, self._read, journal.positions, more):
                lines = _lines(chunk)
                length += file.write(lines)
                end = lines[-_END_BYTES:]
                rows += chunk.num_rows
                _advance(positions, chunk)
                if self._trace is not None:
                    self._trace.added(chunk)
            _to_disk(file)
        home = self._results.home
        return Journal(journal.table, home, source.version, length, rows, positions, end)

    def _is_as(self, journal: Journal) -> bool:
        """Say whether the CSV is as this process left it, as far as length and end tell."""
        return self._has_end(journal) and self.path.stat().st_size == journal.length

    def _has_end(self, journal: Journal) -> bool:
        """Say whether the CSV has, where the journal says that it ends, what it ended with."""
        if not journal.end or not self.path.exists():
            return False
        with self.path.open("rb") as file:
            file.seek(journal.length - len(journal.end))
            return file.read(len(journal.end)) == journal.end

    def _read_journal(self) -> Journal | None:
        try:
            return journal_of(self.path)
        except StreamError:
            return None

    def _write_journal(self, journal: Journal) -> None:
        fresh = self._journal_path.with_name(self._journal_path.name + ".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(journal))
            _to_disk(file)
        fresh.replace(self._journal_path)


def _beyond(
    source: Snapshot, besides: frozenset[str], positions: Mapping[int, int], more: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """Yield the rows beyond the positions, from those files of a snapshot that are not among `besides`.

    A file that is new to the view may have nothing new: compaction and prune write old rows into new files.
    That shows in the two columns of the position, which are read first and by themselves.
    """
    partition, offset = pads.field("partition"), pads.field("offset")
    fresh = reduce(
        lambda condition, known: condition & ((partition != known[0]) | (offset >= known[1])),
        positions.items(),
        pads.scalar(True),  # noqa: FBT003 - Arrow's literal
    )
    with rows_read(source.place):
        for file in source.rows(besides).get_fragments():
            if positions and not file.count_rows(filter=fresh):
                continue
            chunks = file.to_batches(
                schema=source.schema,
                columns=list(dict.fromkeys([*_SOURCES, "partition", "offset", *more])),
                filter=fresh,
                batch_size=_CHUNK_ROWS,
                batch_readahead=2,  # little: a CSV that is made anew passes through memory
                use_threads=False,
            )
            yield from (chunk for chunk in chunks if chunk.num_rows)


def _advance(positions: dict[int, int], chunk: pa.RecordBatch) -> None:
    rows = pa.Table.from_batches([chunk]).group_by("partition").aggregate([("offset", "max")]).to_pylist()
    for row in rows:
        positions[row["partition"]] = max(positions.get(row["partition"], 0), row["offset_max"] + 1)


def _lines(chunk: pa.RecordBatch) -> bytes:
    """Return rows as lines of the CSV: at once when no value needs quotes, else one by one.

    Arrow quotes every text or none, and refuses to quote none when one needs it; it needs it just when the
    standard library would. Its lines end with a line feed alone.
    """
    columns = chunk.select(_SOURCES)
    lines = io.BytesIO()
    try:
        pacsv.write_csv(columns, lines, _PLAIN)
    except pa.ArrowInvalid:
        return _encoded(zip(*(column.to_pylist() for column in columns), strict=True))
    return lines.getvalue().replace(b"\n", b"\r\n")


_PLAIN = pacsv.WriteOptions(include_header=False, quoting_style="none")


def _encoded(rows: object) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)  # type: ignore[arg-type]  # any iterable of rows
    return text.getvalue().encode("utf-8")


def _to_disk(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())
