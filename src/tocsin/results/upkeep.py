"""Keeps the results small and quick while workers write them: compaction, vacuum, and pruning of what is old.

Commits make many small files. Compaction puts a few large ones in their place without changing a row, prune
rewrites files without the rows that are too old, and vacuum deletes files that no snapshot has had for an
hour. Each is a commit of its own, or the deletion of what nobody needs: a crash at any point is harmless, and
positions are never touched.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.dataset as pads
from deltalake import CommitProperties, DeltaTable, WriterProperties
from deltalake.exceptions import CommitFailedError, DeltaError

from tocsin.errors import StreamError
from tocsin.results.alone import alone
from tocsin.results.location import Location, Where, is_passing, told
from tocsin.results.table import DEAD_LETTERS, VERDICTS, dataset, sum_up

_LARGE = 64 * 1024 * 1024
"""Bytes of a compacted file. Larger ones would have the same rows rewritten more often."""

_PATIENCE = 30.0
"""Seconds in which a rewrite must win against others that rewrite the same files."""

_WRITER = WriterProperties(compression="ZSTD", compression_level=3, max_row_group_size=65_536)
"""Small row groups: who rewrites or reads the files holds a few of them (merging takes 75 MB, not 230)."""

_STUBBORN = CommitProperties(max_commit_retries=100)
"""Commits of busy workers come in between; each only means that the next number must be tried."""

_KEPT = 1
"""Hours for which files that were replaced stay, for whoever still reads an older snapshot."""

_ORPHANED = 7 * 24
"""Hours after which a file in the folder that no commit names is taken for a crashed worker's.

A worker that was frozen between writing a file and committing it may wake up later than one expects.
"""


@dataclass(frozen=True, slots=True)
class Tended:
    """What the upkeep of one table did.

    Attributes:
        table: its name.
        merged: small files that were replaced...
        into: ... by so many large ones.
        deleted: files deleted that no snapshot needs any more.
    """

    table: str
    merged: int
    into: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows of a table were, or would be, deleted, of how many."""

    table: str
    deleted: int
    of: int


def compact(results: Where, few: int = 2, wait: float = 0.0) -> list[Tended]:
    """Merge small files, sum up the log, and delete what nobody needs any more, in all tables.

    Args:
        results: the folder of the results.
        few: leave a table alone that has fewer small files.
        wait: seconds to wait for another process that does the same.

    Returns:
        what was done to each table; tables that another process tends are missing.

    Raises:
        SettingsError: there are no results.
        StreamError: the store refuses, or others rewrite the same files without a pause.
    """
    home = Location.of(results)
    dataset(home)  # refuses a folder without results
    done = []
    for name in _tables(home):
        with alone(home, home / name, wait) as mine:
            if mine:
                done.append(_tended(home / name, few))
    return done


def prune(results: Where, before: datetime, *, dry_run: bool = False) -> list[Pruned]:
    """Delete the verdicts and dead letters that were stored before a time. Positions stay where they are.

    Readers keep the snapshot they have; the bytes leave the disk when vacuum next runs, after the table's
    retention. The CSV keeps its lines until it is made anew.

    Args:
        results: the folder of the results.
        before: with a time zone.
        dry_run: only count.

    Raises:
        SettingsError: there are no results.
        StreamError: the store refuses, or others rewrite the same files without a pause.
    """
    home = Location.of(results)
    dataset(home)
    return [_pruned(home / name, before, dry_run=dry_run) for name in _tables(home)]


def _tables(home: Location) -> list[str]:
    return [name for name in (VERDICTS, DEAD_LETTERS) if (home / name).is_table()]


def _tended(place: Location, few: int) -> Tended:
    found = {"numFilesRemoved": 0, "numFilesAdded": 0}
    with told(place):
        table = place.opened()
        if _small(table) >= max(few, 2):
            found = _rewritten(place, _merge)
            table = place.opened()
            sum_up(table)
        deleted = [*_vacuumed(table, _KEPT), *_vacuumed(table, _ORPHANED, full=True)]
    return Tended(place.name, found["numFilesRemoved"], found["numFilesAdded"], len(deleted))


def _vacuumed(table: DeltaTable, hours: int, *, full: bool = False) -> list[str]:
    return table.vacuum(hours, dry_run=False, enforce_retention_duration=False, full=full)


def _small(table: DeltaTable) -> int:
    return sum(1 for size in pa.table(table.get_add_actions())["size_bytes"].to_pylist() if size < _LARGE)


def _merge(table: DeltaTable) -> dict[str, int]:
    done: dict[str, int] = table.optimize.compact(
        target_size=_LARGE,
        max_concurrent_tasks=1,
        min_commit_interval=60,  # what an interrupted one has done so far is kept
        writer_properties=_WRITER,
        commit_properties=_STUBBORN,
    )
    return done


def _pruned(place: Location, before: datetime, *, dry_run: bool) -> Pruned:
    with told(place):
        rows = dataset(place.parent, place.name)
        old, total = rows.count_rows(filter=pads.field("stored_time") < pa.scalar(before)), rows.count_rows()
        if old and not dry_run:
            micros = int(before.timestamp() * 1_000_000)
            where = f"stored_time < arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')"
            _rewritten(
                place,
                lambda table: table.delete(where, writer_properties=_WRITER, commit_properties=_STUBBORN),
            )
            sum_up(place.opened())
    return Pruned(place.name, old, total)


def _rewritten(place: Location, rewrite: Callable[[DeltaTable], dict[str, int]]) -> dict[str, int]:
    """Rewrite files, again from the newest snapshot when another process has rewritten the same ones."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return rewrite(place.opened())
        except DeltaError as error:
            if not isinstance(error, CommitFailedError) and not is_passing(error):
                raise
            if time.monotonic() > deadline:
                raise StreamError(
                    f"{place}: other processes rewrite it without a pause", "try again later"
                ) from None
