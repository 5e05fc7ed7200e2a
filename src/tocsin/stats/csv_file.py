"""Reads a CSV of the lab's form into DuckDB, where it becomes the table `rows_read`."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import duckdb

from tocsin.errors import SettingsError
from tocsin.results.view import COLUMNS
from tocsin.stats.database import rows_of

__all__ = ["COLUMNS", "load_csv"]

_LONGEST_ROW = 16 * 1024 * 1024
_LONGEST_HEADER = 64 * 1024

_TIME = """
    CASE WHEN "timestamp" >= '0' AND "timestamp" < ':' THEN coalesce(
        try_cast("timestamp" AS TIMESTAMPTZ),
        try_cast(regexp_replace(replace(upper("timestamp"), ',', '.'),
            '^(\\d{4})-?(\\d\\d)-?(\\d\\d)T(\\d\\d):?(\\d\\d):?(\\d\\d)',
            '\\1-\\2-\\3T\\4:\\5:\\6') AS TIMESTAMPTZ)
    ) END
"""
"""ISO 8601 in its extended form, else in its basic form, with a comma, or in lower case.

What DuckDB takes beyond that ('epoch', 'infinity') begins with a letter; years that have not four digits are
cut off below.
"""

_LOAD = """
    CREATE TABLE rows_read AS
    SELECT
        CASE WHEN isfinite(happened) AND happened >= TIMESTAMPTZ '0001-01-01'
            AND happened < TIMESTAMPTZ '9999-12-31' THEN epoch_us(happened) END AS us,
        NULL::BIGINT AS stored_us, * EXCLUDE (happened), NULL::TINYINT AS "level"
    FROM (
        SELECT {time} AS happened,
            coalesce("user", '') AS "user", coalesce(host, '') AS host, coalesce(source_ip, '') AS source_ip,
            coalesce(event_type, '') AS event_type,
            coalesce(mitre_tactic, '') AS tactic, coalesce(mitre_technique, '') AS technique
        FROM read_csv({path}, columns = {columns}, header = true, auto_detect = false,
            delim = ',', quote = '"', escape = '"', max_line_size = {longest},
            ignore_errors = true, store_rejects = true, rejects_limit = 0)
    )
"""


def load_csv(database: duckdb.DuckDBPyConnection, path: Path, folder: Path) -> int:
    """Create the table `rows_read` from a CSV, plain or gzipped.

    Args:
        database: where to.
        path: the file; its first row names the columns, in any order and perhaps with others.
        folder: a scratch folder.

    Returns:
        The number of rows that are not: too few or too many values, or not UTF-8. They are left out.

    Raises:
        SettingsError: the file cannot be read, or lacks columns.
    """
    header = _header(path)
    if not header:
        raise SettingsError(f"{path}: is empty", f"a CSV of the lab's form has {', '.join(COLUMNS)}")
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        raise SettingsError(
            f"{path}: lacks the columns {', '.join(missing)}",
            f"its first row is {', '.join(header)[:200]!r}; a CSV of the lab's form has {', '.join(COLUMNS)}",
        )
    if len(set(header)) < len(header):
        raise SettingsError(f"{path}: names a column twice: {', '.join(header)[:200]}")
    plain_name = folder / ("events.csv.gz" if path.suffix == ".gz" else "events.csv")
    plain_name.symlink_to(path.absolute())  # DuckDB would take brackets and stars in a name as a pattern
    columns = ", ".join(f"{_literal(column)}: 'VARCHAR'" for column in header)
    try:
        rows_of(
            database,
            _LOAD.format(
                time=_TIME, path=_literal(str(plain_name)), columns=f"{{{columns}}}", longest=_LONGEST_ROW
            ),
        )
        ((bad,),) = rows_of(database, "SELECT count(DISTINCT line) FROM reject_errors")
    except duckdb.Error as error:
        raise SettingsError(f"{path}: cannot be read as CSV: {str(error).splitlines()[0]}") from error
    finally:
        plain_name.unlink()
    return int(bad)


def _header(path: Path) -> list[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rb") as file:
            line = file.readline(_LONGEST_HEADER).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not a CSV in UTF-8 (byte {error.start} of its first row)") from error
    except (OSError, EOFError) as error:
        raise SettingsError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return next(csv.reader([line]), [])


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
