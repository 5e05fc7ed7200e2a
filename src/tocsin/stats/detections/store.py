"""The DuckDB file with the flat detections: whose it is, what is in it, and how it is asked."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import duckdb
from filelock import FileLock, Timeout

from tocsin.cache import cache_folder
from tocsin.errors import SettingsError, StreamError
from tocsin.results.location import Location, Where

FORM = 1
"""Of the tables below; a file of another form is made anew."""

MEGABYTES = 512
"""What DuckDB may hold; beyond it, groups and sorts go to disk."""

_MOST_THREADS = 8

_MOST_COPIES = 16
"""Consoles on the same results, each with a copy of its own: DuckDB lets only one process into a file."""

PATIENCE = 20.0
"""Seconds after which a question is given up."""

_TABLES = """
    CREATE TABLE detections (
        n BIGINT, -- larger for what came in later, never used again
        moment BIGINT, -- when it happened, or else came to Kafka, or was stored; microseconds since 1970
        rule_no INTEGER,
        host_no INTEGER,
        user_no INTEGER,
        detection_id UUID,
        event_id VARCHAR,
        "timestamp" VARCHAR,
        source_ip VARCHAR,
        event_type VARCHAR,
        matched STRUCT("field" VARCHAR, "value" VARCHAR)[],
        "text" VARCHAR, -- the matched values in lower case, for searching
        topic VARCHAR,
        "partition" INTEGER,
        "offset" BIGINT,
        stored_ms BIGINT,
        trace_id VARCHAR, -- null where it is the event's id without dashes
        label VARCHAR -- the technique of the event's label, in the first of its detections only
    );
    CREATE TABLE rules (
        no INTEGER, key UBIGINT, rule_id VARCHAR, rule_title VARCHAR, rule_revision VARCHAR, "level" TINYINT,
        tactics VARCHAR[], techniques VARCHAR[]
    );
    CREATE TABLE names (no INTEGER, name VARCHAR);
    CREATE TABLE commits (stored_ms BIGINT, events BIGINT);
    CREATE TABLE positions ("partition" INTEGER, next BIGINT);
    CREATE TABLE reached ("partition" INTEGER, next BIGINT);
    CREATE TABLE files (name VARCHAR);
    CREATE TABLE state (
        form INTEGER, duckdb VARCHAR, source VARCHAR, version BIGINT, complete BOOLEAN, next_n BIGINT
    );
