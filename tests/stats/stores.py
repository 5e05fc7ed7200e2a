"""Stores for the tests of this room: the same events as a results folder and as the lab's CSV."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path

from tocsin.model import (
    NO_LABEL,
    Batch,
    Detection,
    Event,
    Events,
    Judged,
    Label,
    Level,
    LogSource,
    Rejected,
    Stream,
    Verdict,
)
from tocsin.model.identity import ids_at
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.results.view import COLUMNS

STREAM = Stream("topic", "raw-events", "topic-id")


@dataclass(frozen=True)
class Row:
    """One event, as far as statistics care."""

    timestamp: str
    tactic: str = "TA0000"
    technique: str = "T0000"
    user: str = "fin-01"
    host: str = "WS-01"
    source_ip: str = "10.0.0.1"
    event_type: str = "process_start"
    level: Level | None = None
    waited: float | None = None
    """Seconds from the record's timestamp to its row; None for a record without one."""


STORED = 1_800_000_000.0
"""When rows are written, unless it is said otherwise."""


def results_of(rows: list[Row], folder: Path) -> Path:
    """Write the rows as the worker would, in two commits."""
    sink = ResultsSink(folder, Origin("cluster", "raw-events", "topic-id"), "none", lambda: STORED)
    sink.start([0])
    half = len(rows) // 2
    for first, part in ((0, rows[:half]), (half, rows[half:])):
        if part:
            batch = Batch.of_values(STREAM, [b"{}"] * len(part), first)
            batch = replace(batch, timestamps=[_record_time(row) for row in part])
            events = Events.of([_event(row, first + i) for i, row in enumerate(part)])
            sink.write(Judged(batch, events, [_verdict(row) for row in part], "rules"))
            sink.flush()
    return folder


def rejected_in(folder: Path, rejected: list[Rejected], at: float = STORED) -> Path:
    """Write records that could not be events beside results, at a time in seconds since 1970."""
    sink = ResultsSink(folder, Origin("cluster", "raw-events", "topic-id"), "none", lambda: at)
    first = sink.start([0])[0]
    batch = Batch.of_values(STREAM, [b"?"] * len(rejected), first)
    sink.write(Judged(batch, Events.of(rejected), [Verdict(NO_LABEL, (), bad) for bad in rejected], "rules"))
    sink.flush()
    return folder


def _record_time(row: Row) -> int:
    return -1 if row.waited is None else round((STORED - row.waited) * 1000)


def csv_of(rows: list[Row], path: Path) -> Path:
    """Write the rows as the lab's CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, row in enumerate(rows):
            who = (_id(number), row.timestamp, row.user, row.host, row.source_ip, row.event_type)
            writer.writerow([*who, row.tactic, row.technique])
    return path


def _id(number: int) -> str:
    return ids_at(["store"], [number])[0]


def _event(row: Row, number: int) -> Event:
    return Event(
        _id(number), row.timestamp, row.user, row.host, row.source_ip, row.event_type, {}, LogSource()
    )


def _verdict(row: Row) -> Verdict:
    label = NO_LABEL if row.tactic == NO_LABEL.tactic else Label(row.tactic, row.technique)
    fired: tuple[Detection, ...] = ()
    if row.level is not None:
        title = f"A {row.level} rule"
        fired = (
            Detection(f"rule-{row.level}", title, "rev", row.level, (row.tactic,), (row.technique,), ()),
        )
    return Verdict(label, fired)
