"""Kept spans as Parquet files beside the results, for use without a collector; and how to find them again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads

from tocsin.errors import StreamError
from tocsin.telemetry import names
from tocsin.telemetry.spans import Kind, Spans
from tocsin.telemetry.store_files import FOLDER, Shelf, save, store_files

MOST_BYTES = 1_000_000_000
"""What a store may hold unless said otherwise: some ten million spans."""

SCHEMA = pa.schema(
    [
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("parent_id", pa.string()),
        ("service", pa.string()),
        ("name", pa.string()),
        ("kind", pa.string()),
        ("begin", pa.int64()),
        ("end", pa.int64()),
        ("event_id", pa.string()),
        ("attributes", pa.string()),
        ("links", pa.list_(pa.string())),
    ]
)
"""One row per span: times in nanoseconds since 1970, attributes as a JSON object, links as `trace-span`."""

_SECONDS = 5.0
"""After which a file is written; a crash loses what came since the last one."""

_SPANS = 50_000
"""Spans that may wait for it; what is beyond is dropped and counted."""


_TRIES = 5
"""How often a reader begins anew because files went away under it."""


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span as it was stored.

    Attributes:
        parent_id: empty for a root.
        begin, end: nanoseconds since 1970.
        kind: `producer`, `consumer` or `internal`; empty where it is not told apart from the attributes.
    """

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    begin: int
    end: int
    attributes: Mapping[str, object]
    kind: str = ""


class StoreWriter:
    """Writes spans on a thread of its own.

    Args:
        folder: of the results.
        tell: called with a sentence when a file cannot be written or merged.
        most_bytes: that the store may have; beyond it the oldest spans are removed.

    Attributes:
        stored: spans in files.
        dropped: spans that are in none.

    Raises:
        StreamError: the folder cannot be made.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None], most_bytes: int = MOST_BYTES) -> None:
        self.stored = self.dropped = 0
        self._folder = folder / FOLDER
        self._shelf = Shelf(folder, most_bytes)
        self._tell = tell
        self._lock = threading.Lock()
        self._waiting: list[Spans] = []
        self._count = 0
        self._failing = False
        self._stop = threading.Event()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StreamError(f"{self._folder}: cannot be written: {error.strerror}") from error
        self._thread = threading.Thread(target=self._work, name="trace-store", daemon=True)
        self._thread.start()

    def put(self, spans: Sequence[Spans]) -> None:
        """Take spans; never waits."""
        with self._lock:
            for each in spans:
                if self._count + len(each) > _SPANS and self._count:
                    self.dropped += len(each)
                else:
                    self._waiting.append(each)
                    self._count += len(each)

    def close(self) -> None:
        """Write what waits."""
        self._stop.set()
        self._thread.join()
        self._write()

    def _work(self) -> None:
        while not self._stop.wait(_SECONDS):
            self._write()

    def _write(self) -> None:
        with self._lock:
            waiting, self._waiting, self._count = self._waiting, [], 0
        if not waiting:
            return
        rows = pa.concat_tables(map(_rows, waiting))
        try:
            file = save(rows, self._folder, time.time_ns() // 1_000_000)
        except OSError as error:
            self.dropped += rows.num_rows
            self._note(f"spans are lost: {error.strerror or error}")
            return
        self.stored += rows.num_rows
        try:
            self._shelf.add(file)
        except (OSError, pa.ArrowInvalid) as error:
            self._note(f"its files cannot be merged: {error}")
        else:
            self._note("")

    def _note(self, trouble: str) -> None:
        if trouble and not self._failing:
            self._tell(f"{self._folder}: {trouble}")
        self._failing = bool(trouble)


def stored_spans(folder: Path, trace_id: str) -> list[StoredSpan]:
    """Return the spans of a trace, in the order in which they began; none where there is no store.

    Raises:
        StreamError: a file cannot be read.
    """
    found = _found(folder, trace_id)
    spans = {
        row["span_id"]: StoredSpan(
            row["trace_id"],
            row["span_id"],
            row["parent_id"],
            row["service"],
            row["name"],
            row["begin"],
            row["end"],
            json.loads(row["attributes"]),
            row["kind"],
        )
        for row in found
    }
    return sorted(spans.values(), key=lambda span: (span.begin, -span.end))


def _found(folder: Path, trace_id: str) -> list[dict[str, Any]]:
    wanted = pads.field("trace_id") == trace_id
    for last in [False] * _TRIES + [True]:
        files = list(map(str, store_files(folder)))
        try:
            return pads.dataset(files, SCHEMA).to_table(filter=wanted).to_pylist() if files else []
        except FileNotFoundError as error:  # a worker merges files, or removes the oldest
            if last:
                raise StreamError(f"{folder / FOLDER}: its files change all the time") from error
        except (OSError, pa.ArrowInvalid) as error:
            raise StreamError(f"{folder / FOLDER}: cannot be read: {error}") from error
    raise AssertionError("the last try returns or raises")


def _rows(spans: Spans) -> pa.Table:
    columns = [column.pairs() for column in spans.attributes] or [[()] * len(spans)]
    said = [dict(chain.from_iterable(own)) for own in zip(*columns, strict=True)]
    links = spans.links or repeat((), len(spans))
    rows = [
        _hex(spans.traces.tobytes(), 32),
        _hex(spans.ids.tobytes(), 16),
        [parent.strip("0") and parent for parent in _hex(spans.parents.tobytes(), 16)],
        [spans.service] * len(spans),
        [spans.name] * len(spans),
        [Kind(spans.kind).name.lower()] * len(spans),
        spans.begins,
        spans.ends,
        [own.get(names.EVENT_ID) for own in said],
        [json.dumps(own) for own in said],
        [[f"{link.trace.hex()}-{link.span.hex()}" for link in own] for own in links],
    ]
    return pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(rows, SCHEMA, strict=True)], schema=SCHEMA
    )


def _hex(plain: bytes, size: int) -> list[str]:
    digits = plain.hex()
    return [digits[at : at + size] for at in range(0, len(digits), size)]
