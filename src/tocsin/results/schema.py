"""The columns of the results: verdicts and dead letters, built from judged batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tocsin.model import Batch, Detection, Judged, Level, Stream, Verdict
from tocsin.model.contexts import trace_digits
from tocsin.model.detection_record import Numbers, firing_ids

T = TypeVar("T")

_TEXTS = pa.list_(pa.string())

_DETECTION = pa.struct(
    [
        ("rule_id", pa.string()),
        ("rule_title", pa.string()),
        ("rule_revision", pa.string()),
        ("level", pa.string()),
        ("tactics", _TEXTS),
        ("techniques", _TEXTS),
        ("matched", pa.list_(pa.struct([("field", pa.string()), ("value", pa.string())]))),
    ]
)
DETECTION = pa.struct([pa.field("detection_id", pa.string()), *_DETECTION])
"""One rule firing on the row's event."""

_POSITION = [
    ("topic", pa.string()),
    ("partition", pa.int32()),
    ("offset", pa.int64()),
    ("record_time", pa.timestamp("ms", "UTC")),
    ("stored_time", pa.timestamp("ms", "UTC")),
]

VERDICTS = pa.schema(
    [
        ("event_id", pa.string()),
        ("timestamp", pa.string()),
        ("time", pa.timestamp("us", "UTC")),
        ("user", pa.string()),
        ("host", pa.string()),
        ("source_ip", pa.string()),
        ("event_type", pa.string()),
        ("tactic", pa.string()),
        ("technique", pa.string()),
        ("level", pa.int8()),
        ("rule_set", pa.string()),
        ("detections", pa.list_(DETECTION)),
        *_POSITION,
        ("trace_id", pa.string()),
        ("raw", pa.binary()),
    ]
)
"""One row per event: what it was, its label, every detection, where it lay, and its bytes if they are kept.

`timestamp` is the event's own text and `time` the same instant; `level` is the highest detection's
(0 informational to 4 critical), null when nothing fired.
"""

DEAD_LETTERS = pa.schema(
    [
        ("reason", pa.string()),
        ("detail", pa.string()),
        *_POSITION,
        ("key", pa.binary()),
        ("value", pa.binary()),
        ("headers", pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))),
        ("replayed_time", pa.timestamp("us", "UTC")),
        ("value_bytes", pa.int64()),
        ("value_sha256", pa.string()),
    ]
)
"""One row per record that is not an event, whole, so that it can be sent again; null until it was.

Where the value was more than may be kept, it is null and `value_sha256` says what it was; else that is null.
Rows of older versions have null in the last two columns.
"""


def verdict_rows(judged: Judged, stored: datetime, keep_events: str) -> pa.Table:
    """Return one row per event of a judged batch; rejected records have none.

    Args:
        judged: the batch with its verdicts.
        stored: when the rows are written.
        keep_events: `detected` keeps the bytes of events with a detection above informational; `all`; `none`.
    """
    concluded = _concluded(judged)
    rows = concluded.rows
    batch, events = judged.batch, judged.events
    event_ids = _at(events.ids, rows)
    timestamps = _at(events.timestamps, rows)
    where = np.asarray(_at(batch.partitions, rows), np.int64), np.asarray(_at(batch.offsets, rows), np.int64)
    columns = [
        event_ids,
        timestamps,
        _times(timestamps),
        _at(events.users, rows),
        _at(events.hosts, rows),
        _at(events.source_ips, rows),
        _at(events.types, rows),
        concluded.of([v.label.tactic for v in concluded.different], pa.string()),
        concluded.of([v.label.technique for v in concluded.different], pa.string()),
        concluded.of(concluded.levels, pa.int8()),
        pa.repeat(judged.revision, len(rows)),
        _detections(batch.stream, where, concluded),
        *_positions(batch, rows, stored),
        _texts_of(trace_digits(event_ids, _at(batch.headers, rows)), 32),
        _kept(batch, concluded, keep_events),
    ]
    return _table(columns, VERDICTS)


@dataclass(frozen=True, slots=True)
class _Concluded:
    """The verdicts on a batch's events, which share them: what is built is built for different ones only.

    Attributes:
        rows: of the events in the batch.
        different: verdicts, perhaps also such as no event has.
        levels: of these, the highest; None without detections.
        places: of each event's verdict among these.
    """

    rows: Sequence[int]
    different: Sequence[Verdict]
    levels: Sequence[int | None]
    places: np.ndarray[Any, np.dtype[np.intp]]

    def of(self, values: Sequence[object], kind: pa.DataType) -> pa.Array:
        """Return a value per event from a value per different verdict."""
        return pa.array(values, kind).take(pa.array(self.places))


def _concluded(judged: Judged) -> _Concluded:
    found, different = judged.different.places, judged.different.verdicts
    rows: Sequence[int] = range(len(found))
    if any(verdict.rejected is not None for verdict in different):
        events = np.flatnonzero(np.array([v.rejected is None for v in different], np.bool_)[found])
        rows, found = events.tolist(), found[events]
    levels = [max((int(d.level) for d in v.detections), default=None) for v in different]
    return _Concluded(rows, different, levels, found)