"""
"""`commits` counts events, with and without detections, by when they were stored: pruning is known by it.
`positions`, `files` and `version` say what has been taken in of the table `source`; `reached` is where the
positions are moved when the files that are being read are done."""

_NAMES = ("detections", "rules", "names", "commits", "positions", "reached", "files", "state")


class DetectionStore:
    """The flat detections of one results folder; close it, or use it in `with`.

    Any thread may ask. One thread, the follower's, writes.

    Args:
        results: whose detections; nothing needs to be there yet.
        folder: where copies are kept; None for the user's cache.
        megabytes: of memory that the database may hold.

    Raises:
        SettingsError: nothing can be written there.
    """

    def __init__(self, results: Where, folder: Path | None = None, megabytes: int = MEGABYTES) -> None:
        home = Location.of(results).home
        place = folder or cache_folder() / "console"
        self.name = str(results)
        self._megabytes = megabytes
        self._folder = place / hashlib.sha256(home.encode()).hexdigest()[:16]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file, self._lock = _free_copy(self._folder)
            _sweep(place, besides=self._folder)
        except OSError as error:
            raise SettingsError(
                f"{self._folder}: cannot be written: {error.strerror or error}",
                "name another folder with TOCSIN_CACHE",
            ) from error
        self._writer: duckdb.DuckDBPyConnection | None = None
        self._database = self._opened()

    @property
    def path(self) -> Path:
        """Return the file."""
        return self._file

    def ask(
        self, sql: str, parameters: Sequence[object] | dict[str, object] = (), patience: float = PATIENCE
    ) -> list[tuple[Any, ...]]:
        """Return the rows that answer a question.

        Args:
            sql: the question.
            parameters: the values in it.
            patience: seconds after which it is given up.

        Raises:
            StreamError: it took too long, or the file cannot be read (any more).
        """
        cursor = self._database.cursor()
        timer = threading.Timer(patience, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return cursor.execute(sql, parameters).fetchall()
        except duckdb.InterruptException as error:
            raise StreamError(
                f"{self.name}: no answer within {patience:.0f} s", "narrow the question, such as its time"
            ) from error
        except (duckdb.Error, OSError) as error:
            raise self.broken(error) from error
        finally:
            timer.cancel()
            cursor.close()

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a connection whose changes others see at the end of the block, or never when that fails.

        Raises:
            StreamError: the file cannot be written.
        """
        cursor = self._writer = self._database.cursor()
        try:
            cursor.execute("BEGIN")
            yield cursor
            cursor.execute("COMMIT")
        except (duckdb.Error, OSError) as error:
            _undo(cursor)
            raise self.broken(error) from error
        except BaseException:
            _undo(cursor)
            raise
        finally:
            self._writer = None
            cursor.close()

    def forget(self) -> None:
        """Begin with nothing."""
        with self.writing() as database:
            for table in _NAMES:
                database.execute(f"DROP TABLE IF EXISTS {table}")
            database.execute(_TABLES)
            database.execute("INSERT INTO state VALUES (?, ?, '', -1, false, 0)", [FORM, duckdb.__version__])

    def interrupt(self) -> None:
        """End what the follower is at; it fails."""
        if (writer := self._writer) is not None:
            writer.interrupt()

    def close(self) -> None:
        """Let go of the file; a second copy is deleted."""
        with suppress(duckdb.Error):
            self._database.close()
        if self._file.name != _NAME.format(0):
            _delete(self._file)
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def broken(self, error: Exception) -> StreamError:
        """Return what an error of the database means for the reader."""
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return StreamError(
            f"{self._file}: {reason}", "is the disk full? the file may be deleted: it is made anew"
        )

    def _opened(self) -> duckdb.DuckDBPyConnection:
        """Open the file; one that cannot be read, is half made, or has another form, is made anew."""
        found = _whole(self._file, self._megabytes)
        if found is not None:
            return found
        _delete(self._file)
        try:
            self._database = _connected(self._file, self._megabytes)
            self.forget()
        except (duckdb.Error, StreamError) as error:
            raise SettingsError(
                f"{self._file}: cannot be made: {error}", "name another folder with TOCSIN_CACHE"
            ) from error
        return self._database


def _whole(file: Path, megabytes: int) -> duckdb.DuckDBPyConnection | None:
    """Open a file of this form in which nothing is missing."""
    if not file.exists():
        return None
    with suppress(duckdb.Error):
        database = _connected(file, megabytes)
        with suppress(duckdb.Error):
            form = database.execute("SELECT form, duckdb, complete FROM state").fetchall()
            if form == [(FORM, duckdb.__version__, True)]:
                return database
        database.close()
    return None


_NAME = "detections-{}.duckdb"


def _free_copy(folder: Path) -> tuple[Path, FileLock]:
    """Return a copy that no other process has, with its lock."""
    for number in range(_MOST_COPIES):
        file = folder / _NAME.format(number)
        lock = FileLock(file.with_suffix(".lock"))
        with suppress(Timeout):
            lock.acquire(timeout=0)
            return file, lock
    raise SettingsError(f"{folder}: {_MOST_COPIES} consoles have these results open", "close some")


def _connected(file: Path, megabytes: int) -> duckdb.DuckDBPyConnection:
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "memory_limit": f"{megabytes}MB",
        "temp_directory": str(file.with_suffix(".spill")),
        "threads": min(_MOST_THREADS, os.cpu_count() or 1),
    }
    database = duckdb.connect(file, config=settings)
    database.execute("SET GLOBAL TimeZone = 'UTC'")
    return database


def _delete(file: Path) -> None:
    for part in (file, file.with_name(file.name + ".wal")):
        part.unlink(missing_ok=True)


_FORGOTTEN = 30 * 86_400
"""Seconds after which copies that nobody opened are deleted: their results may be gone as well."""


def _sweep(place: Path, besides: Path) -> None:
    """Delete the copies of results that nobody has looked at for long."""
    for folder in place.iterdir():
        files = [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []
        newest = max((file.stat().st_mtime for file in files), default=time.time())
        if folder != besides and time.time() - newest > _FORGOTTEN:
            for file in files:
                file.unlink(missing_ok=True)


def _undo(cursor: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.Error):
        cursor.execute("ROLLBACK")
