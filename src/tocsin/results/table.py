"""A Delta table that owns the offsets: rows and the positions they came from are one commit.

Every commit carries, per input partition, a Delta application transaction whose id names the partition and
whose version is the offset of the next record to read. A reader of the table's log therefore knows exactly up
to where it has everything, and nothing else is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from tocsin.errors import SettingsError, StreamError
from tocsin.results.location import Location, Where, is_passing, told
from tocsin.results.opening import Origin, opened, origin_in

__all__ = [
    "DEAD_LETTERS",
    "VERDICTS",
    "Moved",
    "Origin",
    "PositionedTable",
    "Reader",
    "Snapshot",
    "dataset",
    "origin_of",
]

VERDICTS = "verdicts"
DEAD_LETTERS = "dead_letters"

_ATTEMPTS = 10
"""How often a commit is tried: others that commit at the same time can win the race more than once."""

_STALE = 100
"""Commits after which a handle is opened anew: one that has seen 1,500 takes five times as long to commit."""

_FRESH = 60.0
"""Seconds for which a handle's snapshot is believed to be near the newest (see `PositionedTable.commit`)."""

_CHECKPOINT = 100
"""Every so many commits the log is summed up in a checkpoint, and what has expired of it is deleted."""

_NO_HOOK = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
"""The library would look through the whole log after each commit: half of the time of a commit."""


Moves = Mapping[int, tuple[int | None, int]]
"""Partition -> (the position as last read or written, None if it had none; the new position)."""


class Moved(Exception):  # noqa: N818 - a signal, not an error shown to anyone
    """Other commits have moved these partitions on since their position was read."""

    def __init__(self, partitions: list[int]) -> None:
        super().__init__(f"partitions {partitions} were moved on")
        self.partitions = partitions


class PositionedTable:
    """One table of the results, opened for writing by one worker.

    Raises:
        SettingsError: the place is not writable, or holds the results of another topic or cluster.
    """

    def __init__(self, place: Where, schema: pa.Schema, origin: Origin) -> None:
        self.place = Location.of(place)
        self._origin = origin
        self._table = opened(self.place, schema, origin)
        self._version = self._opened_at = int(self._table.version())
        self._fresh_at = _now()

    def positions(self, partitions: list[int]) -> dict[int, int]:
        """Return, freshly read, the next offset of those partitions that were ever committed."""
        self._refresh()
        found = {p: self._stored(p) for p in partitions}
        return {p: offset for p, offset in found.items() if offset is not None}

    @property
    def version(self) -> int:
        """Return the number of the last commit that this handle knows; its own are among them.

        Any thread may ask.
        """
        return self._version

    def check(self, moves: Moves) -> None:
        """Compare the positions, freshly read, with those held.

        Raises:
            Moved: some are not the same.
        """
        self._refresh()
        self._compare(moves)

    def commit(self, rows: pa.Table, moves: Moves) -> None:
        """Append rows and move positions on, all or nothing.

        The check and the commit are one step although another worker may commit in between: a commit
        is refused by the log when a partition was moved after the snapshot on which it was checked. That
        needs the commits since the snapshot to be in the log still, of which old ones are deleted: a
        process that was frozen between the two may find the number of its commit free, because that number
        is long forgotten. So an old snapshot is renewed first, and a commit that took long is looked up.

        Args:
            rows: may be none, when a stretch of records gave only rejects.
            moves: the positions, old and new.

        Raises:
            Moved: the stored position of some partitions is not the one given; nothing was written.
            StreamError: the store refuses; nothing was written.
        """
        transactions = [
            Transaction(self._origin.application(p), end) for p, (_, end) in sorted(moves.items())
        ]
        properties = CommitProperties(app_transactions=transactions)
        self._renew()
        for _ in range(_ATTEMPTS):
            self._compare(moves)
            if self._appended(rows, properties):
                self._committed(moves)
                return
            self._refresh()
        raise StreamError(
            f"{self.place}: other writers won {_ATTEMPTS} commits in a row", "use fewer workers"
        )

    def _appended(self, rows: pa.Table, properties: CommitProperties) -> bool:
        """Try to append, and say whether this was the first to take the number of its commit."""
        try:
            with told(self.place):
                write_deltalake(
                    self._table,
                    _fitted(rows, self._table),
                    mode="append",
                    commit_properties=properties,
                    post_commithook_properties=_NO_HOOK,
                )
        except CommitFailedError:
            return False
        except StreamError as error:
            if not is_passing(error.__cause__):
                raise
            return False
        return True

    def _committed(self, moves: Moves) -> None:
        """Look up a commit that took suspiciously long; sum up the log once in a while."""
        if _now() - self._fresh_at > _FRESH:
            self._reopen()
            self._compare({p: (end, end) for p, (_, end) in moves.items()})
        self._fresh_at, self._version = _now(), int(self._table.version())
        if self._version % _CHECKPOINT == 0:
            sum_up(self._table)

    def _compare(self, moves: Moves) -> None:
        moved = [p for p, (held, _) in moves.items() if self._stored(p) != held]
        if moved:
            raise Moved(moved)

    def _refresh(self) -> None:
        self._fresh_at = _now()
        try:
            self._table.update_incremental()
            self._version = int(self._table.version())
        except (OSError, DeltaError):  # the log has moved on too far: begin at its last checkpoint
            self._reopen()

    def _renew(self) -> None:
        """Open the table anew once in a while; a fresher snapshot is as safe, for positions are compared."""
        if self.version - self._opened_at >= _STALE or _now() - self._fresh_at > _FRESH:
            self._reopen()

    def _reopen(self) -> None:
        self._fresh_at = _now()
        with told(self.place):
            self._table = self.place.opened()
        self._version = self._opened_at = int(self._table.version())

    def _stored(self, partition: int) -> int | None:
        application = self._origin.application(partition)
        version: int | None
        try:
            version = self._table.transaction_version(application)
        except (OSError, DeltaError):  # the log has moved on too far, as above
            self._reopen()
            with told(self.place):
                version = self._table.transaction_version(application)
        return version