def dead_letter_rows(judged: Judged, stored: datetime, takes: Callable[[int], bool]) -> pa.Table:
    """Return one row per rejected record of a judged batch.

    Args:
        judged: the batch with its verdicts.
        stored: when the rows are written.
        takes: whether a value of so many bytes may be kept whole; asked once for each.
    """
    found = [(i, v.rejected) for i, v in enumerate(judged.verdicts) if v.rejected is not None]
    rows = [i for i, _ in found]
    batch = judged.batch
    values = [batch.values[i] for i in rows]
    kept = [value is None or takes(len(value)) for value in values]
    columns = [
        [r.reason.value for _, r in found],
        [r.detail if whole else f"{r.detail} {TOO_MUCH}" for (_, r), whole in zip(found, kept, strict=True)],
        *_positions(batch, rows, stored),
        [batch.keys[i] for i in rows],
        [value if whole else None for value, whole in zip(values, kept, strict=True)],
        [[{"name": name, "value": value} for name, value in batch.headers[i]] for i in rows],
        [None] * len(rows),
        [None if value is None else len(value) for value in values],
        [
            None if whole else sha256(value or b"").hexdigest()
            for value, whole in zip(values, kept, strict=True)
        ],
    ]
    return _table(columns, DEAD_LETTERS)


TOO_MUCH = "(its bytes were too many to keep)"
"""What is added to the detail of a dead letter of which only the hash is kept."""


def _at(column: Sequence[T], rows: Sequence[int]) -> Sequence[T]:
    return column if len(rows) == len(column) else [column[row] for row in rows]


def _table(columns: Sequence[object], schema: pa.Schema) -> pa.Table:
    arrays = [
        c if isinstance(c, pa.Array | pa.ChunkedArray) else pa.array(c, f.type)
        for c, f in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _positions(batch: Batch, rows: Sequence[int], stored: datetime) -> list[object]:
    count = len(rows)
    return [
        pa.repeat(batch.stream.name, count),
        _at(batch.partitions, rows),
        _at(batch.offsets, rows),
        _record_times(_at(batch.timestamps, rows)),
        pa.repeat(pa.scalar(stored, pa.timestamp("ms", "UTC")), count),
    ]


def _record_times(milliseconds: Sequence[int]) -> pa.Array:
    times = np.asarray(milliseconds, np.int64)
    return pa.array(times, pa.timestamp("ms", "UTC"), mask=(times < 0) | (times > _LAST))


_LAST = 253_402_300_799_999
"""The end of the year 9999 in milliseconds: producers may send any number, readers know no later time."""


def _times(texts: Sequence[str]) -> pa.Array:
    """Return ISO 8601 texts as instants; those without a zone are UTC, unreadable ones null."""
    kind = pa.timestamp("us", "UTC")
    try:
        return pc.cast(pa.array(texts, pa.string()), kind)
    except pa.ArrowInvalid:  # some text is not of the plain form that Arrow reads at once
        return pa.array([_time(text) for text in texts], kind)


def _time(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _detections(stream: Stream, where: tuple[Numbers, Numbers], concluded: _Concluded) -> pa.Array:
    """Build the nested column from the distinct detections, which verdicts share, and one id per firing."""
    distinct = {id(d): d for v in concluded.different for d in v.detections}
    place = {key: number for number, key in enumerate(distinct)}
    fired = pa.array([[place[id(d)] for d in v.detections] for v in concluded.different], _PLACES)
    lists = fired.take(pa.array(concluded.places))
    flat = lists.flatten()
    counts = np.diff(lists.offsets.to_numpy())
    rules = {rule_id: number for number, rule_id in enumerate({d.rule_id for d in distinct.values()})}
    rule_of = np.array([rules[d.rule_id] for d in distinct.values()], np.int64)
    partitions, offsets = (np.repeat(column, counts) for column in where)
    letters = firing_ids(stream, partitions, offsets, rule_of[flat.to_numpy()], list(rules))
    shared = pa.array([_as_dict(d) for d in distinct.values()], _DETECTION)
    structs = pa.StructArray.from_arrays(
        [_texts_of(letters.tobytes(), 36), *shared.take(flat).flatten()], fields=list(DETECTION)
    )
    return pa.ListArray.from_arrays(lists.offsets, structs, type=pa.list_(DETECTION))


_PLACES = pa.list_(pa.int32())


def _texts_of(letters: bytes, size: int) -> pa.Array:
    """Return texts of one size that lie one after the other in ASCII."""
    count = len(letters) // size
    ends = np.arange(0, (count + 1) * size, size, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(letters))


def _as_dict(detection: Detection) -> dict[str, object]:
    return {
        "rule_id": detection.rule_id,
        "rule_title": detection.rule_title,
        "rule_revision": detection.rule_revision,
        "level": str(detection.level),
        "tactics": list(detection.tactics),
        "techniques": list(detection.techniques),
        "matched": [{"field": name, "value": value} for name, value in detection.matched],
    }


def _kept(batch: Batch, concluded: _Concluded, keep_events: str) -> Sequence[bytes | None]:
    rows = concluded.rows
    if keep_events == "all":
        return _at(batch.values, rows)
    kept: list[bytes | None] = [None] * len(rows)
    if keep_events == "detected":
        worth = [level is not None and level > Level.INFORMATIONAL for level in concluded.levels]
        for at in np.flatnonzero(np.array(worth, np.bool_)[concluded.places]).tolist():
            kept[at] = batch.values[rows[at]]
    return kept
