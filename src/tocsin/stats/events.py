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
from tocsin.model import NO_LABEL
from tocsin.results.location import Location, Where
from tocsin.results.table import DEAD_LETTERS, VERDICTS, dataset
from tocsin.stats.csv_file import COLUMNS, load_csv
from tocsin.stats.database import database_in, rows_of
from tocsin.stats.selection import EVERYTHING, Selection

_LOG = "_delta_log"

_NEEDED = (
    *("time", "user", "host", "source_ip", "event_type", "tactic", "technique", "level"),
    *("rule_set", "detections", "record_time", "stored_time"),
)

_MEANT = "CREATE VIEW verdicts AS SELECT * FROM stored WHERE {condition}"

_OF_RESULTS = """
    CREATE VIEW events AS SELECT
        epoch_us("time") AS us, epoch_us(stored_time) AS stored_us, epoch_us(record_time) AS record_us,
        coalesce("user", '') AS "user", coalesce(host, '') AS host, coalesce(source_ip, '') AS source_ip,
        coalesce(event_type, '') AS event_type,
        coalesce(tactic, '') AS tactic, coalesce(technique, '') AS technique, "level", rule_set,
        coalesce(tactic, '') NOT IN ('{none}', '') AS has_tactic,
        "level" IS NOT NULL OR has_tactic AS detected
    FROM verdicts
"""

_OF_CSV = """
    CREATE VIEW events AS SELECT *, NULL::BIGINT AS record_us, NULL::VARCHAR AS rule_set,
        tactic NOT IN ('{none}', '') AS has_tactic, has_tactic AS detected
    FROM rows_read WHERE {condition}
"""

_DEAD = """
    CREATE VIEW dead AS SELECT * FROM (
        SELECT reason, "partition", "offset", detail,
            epoch_us(CASE WHEN epoch_us(record_time) > 0 THEN record_time ELSE stored_time END) AS us
        FROM dead_letters
    ) WHERE {condition}
"""
"""Dead letters have no time of their own: that of their record counts, else when they were noticed."""

_NO_DEAD = """
    CREATE VIEW dead AS
    SELECT '' AS reason, 0 AS "partition", 0 AS "offset", '' AS detail, 0::BIGINT AS us
    WHERE false
"""


class Events:
    """Stored events, open for questions; close it, or use it in `with`.

    Its view `events` has one row per event that is meant, with the columns `us` (when it happened, in
    microseconds since 1970 UTC; null when its timestamp cannot be read), `record_us` and `stored_us` (of its
    record, and of its row; null in a CSV), `user`, `host`, `source_ip`, `event_type`, `tactic`, `technique`,
    `level` (0 to 4; null without a detection, and in a CSV), `rule_set`, `has_tactic`, and `detected` (a rule
    fired; in a CSV, it has a tactic). `dead` has the dead letters: `reason`, `partition`, `offset`, `detail`
    and `us`.

    Attributes:
        name: the folder or file, as the user named it.
        meant: which of the stored events these are.
        rejected: reason -> number of records that could not be events, most first, or rows of a CSV that are
            not rows; only time chooses among them, as they have no host and no level.
        has_detections: whether rules and levels are known; a CSV has labels only.
    """

    def __init__(self, name: str, meant: Selection = EVERYTHING) -> None:
        self.name = name
        self.meant = meant
        self.rejected: Mapping[str, int] = {}
        self.has_detections = False
        self._closing = ExitStack()
        folder = self._closing.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-stats-"))
        self._folder = Path(folder)
        self._database = self._closing.enter_context(database_in(self._folder))

    @classmethod
    def of_table(
        cls, found: pads.Dataset, dead: pads.Dataset | None, name: str, meant: Selection = EVERYTHING
    ) -> Self:
        """Return the events of a verdicts table; it is read as questions come, never held.

        Args:
            found: the table.
            dead: that of the dead letters; None where there is none.
            name: of the store.
            meant: which events.

        Raises:
            SettingsError: the table is not one of verdicts.
            StreamError: the dead letters cannot be read.
        """
        missing = [column for column in _NEEDED if column not in found.schema.names]
        if missing:
            raise SettingsError(f"{name}: not a table of verdicts, it lacks the columns {', '.join(missing)}")
        events = cls(name, meant)
        events.has_detections = True
        try:
            events._show(found, "stored")
            condition = meant.condition('"time"', "make_timestamptz({})")
            events._database.execute(_MEANT.format(condition=condition))
            events._database.execute(_OF_RESULTS.format(none=NO_LABEL.tactic))
            if dead is not None:
                events._show(dead, "dead_letters")
            events._database.execute(
                (_DEAD if dead else _NO_DEAD).format(condition=meant.time_condition("us"))
            )
            rejected = events.ask(
                "SELECT reason, count(*) AS n FROM dead GROUP BY reason ORDER BY n DESC, reason"
            )
            events.rejected = {reason: count for reason, count in rejected}  # noqa: C416 - dict() would lose the types
        except BaseException:
            events.close()
            raise
        return events

    def _show(self, found: pads.Dataset, view: str) -> None:
        """Make a snapshot a view; DuckDB reads local files itself, which takes a third of Arrow's time."""
        if not found.files:  # a table without a commit has no file that says what its columns are
            self._database.register(view, found.schema.empty_table())
        elif isinstance(found.filesystem, LocalFileSystem):
            self._database.read_parquet(found.files, union_by_name=True).create_view(view)
        else:
            self._database.register(view, found)

    @classmethod
    def of_csv(cls, path: Path, meant: Selection = EVERYTHING) -> Self:
        """Return the events of a CSV with the lab's eight columns, copied into a database on disk.

        Raises:
            SettingsError: the file cannot be read, or lacks columns; or a level is asked for, which it lacks.
        """
        if meant.level is not None:
            raise SettingsError(
                f"{path}: a CSV does not say which rules fired, so no level can be chosen",
                "ask the results folder instead",
            )
        events = cls(str(path), meant)
        try:
            bad_rows = load_csv(events._database, path, events._folder)
            events._database.execute(_OF_CSV.format(none=NO_LABEL.tactic, condition=meant.condition("us")))
            events._database.execute(_NO_DEAD)
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


def events_of(where: Where, meant: Selection = EVERYTHING) -> Events:
    """Open a results folder, the verdicts table inside a local one, or a CSV of the lab's form.

    Args:
        where: the folder, file or URL.
        meant: which of the stored events are.

    Raises:
        SettingsError: there is nothing of that kind; says what was found, and what is expected.
    """
    place = Location.of(where)
    if place.is_remote:
        return Events.of_table(dataset(place), _dead(place), str(place), meant)
    path = place.path
    table = path / VERDICTS if (path / VERDICTS / _LOG).is_dir() else path
    if (table / _LOG).is_dir():
        results = table.absolute().parent
        found = dataset(results, table.absolute().name)
        return Events.of_table(found, _dead(Location.of(results)), str(path), meant)
    if path.is_file():
        return Events.of_csv(path, meant)
    raise SettingsError(f"{path}: {_found(path)}", _expected(path))


def _dead(results: Location) -> pads.Dataset | None:
    return dataset(results, DEAD_LETTERS) if (results / DEAD_LETTERS).is_table() else None


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
