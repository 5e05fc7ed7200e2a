"""Follows a table commit by commit: what each one added, for whoever watches the workers at work.

The log is read as it grows, one small file for each commit, so that a look costs what is new and not what is
there. Only commits of workers count: they alone move positions. Compaction and prune write old rows anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from tocsin.errors import SettingsError
from tocsin.results.location import Location, Where, rows_read, told
from tocsin.results.table import VERDICTS, Snapshot

_MOST_COMMITS = 500
"""Commits of one look: after a long sleep the newest are of interest, and they are read from the table."""


@dataclass(frozen=True, slots=True)
class News:
    """What has happened to a table since the last look.

    Attributes:
        files: that workers have added, oldest first.
        anew: what was known of the table no longer holds: rows were removed, it is another one, or too much
            has happened. The follower stands at the newest commit then, and `files` are none.
    """

    files: Sequence[str] = field(default_factory=tuple)
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Stock:
    """What a table holds at one commit, as its log tells it.

    Attributes:
        table: its id; empty where there is none.
        version: number of the commit.
        rows: of all files.
        files: with the time of the newest row in each, in milliseconds since 1970, the newest first.
        schema: of the rows.
    """

    table: str
    version: int
    rows: int
    files: Sequence[tuple[str, int]]
    schema: pa.Schema


def stock_of(results: Where, table: str = VERDICTS) -> Stock:
    """Return what a table holds now, without reading its rows.

    Raises:
        SettingsError: there is no such table.
        StreamError: it cannot be read.
    """
    place = Location.of(results) / table
    if not place.is_table():
        raise SettingsError(f"{results}: no results here", "run 'tocsin detect' first, or name --results")
    with told(place):
        opened = place.opened()
        files = pa.table(opened.get_add_actions(flatten=True))
        return Stock(
            table=str(opened.metadata().id),
            version=int(opened.version()),
            rows=(pc.sum(files["num_records"]).as_py() or 0) if files.num_rows else 0,
            files=_newest_first(files) if files.num_rows else (),
            schema=pa.schema(opened.schema().to_arrow()),
        )


def _newest_first(files: pa.Table) -> list[tuple[str, int]]:
    stored = "max.stored_time"  # unknown where another program has written the file
    newest = files[stored if stored in files.column_names else "modification_time"]
    times = newest.cast(pa.timestamp("ms")).cast(pa.int64()).fill_null(0).to_pylist()
    return sorted(zip(files["path"].to_pylist(), times, strict=True), key=lambda file: -file[1])


class _Transaction(msgspec.Struct):
    id: str = msgspec.field(name="appId")


class _Add(msgspec.Struct):
    path: str
    changes: bool = msgspec.field(name="dataChange", default=True)


class _Remove(msgspec.Struct):
    changes: bool = msgspec.field(name="dataChange", default=True)


class _Action(msgspec.Struct):
    """A line of a commit; what else there may be in it is of no interest here."""

    txn: _Transaction | None = None
    add: _Add | None = None
    remove: _Remove | None = None


_decode_lines = msgspec.json.Decoder(_Action).decode_lines


class TableFollower:
    """Knows a table up to a commit, and what came since.

    Args:
        results: a place of results.
        table: one of its tables.

    Attributes:
        start: what the table held when this began, or began anew.

    Raises:
        SettingsError: there is no such table.
        StreamError: it cannot be read.
    """

    def __init__(self, results: Where, table: str = VERDICTS) -> None:
        self._place = Location.of(results) / table
        self._files = self._place.files()
        self._results, self._table = results, table
        self.start = stock_of(results, table)
        self._version = self.start.version

    @property
    def version(self) -> int:
        """Return the number of the last commit that is known."""
        return self._version

    def look(self) -> News:
        """Return what is new; a few small reads.

        Raises:
            StreamError: the log cannot be read.
        """
        files: list[str] = []
        for _ in range(_MOST_COMMITS):
            commit = self._next()
            if commit is None:
                return News(files)
            self._version += 1
            actions = _decode_lines(commit)
            if any(action.txn for action in actions):
                files += [unquote(action.add.path) for action in actions if action.add]
            elif any(change.changes for action in actions if (change := action.add or action.remove)):
                return self._anew()
        return self._anew()

    def check(self) -> News:
        """Find out whether the table is still the same, which its log does not tell; dearer than a look.

        Raises:
            SettingsError: the table has gone.
            StreamError: it cannot be read.
        """
        found = stock_of(self._results, self._table)
        # The log may have been cleaned up of commits before we looked.
        lost = found.version > self._version and self._next() is None
        if found.table != self.start.table or found.version < self._version or lost:
            return self._anew()
        return News()

    def rows(self, files: Sequence[str], columns: Sequence[str], *, detected: bool = False) -> pa.Table:
        """Return columns of some files; of rows with a detection only, if that is asked.

        Raises:
            StreamError: they cannot be read.
        """
        some = Snapshot(self.start.table, self._version, self._place, files, self.start.schema)
        condition = pc.field("level").is_valid() if detected else pads.scalar(True)  # noqa: FBT003 - Arrow's literal
        with rows_read(self._place):
            return some.rows().to_table(columns=list(columns), filter=condition)

    def levels(self, file: str) -> Counter[str]:
        """Return how many detections of which level a file has; reads one column of it, however wide it is.

        Raises:
            StreamError: it cannot be read.
        """
        store, folder = self._files
        with rows_read(self._place), store.open_input_file(f"{folder}/{file}") as opened:
            parquet = pq.ParquetFile(opened)
            leaves = (column.path for column in parquet.schema)
            leaf = [path for path in leaves if path.startswith("detections.") and path.endswith(".level")]
            fired = pc.list_flatten(parquet.read(columns=leaf)["detections"])
        counts = pc.value_counts(pc.struct_field(fired, "level")).to_pylist()
        return Counter({found["values"]: found["counts"] for found in counts})

    def _anew(self) -> News:
        self.start = stock_of(self._results, self._table)
        self._version = self.start.version
        return News(anew=True)

    def _next(self) -> bytes | None:
        """Return the commit after the last one that is known; None while there is none."""
        store, folder = self._files
        with told(self._place):
            try:
                with store.open_input_stream(f"{folder}/_delta_log/{self._version + 1:020}.json") as file:
                    found: bytes = file.read()
                    return found
            except FileNotFoundError:
                return None
