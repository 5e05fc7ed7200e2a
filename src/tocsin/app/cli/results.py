"""`tocsin results`: what a results folder holds; merging its files, and deleting what is too old."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tocsin.app.cli.options import takes
from tocsin.app.cli.output import FORMATS, emit, is_table, notice
from tocsin.app.cli.parameters import Duration
from tocsin.app.settings import Loaded
from tocsin.results.info import Info, TableInfo, info
from tocsin.results.location import Location
from tocsin.results.upkeep import compact, prune
from tocsin.telemetry.store_files import FOLDER, prune_traces, store_files

_WAIT = 120.0
"""Seconds to wait for the upkeep that a worker has begun: it takes seconds, unless it is the first."""

_UNITS = ("B", "kB", "MB", "GB", "TB")


@click.group()
def results() -> None:
    """Look at the stored results, merge their files, and delete what is too old."""


@results.command("info")
@takes("results.dir", "results.csv")
@FORMATS
def info_(*, loaded: Loaded, format_: str | None) -> None:
    """Tell whose results these are, how many, up to which position, and how far the CSV is.

    NDJSON has one row per table, partition, reason of rejection, and gap, each saying what it is `about`.
    """
    csv = loaded.settings.results.csv
    found = info(loaded.settings.results.dir, Path(csv) if csv else None)
    if is_table(format_):
        _print(found)
    else:
        emit(_rows(found), "ndjson", columns=[])


@results.command("compact")
@takes("results.dir")
@FORMATS
def compact_(*, loaded: Loaded, format_: str | None) -> None:
    """Merge small files into large ones, and delete files that nobody needs any more.

    Workers do this by themselves; it disturbs neither them nor those who read.
    """
    done = compact(loaded.settings.results.dir, wait=_WAIT)
    if not done:
        notice("another process is doing that; nothing was done here")
    emit((asdict(table) for table in done), format_, columns=["table", "merged", "into", "deleted"])


@results.command("prune")
@takes("results.dir")
@click.option(
    "--older-than", "age", type=Duration(), required=True, help="Stored so long ago, such as 30d or 12h."
)
@click.option("--dry-run", is_flag=True, help="Only say how many rows that would be.")
@FORMATS
def prune_(*, loaded: Loaded, age: int, dry_run: bool, format_: str | None) -> None:
    """Delete verdicts, dead letters and traces of long ago; positions stay, so nothing comes back.

    Traces leave the disk at once, rows with an upkeep an hour later. The CSV keeps its lines: delete it to
    have it made anew from what is left.
    """
    before = datetime.fromtimestamp(time.time() - age / 1_000, UTC)
    done = [asdict(table) for table in prune(loaded.settings.results.dir, before, dry_run=dry_run)]
    done += _traces_pruned(loaded.settings.results.dir, before, dry_run=dry_run)
    said = "would be deleted" if dry_run else "deleted"
    notice(f"stored before {before:%Y-%m-%d %H:%M:%S} UTC: {sum(row['deleted'] for row in done):,} {said}")
    emit(done, format_, columns=["table", "deleted", "of"])


def _traces_pruned(results: str, before: datetime, *, dry_run: bool) -> list[dict[str, Any]]:
    """Prune the traces that are kept beside local results, if there are any."""
    place = Location.of(results)
    if place.is_remote or not store_files(place.path):
        return []
    return [{"table": FOLDER, **asdict(prune_traces(place.path, before, dry_run=dry_run))}]


def _rows(found: Info) -> Iterator[dict[str, Any]]:
    if found.origin:
        yield {"about": "origin", "results": found.place, **asdict(found.origin)}
    yield from ({"about": "table", **asdict(table)} for table in found.tables)
    yield from ({"about": "partition", **asdict(partition)} for partition in found.partitions)
    yield from (
        {"about": "rejected", "reason": reason, "count": count} for reason, count in found.rejected.items()
    )
    yield from ({"about": "gap", **asdict(gap)} for gap in found.gaps)
    if found.csv:
        yield {"about": "csv", **asdict(found.csv), "path": str(found.csv.path)}


def _print(found: Info) -> None:
    facts = [{"results": "origin", "value": str(found.origin) if found.origin else "another program"}]
    for table in found.tables:
        facts += [{"results": table.table, "value": text} for text in _of_table(table)]
    facts += [
        {"results": f"rejected: {reason}", "value": f"{count:,}"} for reason, count in found.rejected.items()
    ]
    if found.csv:
        csv = found.csv
        state = f"{csv.state}, {csv.behind:,} commits" if csv.behind else csv.state
        facts.append({"results": str(csv.path), "value": f"{state}; {csv.rows:,} rows, {_size(csv.length)}"})
    emit(facts, "table", columns=["results", "value"], title=found.place)
    emit(map(asdict, found.partitions), "table", columns=["partition", "position"], title="Next record")
    if found.gaps:
        emit(map(asdict, found.gaps), "table", columns=["partition", "offset", "detail"], title="Gaps")


def _of_table(table: TableInfo) -> Iterator[str]:
    yield f"{table.rows:,} rows in {table.files:,} files, {_size(table.size)}; {table.version:,} commits"
    if table.kept is not None and table.kept > table.size:
        yield f"{_size(table.kept - table.size)} more that only older snapshots need"
    if table.first and table.last:
        yield f"stored {table.first:%Y-%m-%d %H:%M:%S} to {table.last:%Y-%m-%d %H:%M:%S} UTC"


def _size(count: float) -> str:
    unit = 0
    while count >= 1_000 and unit < len(_UNITS) - 1:
        count, unit = count / 1_000, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 else f"{count:.1f} {_UNITS[unit]}"
