"""The DuckDB database in which questions are answered: bounded in memory, and stopped by Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

_MEMORY = "1GB"
"""What DuckDB may hold; beyond it, groups go to disk. Ten million rows with 20,000 users need a tenth."""

_MOST_THREADS = 8


@contextmanager
def database_in(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of its own in a folder, which also takes what does not fit into memory."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "memory_limit": _MEMORY,
        "preserve_insertion_order": False,  # no question asks for it, and keeping it costs memory
        "temp_directory": str(folder / "spill"),
        "threads": min(_MOST_THREADS, os.cpu_count() or 1),
    }
    connection = duckdb.connect(folder / "events.duckdb", config=settings)
    connection.execute("SET TimeZone = 'UTC'")  # what a time without a zone is in, whatever this machine's is
    try:
        yield connection
    finally:
        connection.close()


def rows_of(
    database: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows.

    It runs in a thread of its own: DuckDB looks for signals only between its tasks, which may be long.

    Raises:
        duckdb.Error: what DuckDB says of it.
        KeyboardInterrupt: Ctrl-C; the statement has been stopped.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="question") as worker:
        answer = worker.submit(lambda: database.execute(sql, parameters).fetchall())
        try:
            return answer.result()
        except KeyboardInterrupt:
            database.interrupt()
            raise
