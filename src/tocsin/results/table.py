"""A Delta table that owns the offsets: rows and the positions they came from are one commit.

Every commit carries, per input partition, a Delta application transaction whose id names the partition and
whose version is the offset of the next record to read. A reader of the table's log therefore knows exactly up
to where it has everything, and nothing else is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as pads
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from pyarrow.fs import LocalFileSystem

from tocsin.errors import SettingsError, StreamError

VERDICTS = "verdicts"
DEAD_LETTERS = "dead_letters"

_ATTEMPTS = 10
"""How often a commit is tried: others that commit at the same time can win the race more than once."""

_STALE = 100
"""Commits after which a handle is opened anew: one that has seen 1,500 takes five times as long to commit."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The topic whose records a table holds; a topic deleted and made again is another one.

    Attributes:
        cluster: the Kafka cluster's id.
        topic: the topic's name.
        topic_id: the topic's id, which is never used again.
    """

    cluster: str
    topic: str
    topic_id: str

    def application(self, partition: int) -> str:
        """Return the id of the application transaction that holds a partition's position."""
        return f"{self.cluster}/{self.topic_id}/{partition}"


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
        SettingsError: the folder is not writable, or holds the results of another topic or cluster.
    """

    def __init__(self, path: Path, schema: pa.Schema, origin: Origin) -> None:
        self.path = path
        self._schema = schema
        self._origin = origin
        self._table = _opened(path, schema, origin)
        self._opened_at = self.version

    def positions(self, partitions: list[int]) -> dict[int, int]:
        """Return, freshly read, the next offset of those partitions that were ever committed."""
        self._refresh()
        found = {p: self._stored(p) for p in partitions}
        return {p: offset for p, offset in found.items() if offset is not None}

    @property
    def version(self) -> int:
        """Return the number of the last commit that this handle knows; its own commits are among them."""
        return int(self._table.version())

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
        is refused by the log when a partition was moved after the snapshot on which it was checked.

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
            try:
                with _store(self.path):
                    write_deltalake(self._table, rows, mode="append", commit_properties=properties)
            except CommitFailedError:
                self._refresh()
            else:
                return
        raise StreamError(f"{self.path}: other writers won {_ATTEMPTS} commits in a row", "use fewer workers")

    def _compare(self, moves: Moves) -> None:
        moved = [p for p, (held, _) in moves.items() if self._stored(p) != held]
        if moved:
            raise Moved(moved)

    def _refresh(self) -> None:
        with _store(self.path):
            self._table.update_incremental()

    def _renew(self) -> None:
        """Open the table anew once in a while; a fresher snapshot is as safe, for positions are compared."""
        if self.version - self._opened_at >= _STALE:
            with _store(self.path):
                self._table = DeltaTable(self.path)
            self._opened_at = self.version

    def _stored(self, partition: int) -> int | None:
        with _store(self.path):
            version: int | None = self._table.transaction_version(self._origin.application(partition))
        return version


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A table as it was at one commit, for reading.

    Attributes:
        table: id that the table was given when it was created.
        version: number of the last commit in it.
        folder: where its files are.
        files: the names of its files, oldest first. A file never changes; compaction puts others there.
        schema: of its rows.
    """

    table: str
    version: int
    folder: Path
    files: Sequence[str]
    schema: pa.Schema

    def rows(self, besides: frozenset[str] = frozenset()) -> pads.Dataset:
        """Return the rows as an Arrow dataset, without those in some of the files.

        `DeltaTable.to_pyarrow_dataset` does the same, with every column's statistics for every file: at 2,000
        files that is a second, a hundred times as long.
        """
        store = LocalFileSystem()
        form = pads.ParquetFileFormat()
        files = [str(self.folder / name) for name in self.files if name not in besides]
        fragments = [form.make_fragment(file, filesystem=store) for file in files]
        return pads.FileSystemDataset(fragments, self.schema, form, store)


