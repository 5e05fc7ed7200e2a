"""The columns of the results: verdicts and dead letters, built from judged batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import accumulate, chain
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from tocsin.model import Batch, Detection, Judged, Level, Verdict
from tocsin.model.contexts import trace_ids
from tocsin.model.detection_record import detection_ids

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
    rows = [i for i, v in enumerate(judged.verdicts) if v.rejected is None]
    verdicts = _at(judged.verdicts, rows)
    events = judged.events
    levels = _levels(verdicts)
    event_ids = _at(events.ids, rows)
    timestamps = _at(events.timestamps, rows)
    columns = [
        event_ids,
        timestamps,
        _times(timestamps),
        _at(events.users, rows),
        _at(events.hosts, rows),
        _at(events.source_ips, rows),
        _at(events.types, rows),
        [v.label.tactic for v in verdicts],
        [v.label.technique for v in verdicts],
        levels,
        pa.repeat(judged.revision, len(rows)),
        _detections(judged.batch, rows, verdicts),
        *_positions(judged.batch, rows, stored),
        trace_ids(event_ids, _at(judged.batch.headers, rows)),
        _kept(judged.batch, rows, levels, keep_events),
    ]
    return _table(columns, VERDICTS)


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
        [batch.partitions[i] for i in rows],
        [batch.offsets[i] for i in rows],
        [time if 0 <= (time := batch.timestamps[i]) <= _LAST else None for i in rows],
        pa.repeat(pa.scalar(stored, pa.timestamp("ms", "UTC")), count),
    ]


_LAST = 253_402_300_799_999
"""The end of the year 9999 in milliseconds: producers may send any number, readers know no later time."""


def _levels(verdicts: Sequence[Verdict]) -> list[int | None]:
    """Return each verdict's highest level, found once for those that share their detections."""
    distinct = {id(v.detections): v.detections for v in verdicts}
    highest = {key: max((int(d.level) for d in fired), default=None) for key, fired in distinct.items()}
    return [highest[id(v.detections)] for v in verdicts]


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


def _detections(batch: Batch, rows: Sequence[int], verdicts: Sequence[Verdict]) -> pa.Array:
    """Build the nested column from the distinct detections, which verdicts share, and one id per firing."""
    fired = {id(v.detections): v.detections for v in verdicts}
    distinct = {id(d): d for some in fired.values() for d in some}
    place = {key: i for i, key in enumerate(distinct)}
    places = {key: [place[id(d)] for d in some] for key, some in fired.items()}
    flat = list(chain.from_iterable(places[id(v.detections)] for v in verdicts))
    ends = list(accumulate((len(v.detections) for v in verdicts), initial=0))
    shared = pa.array([_as_dict(d) for d in distinct.values()], _DETECTION)
    ids = pa.array(detection_ids(batch, rows, verdicts), pa.string())
    structs = pa.StructArray.from_arrays(
        [ids, *shared.take(pa.array(flat, pa.int32())).flatten()], fields=list(DETECTION)
    )
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), structs, type=pa.list_(DETECTION))


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


def _kept(
    batch: Batch, rows: Sequence[int], levels: Sequence[int | None], keep_events: str
) -> list[bytes | None]:
    if keep_events == "none":
        return [None] * len(rows)
    if keep_events == "all":
        return [batch.values[i] for i in rows]
    return [
        batch.values[i] if level is not None and level > Level.INFORMATIONAL else None
        for i, level in zip(rows, levels, strict=True)
    ]