def sum_up(table: DeltaTable) -> None:
    """Write a checkpoint and delete what has expired of the log; if not, the commits stand all the same."""
    try:
        table.create_checkpoint()
        table.cleanup_metadata()
    except (OSError, DeltaError):
        return  # a store that is full or away refuses the next commit, and that is told


def _now() -> float:
    """Return seconds that pass while the process is frozen, and while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.time()


def _fitted(rows: pa.Table, table: DeltaTable) -> pa.Table:
    """Add the columns that a newer version of tocsin has given to the table, empty."""
    fields = table.schema().fields
    if len(fields) == rows.num_columns:
        return rows
    for field in pa.schema(table.schema().to_arrow()):
        if field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as it was at one commit, for reading.

    Attributes:
        table: id that the table was given when it was created.
        version: number of the last commit in it.
        place: where its files are.
        files: the names of its files, those with the oldest rows first. A file never changes; compaction and
            prune put others in its place.
        schema: of its rows.
        count: how many rows there are; None where the log does not say.
        oldest: when the oldest of them was stored; None where the log does not say.
        sizes: of the files in bytes, in their order.
    """

    table: str
    version: int
    place: Location
    files: Sequence[str]
    schema: pa.Schema
    count: int | None = None
    oldest: datetime | None = None
    sizes: Sequence[int] = ()

    def rows(self, besides: frozenset[str] = frozenset()) -> pads.Dataset:
        """Return the rows as an Arrow dataset, without those in some of the files.

        `DeltaTable.to_pyarrow_dataset` does the same, with every column's statistics for every file: at 2,000
        files that is a second, a hundred times as long.
        """
        store, folder = self.place.files()
        form = pads.ParquetFileFormat()
        files = [f"{folder}/{name}" for name in self.files if name not in besides]
        fragments = [form.make_fragment(file, filesystem=store) for file in files]
        return pads.FileSystemDataset(fragments, self.schema, form, store)


class Reader:
    """A table that is looked at again and again: a look takes only what is new from the table's log.

    Raises:
        SettingsError: there is no such table at the place.
    """

    def __init__(self, results: Where, table: str = VERDICTS) -> None:
        self._place = _known(results, table)
        self._open()

    def look(self) -> Snapshot:
        """Return the latest snapshot.

        Raises:
            SettingsError: the table has gone.
            StreamError: it cannot be read.
        """
        self._refresh()
        with told(self._place):
            return _snapshot(self._table, self._place)

    def positions(self, partitions: Iterable[int]) -> dict[int, int]:
        """Return, freshly read, the next offset of those partitions that were ever committed.

        Raises:
            SettingsError: the table has gone.
            StreamError: it cannot be read.
        """
        self._refresh()
        with told(self._place):
            origin = origin_in(self._table)
            if origin is None:
                return {}
            found = {p: self._table.transaction_version(origin.application(p)) for p in partitions}
        return {p: offset for p, offset in found.items() if offset is not None}

    def _refresh(self) -> None:
        _check_known(self._place)
        try:
            self._table.update_incremental()
        except (OSError, DeltaError):  # the log has moved on too far: begin at its last checkpoint
            self._open()
        if self._table.version() - self._opened_at >= _STALE:
            self._open()

    def _open(self) -> None:
        with told(self._place):
            self._table = self._place.opened()
        self._opened_at = self._table.version()


def _known(results: Where, table: str) -> Location:
    """Return where a table is that is there."""
    place = Location.of(results) / table
    _check_known(place)
    return place


def _check_known(place: Location) -> None:
    if not place.is_table():
        raise SettingsError(
            f"{place.parent}: no results here", "run 'tocsin detect' first, or name --results"
        )


def _snapshot(table: DeltaTable, place: Location) -> Snapshot:
    features = table.protocol().reader_features
    if features:  # such as deletion vectors: the files alone do not tell which rows are there
        raise StreamError(
            f"{place}: needs a reader of {', '.join(features)}",
            "another program has changed the table: have it take that back",
        )
    files = pa.table(table.get_add_actions(flatten=True))
    age = [name for name in ("min.stored_time", "modification_time") if name in files.column_names]
    files = files.sort_by([(name, "ascending") for name in age])
    return Snapshot(
        table=str(table.metadata().id),
        version=table.version(),
        place=place,
        files=files["path"].to_pylist(),
        schema=pa.schema(table.schema().to_arrow()),
        count=_known_of(files, "num_records", pc.sum),
        oldest=_known_of(files, "min.stored_time", pc.min),
        sizes=files["size_bytes"].to_pylist(),
    )


def _known_of(files: pa.Table, name: str, together: Callable[[pa.ChunkedArray], pa.Scalar]) -> Any:  # noqa: ANN401 - a number or a time
    """Return what the log says of all files together; None when it does not of some, or there are none."""
    if name not in files.column_names or files[name].null_count:
        return None
    return together(files[name]).as_py()


def dataset(results: Where, table: str = VERDICTS) -> pads.Dataset:
    """Return the rows of the latest snapshot of a table.

    Raises:
        SettingsError: there is no such table at the place.
    """
    return Reader(results, table).look().rows()


def origin_of(results: Where, table: str = VERDICTS) -> Origin | None:
    """Return the topic whose records a table holds, if Tocsin made it.

    Raises:
        SettingsError: there is no such table at the place.
    """
    place = _known(results, table)
    with told(place):
        return origin_in(place.opened())