class Reader:
    """A table that is looked at again and again: a look takes only what is new from the table's log.

    Raises:
        SettingsError: there is no such table in the folder.
    """

    def __init__(self, results: Path, table: str = VERDICTS) -> None:
        self._results = results
        self._path = _known(results, table)
        self._open()

    def look(self) -> Snapshot:
        """Return the latest snapshot.

        Raises:
            SettingsError: the table has gone.
            StreamError: it cannot be read.
        """
        _known(self._results, self._path.name)
        with _store(self._path):
            self._table.update_incremental()
        if self._table.version() - self._opened_at >= _STALE:
            self._open()
        with _store(self._path):
            return _snapshot(self._table, self._path)

    def _open(self) -> None:
        with _store(self._path):
            self._table = DeltaTable(self._path)
        self._opened_at = self._table.version()


def _known(results: Path, table: str) -> Path:
    """Return where a table is that is there."""
    path = results / table
    if not DeltaTable.is_deltatable(str(path)):
        raise SettingsError(f"{results}: no results here", "run 'tocsin detect' first, or name --results")
    return path


def _snapshot(table: DeltaTable, path: Path) -> Snapshot:
    features = table.protocol().reader_features
    if features:  # such as deletion vectors: the files alone do not tell which rows are there
        raise StreamError(
            f"{path}: needs a reader of {', '.join(features)}",
            "another program has changed the table: have it take that back",
        )
    files = pa.table(table.get_add_actions()).select(["path", "modification_time"])
    return Snapshot(
        table=str(table.metadata().id),
        version=table.version(),
        folder=path,
        files=files.sort_by("modification_time")["path"].to_pylist(),
        schema=pa.schema(table.schema().to_arrow()),
    )


def dataset(results: Path, table: str = VERDICTS) -> pads.Dataset:
    """Return the rows of the latest snapshot of a table.

    Raises:
        SettingsError: there is no such table in the folder.
    """
    return Reader(results, table).look().rows()


def origin_of(results: Path, table: str = VERDICTS) -> Origin | None:
    """Return the topic whose records a table holds, if Tocsin made it.

    Raises:
        SettingsError: there is no such table in the folder.
    """
    path = _known(results, table)
    with _store(path):
        return _origin_of(DeltaTable(path))


def _opened(path: Path, schema: pa.Schema, origin: Origin) -> DeltaTable:
    described = json.dumps({"tocsin": asdict(origin)})
    try:
        path.mkdir(parents=True, exist_ok=True)
        table = _created(path, schema, described)
    except (OSError, DeltaError) as error:
        raise SettingsError(
            f"{path}: cannot be written: {_first_line(error)}", "choose another folder with --results"
        ) from error
    held = _origin_of(table)
    if held != origin:
        whose = (
            f"topic {held.topic!r} ({held.topic_id}) of cluster {held.cluster}" if held else "another program"
        )
        raise SettingsError(
            f"{path.parent}: holds the results of {whose}, not of topic {origin.topic!r} ({origin.topic_id})"
            f" of cluster {origin.cluster}",
            "a topic made anew is another topic: choose another folder with --results (and --csv)",
        )
    return table


def _created(path: Path, schema: pa.Schema, description: str) -> DeltaTable:
    """Create a table, or open the one that is there."""
    try:
        return DeltaTable.create(
            str(path), schema=schema, mode="ignore", name=f"tocsin {path.name}", description=description
        )
    except DeltaError:
        if not DeltaTable.is_deltatable(str(path)):
            raise
        return DeltaTable(path)  # another worker has created it at the same moment


def _origin_of(table: DeltaTable) -> Origin | None:
    try:
        return Origin(**json.loads(table.metadata().description)["tocsin"])
    except (TypeError, ValueError, KeyError):
        return None


@contextmanager
def _store(path: Path) -> Iterator[None]:
    """Tell what the store refuses as a `StreamError`; a lost race stays what it is."""
    try:
        yield
    except CommitFailedError:
        raise
    except (OSError, DeltaError) as error:
        raise StreamError(
            f"{path}: the results cannot be read or written: {_first_line(error)}",
            "is the disk full, or the folder gone?",
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
