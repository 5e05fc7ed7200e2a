"""The lab's `raw_packets.csv`: recorded or simulated events as a table, read and written."""

from __future__ import annotations

import csv
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TextIO

import msgspec

from tocsin.errors import SettingsError, nearest
from tocsin.model.identity import is_uuid
from tocsin.simulate.lab import FIELDS

REQUIRED = ("timestamp", "user", "host", "source_ip", "event_type")
"""Columns without which a table is not the lab's; ids are given where they lack."""

LONGEST_ROW = 1_000
"""Lines that one row may span; beyond that a quote was left open."""


LARGEST_CELL = 64 * 1024 * 1024
"""Characters; Python's own limit of 131,072 is below what Kafka takes."""


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One row, as the event that it is.

    Attributes:
        value: the event as JSON; empty cells are left out.
    """

    event_id: str
    host: str
    value: bytes


class BadRow(msgspec.Struct, frozen=True, gc=False):
    """A row that is not an event.

    Attributes:
        line: where it begins, counted from 1.
    """

    line: int
    reason: str


def read_packets(path: Path) -> Iterator[Packet | BadRow]:
    """Yield the rows of a file in order, each as an event or as the reason why it is none.

    A quote that is left open spoils its own row only. Rows without an `event_id` get a random one.

    Raises:
        SettingsError: the file cannot be read, or lacks columns.
    """
    csv.field_size_limit(LARGEST_CELL)
    with _opened(path) as file:
        rows = _rows(file)
        columns = next(rows, (1, []))[1]
        _check_columns(path, columns)
        for line, cells in rows:
            yield (
                BadRow(line, cells)
                if isinstance(cells, str)
                else _packet(line, dict(zip(columns, cells, strict=True)))
            )


class Written(Protocol):
    """What can be saved."""

    @property
    def value(self) -> bytes:
        """The event as JSON."""


class PacketWriter:
    """Writes events of the lab's shape to a CSV file; a context manager."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise SettingsError(f"{path}: cannot be written: {error.strerror}") from error
        self._writer = csv.DictWriter(self._file, FIELDS, lineterminator="\n")
        self._writer.writeheader()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, events: Iterable[Written]) -> None:
        """Append events of the lab's shape."""
        self._writer.writerows(_decode(event.value) for event in events)


_decode = msgspec.json.Decoder(dict[str, str]).decode
_encode = msgspec.json.Encoder().encode


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        # Bytes that are not UTF-8 become lone surrogates, which `_packet` finds: one bad row, not a bad file.
        file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    with file:
        yield file


def _rows(file: TextIO) -> Iterator[tuple[int, list[str] | str]]:
    """Yield each row that is not blank: the line where it begins, and its cells or what is wrong with it.

    The first row decides how many cells the others must have.
    """
    number, width = 1, 0
    waiting: deque[str] = deque()
    while lines := _lines(file, waiting):
        text = "".join(lines)
        cells = _cells(text, width) if text.strip() else []
        if isinstance(cells, str) and len(lines) > 1:
            # A quote too many swallowed what follows: those lines may be good rows.
            waiting.extendleft(reversed(lines[1:]))
            lines, cells = lines[:1], "a quote is not closed, or stands where none may be"
        if cells:
            width = width or len(cells)
            yield number, cells
        number += len(lines)


def _lines(file: TextIO, waiting: deque[str]) -> list[str]:
    """Return the lines of the next row, as far as quotes tell: a row goes on while one is open."""
    lines: list[str] = []
    quotes = 0
    while (not lines or quotes % 2) and len(lines) < LONGEST_ROW:
        line = waiting.popleft() if waiting else file.readline()
        if not line:
            break
        lines.append(line)
        quotes += line.count('"')
    return lines


def _cells(text: str, width: int) -> list[str] | str:
    try:
        (cells,) = csv.reader([text], strict=True)
    except (csv.Error, ValueError) as error:
        return str(error)
    if width and len(cells) != width:
        return f"{len(cells)} cells, but {width} columns"
    return cells


def _check_columns(path: Path, columns: list[str] | str) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        near = [hint for name in columns if name not in FIELDS and (hint := nearest(name, missing))]
        names = f"the first line must name the columns, such as {','.join(FIELDS)}"
        raise SettingsError(f"{path}:1: missing columns: {', '.join(missing)}", near[0] if near else names)


def _packet(line: int, row: dict[str, str]) -> Packet | BadRow:
    fault = _fault(row)
    if fault:
        return BadRow(line, fault)
    event = {"event_id": row.get("event_id") or str(uuid.uuid4())}
    event |= {name: cell for name, cell in row.items() if cell and name != "event_id"}
    try:
        return Packet(event["event_id"], row["host"], _encode(event))
    except UnicodeEncodeError:
        return BadRow(line, "not UTF-8")


def _fault(row: dict[str, str]) -> str:
    if not row["event_type"]:
        return "event_type: empty"
    event_id = row.get("event_id")
    if event_id and not is_uuid(event_id):
        return f"event_id: {event_id!r} is not a UUID"
    try:
        datetime.fromisoformat(row["timestamp"])
    except ValueError:
        return f"timestamp: {row['timestamp']!r} is not a time in ISO 8601"
    return ""
