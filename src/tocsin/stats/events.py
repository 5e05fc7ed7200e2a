"""Opens what was stored, a results folder or a CSV of the lab's form, as a view for questions."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow.dataset as pads
from pyarrow.fs import LocalFileSystem

from tocsin.errors import SettingsError, StreamError
from tocsin.results import dead_letters
from tocsin.results.location import Location, Where
from tocsin.results.table import VERDICTS, dataset
from tocsin.stats.csv_file import COLUMNS, load_csv
from tocsin.stats.database import database_in, rows_of

_LOG = "_delta_log"

_NEEDED = ("time", "user", "host", "source_ip", "event_type", "tactic", "technique", "level", "stored_time")

_OF_RESULTS = """
    CREATE VIEW events AS SELECT
        epoch_us("time") AS us, epoch_us(stored_time) AS stored_us,
        coalesce("user", '') AS "user", coalesce(host, '') AS host, coalesce(source_ip, '') AS source_ip,
        coalesce(event_type, '') AS event_type,
        coalesce(tactic, '') AS tactic, coalesce(technique, '') AS technique, "level"
    FROM verdicts
"""


class Events:
    """Stored events, open for questions; close it, or use it in `with`.

    Its view `events` has one row per event with the columns `us` (when it happened, in microseconds since
    1970 UTC; null when its timestamp cannot be read), `stored_us` (null in a CSV), `user`, `host`,
    `source_ip`, `event_type`, `tactic`, `technique`, and `level` (0 to 4; null without a detection, and in
    a CSV).

    Attributes:
        name: the folder or file, as the user named it.
        rejected: reason -> number of records that could not be events, or rows of a CSV that are not rows.
        has_detections: whether rules and levels are known; a CSV has labels only.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rejected: Mapping[str, int] = {}
        self.has_detections = False
        self._closing = ExitStack()
        folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-stats-"))
        self._folder = Path(folder)
        self._database = self._closing.enter_context(database_in(self._folder))

    @classmethod
    def of_table(cls, found: pads.Dataset, rejected: Mapping[str, int], name: str) -> Self:
        """Return the events of a verdicts table; it is read as questions come, never held.

        DuckDB reads the snapshot's local files itself: through Arrow it would take three times as long.

        Raises:
            SettingsError: the table is not one of verdicts.
        """
        missing = [column for column in (*_NEEDED, "detections") if column not in found.schema.names]
        if missing:
            raise SettingsError(f"{name}: not a table of verdicts, it lacks the columns {', '.join(missing)}")
        events = cls(name)
        events.rejected = dict(rejected)
        events.has_detections = True
        if not found.files:  # a table without a commit has no file that says what its columns are
            events._database.register("verdicts", found.schema.empty_table())
        elif isinstance(found.filesystem, LocalFileSystem):
            events._database.read_parquet(found.files).create_view("verdicts")
        else:
            events._database.register("verdicts", found)
        events._database.execute(_OF_RESULTS)
        return events

    @classmethod
    def of_csv(cls, path: Path) -> Self:
        """Return the events of a CSV with the lab's eight columns, copied into a database on disk.

        Raises:
            SettingsError: the file cannot be read, or lacks columns.
        """
        events = cls(str(path))
        try:
            bad_rows = load_csv(events._database, path, events._folder)
        except BaseException:
            events.close()
            raise
        events.rejected = {"unreadable": bad_rows} if bad_rows else {}
        return events

    def ask(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return the rows that answer `sql`, which speaks of the view `events`.

        Raises:
            StreamError: the store cannot be read (any more).
        """
        try:
            return rows_of(self._database, sql, parameters)
        except (duckdb.Error, OSError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise StreamError(
                f"{self.name}: cannot be read: {reason}",
                "is the disk full, or was the folder changed meanwhile?",
            ) from error

    def close(self) -> None:
        """Let go of the store, and of what was copied from it."""
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def events_of(where: Where) -> Events:
    """Open a results folder, the verdicts table inside a local one, or a CSV of the lab's form.

    Raises:
        SettingsError: there is nothing of that kind; says what was found, and what is expected.
    """
    place = Location.of(where)
    if place.is_remote:
        return Events.of_table(dataset(place), dead_letters.count(place), str(place))
    path = place.path
    table = path / VERDICTS if (path / VERDICTS / _LOG).is_dir() else path
    if (table / _LOG).is_dir():
        results = table.absolute().parent
        found = dataset(results, table.absolute().name)
        return Events.of_table(found, dead_letters.count(results), str(path))
    if path.is_file():
        return Events.of_csv(path)
    raise SettingsError(f"{path}: {_found(path)}", _expected(path))


def _found(path: Path) -> str:
    if not path.exists():
        return "there is no such folder or file"
    if not path.is_dir():
        return "neither a folder nor a regular file"
    held = sorted(child.name for child in path.iterdir())
    listed = ", ".join(held[:5]) + (", ..." if len(held) > 5 else "")
    return f"a folder without results (it holds {listed})" if held else "an empty folder"


def _expected(path: Path) -> str:
    for child in ("results", "data/results"):
        if (path / child / VERDICTS / _LOG).is_dir():
            return f"did you mean {path / child}?"
    columns = ", ".join(COLUMNS)
    return f"expected a results folder, as 'tocsin detect' writes it, or a CSV with the columns {columns}"
