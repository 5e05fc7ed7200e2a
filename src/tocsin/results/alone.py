"""Lets one process at a time merge the files of a results folder, whatever becomes of the others.

That is needed: the library notices when a compaction meets a delete or an update, but lets two compactions of
the same files through, after which every row is there twice (seen with deltalake 1.6.6).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError
from filelock import FileLock, Timeout

from tocsin.errors import StreamError
from tocsin.results.location import Location, told

_LEASE = 1_800
"""Seconds for which a process has a remote table to itself, unless it gives it back."""

_WORK = 600
"""Seconds after which it is killed by its own alarm, frozen or not: well before its lease ends."""

_APPLICATION = "tocsin/upkeep"
"""Id of the application transaction that holds the lease; its version is the second in which it ends."""


@contextmanager
def alone(home: Location, table: Location, wait: float = 0.0) -> Iterator[bool]:
    """Say whether this process has the folder to itself; if so, it has until the end of the block.

    A local folder has a lock, which a process holds until it lets go or dies, also while it is frozen. A
    remote table has a lease, claimed by a commit that the log refuses when another one was there first. The
    process must then be one of its own, on its main thread: it is killed when the lease nears its end.

    Args:
        home: the results.
        table: the table that is to be rewritten.
        wait: seconds to wait for a lock.

    Raises:
        StreamError: the store refuses.
    """
    if home.is_remote:
        with told(table):
            mine = _claimed(table)
        try:
            yield mine
        finally:
            signal.alarm(0)
            if mine:
                with told(table):
                    _end(table)
        return
    lock = FileLock(home.path / "upkeep.lock")
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise StreamError(f"{home}: cannot be written: {error.strerror}", "is the disk full?") from error
    try:
        yield True
    finally:
        lock.release()


def _claimed(place: Location) -> bool:
    table, now = place.opened(), int(time.time())
    if (table.transaction_version(_APPLICATION) or 0) > now:
        return False
    signal.alarm(_WORK)
    try:
        _note(table, now + _LEASE)
    except CommitFailedError:
        signal.alarm(0)
        return False
    return True


def _end(place: Location) -> None:
    _note(place.opened(), int(time.time()))


def _note(table: DeltaTable, until: int) -> None:
    """Commit the end of a lease, without rows."""
    nothing = pa.schema(table.schema().to_arrow()).empty_table()
    properties = CommitProperties(app_transactions=[Transaction(_APPLICATION, until)])
    write_deltalake(table, nothing, mode="append", commit_properties=properties)
