"""The files of the trace store: merged as they become many, removed when they are too old or too large."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.errors import StreamError

FOLDER = "traces"
"""Where they lie in the folder of the results."""

LARGE = 2_000_000
"""Bytes from which on a file stays as it is. Merging takes some twenty times as much memory."""

MANY = 32
"""Files that are merged into one at the latest: with a file every five seconds there are 70 after a day."""

_GROUP = 5_000
"""Spans that are read at once when one trace is looked for; files are sorted by trace."""

_FORGOTTEN = 3_600.0
"""Seconds after which a file that was never finished is removed: whoever wrote it is gone."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was removed, or would be.

    Attributes:
        deleted: spans.
        of: how many there were.
    """

    deleted: int
    of: int


def store_files(folder: Path) -> list[Path]:
    """Return the finished files of a store, the oldest first; none where there is no store.

    Args:
        folder: of the results.
    """
    place = folder / FOLDER
    return sorted(place.glob("[!.]*.parquet")) if place.is_dir() else []


def save(rows: pa.Table, place: Path, milliseconds: int) -> Path:
    """Write a file under a name that readers do not look at, then give it its own.

    Args:
        rows: with a column `trace_id`.
        place: the folder to write into.
        milliseconds: since 1970, when the youngest of the spans was stored.

    Raises:
        OSError: it cannot be written.
    """
    name = f"{milliseconds}-{uuid.uuid4().hex[:12]}.parquet"
    fresh = place / f".{name}"
    try:
        pq.write_table(rows.sort_by("trace_id"), fresh, compression="zstd", row_group_size=_GROUP)
        os.replace(fresh, place / name)  # noqa: PTH105 - the same, and its errors are OSErrors alike
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return place / name


def prune_traces(folder: Path, before: datetime, *, dry_run: bool = False) -> Removed:
    """Remove the files of a store whose youngest span was stored before a time.

    Args:
        folder: of the results.
        before: with a time zone.
        dry_run: only count.

    Raises:
        StreamError: a file cannot be read or removed.
    """
    limit = before.timestamp() * 1_000
    deleted = of = 0
    for file in store_files(folder):
        try:
            spans = pq.read_metadata(file).num_rows
            of += spans
            if stored_at(file) < limit:
                deleted += spans
                if not dry_run:
                    file.unlink(missing_ok=True)
        except FileNotFoundError:
            continue  # a worker has merged it meanwhile
        except (OSError, pa.ArrowInvalid) as error:
            raise StreamError(f"{file}: cannot be removed: {error}") from error
    return Removed(deleted, of)


def stored_at(file: Path) -> int:
    """Return when the youngest span of a file was stored, in milliseconds since 1970; its name says so."""
    digits = file.name.partition("-")[0]
    return int(digits) if digits.isdecimal() else 0


class Shelf:
    """Tends the files that one process writes, and the size of the whole store.

    Of what other processes write nothing is merged, so no two of them merge the same file.

    Args:
        folder: of the results.
        most_bytes: that all files may have; the oldest are removed when they have more.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder
        self._most = most_bytes
        self._levels: list[list[Path]] = []

    def add(self, file: Path) -> None:
        """Take a file that was just written.

        Raises:
            OSError: the store cannot be read or written; the file and all others are as they were.
        """
        self._place(file, 0)
        self._bound()

    def _place(self, file: Path, level: int) -> None:
        """Put a file beside others that were merged as often; merge them when they are many or large."""
        if sum(_sizes([file])) >= LARGE:
            return
        if len(self._levels) <= level:
            self._levels.append([])
        parts = self._levels[level]
        parts.append(file)
        if len(parts) >= MANY or sum(_sizes(parts)) >= LARGE:
            self._levels[level] = []
            left = [part for part in parts if part.exists()]  # what is old may have been removed
            if left:
                self._place(_merged(left), level + 1)

    def _bound(self) -> None:
        files = store_files(self._folder)
        sizes = list(_sizes(files))
        left = sum(sizes)
        for file, size in zip(files[:-1], sizes, strict=False):
            if left <= self._most:
                break
            file.unlink(missing_ok=True)
            left -= size
        for fresh in (self._folder / FOLDER).glob(".*.parquet"):
            with suppress(FileNotFoundError):
                if time.time() - fresh.stat().st_mtime > _FORGOTTEN:
                    fresh.unlink()


def _merged(parts: Sequence[Path]) -> Path:
    """Put files into one. Whoever reads meanwhile finds their spans once or twice, never not at all."""
    rows = pa.concat_tables([pq.read_table(part) for part in parts])
    made = save(rows, parts[0].parent, max(map(stored_at, parts)))
    for part in parts:
        part.unlink(missing_ok=True)
    return made


def _sizes(files: Sequence[Path]) -> Iterator[int]:
    """Yield the size of each file; 0 for one that somebody has removed."""
    for file in files:
        try:
            yield file.stat().st_size
        except FileNotFoundError:
            yield 0
