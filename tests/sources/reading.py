"""Reads files in tests: all their records, flat."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import msgspec

from tocsin.model import Rejected
from tocsin.sources.files import RecordedFiles
from tocsin.sources.files.pieces import Chunks, Piece, UnreadableError

Row = tuple[str, int, bytes | None, Rejected | None]


def read(*paths: Path | str, stdin: bytes = b"") -> list[Row]:
    """Return file, number, value and fault of every record."""
    files = RecordedFiles([str(path) for path in paths], io.BytesIO(stdin))
    return [
        (batch.stream.name, batch.offsets[row], batch.values[row], batch.faults.get(row))
        for batch in files.batches()
        for row in range(len(batch))
    ]


def objects(rows: list[Row]) -> list[Any]:
    """Return what the good records say; each must be JSON."""
    return [msgspec.json.decode(value) for value in good(rows)]


def good(rows: list[Row]) -> list[bytes]:
    """Return the records without a fault."""
    return [value for _, _, value, fault in rows if fault is None and value is not None]


def faults(rows: list[Row]) -> list[tuple[int, str]]:
    """Return number and detail of the others."""
    return [(number, fault.detail) for _, number, _, fault in rows if fault is not None]


def cut(data: bytes, seed: int = 0, largest: int = 7) -> Chunks:
    """Yield data in chunks of random sizes."""
    dice = random.Random(seed)
    at = 0
    while at < len(data):
        size = dice.randint(1, largest)
        yield data[at : at + size]
        at += size


def until_unreadable(pieces: Any) -> tuple[list[Piece], str]:
    """Return what comes before the end, and why it ended."""
    found: list[Piece] = []
    try:
        found.extend(pieces)
    except UnreadableError as error:
        return found, error.fault.detail
    return found, ""
