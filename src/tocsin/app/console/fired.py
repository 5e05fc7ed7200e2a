"""A stored detection as the console shows it: the keys that it has everywhere, and when it was stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tocsin.model import Level

_OF_EVENT = (
    *("event_id", "timestamp", "host", "user", "source_ip", "event_type"),
    *("topic", "partition", "offset", "stored_time", "trace_id"),
)
_OF_RULE = ("detection_id", "rule_id", "rule_title", "rule_revision", "level", "tactics", "techniques")

COLUMNS = (*_OF_EVENT, "level", "detections")
"""Of the verdicts table: what a detection is told from."""

LONGEST = 300
"""Signs of a value in a list that is sent to every browser; the detection's own page has all of it."""


def newest_in(rows: pa.Table, most: int, above: Level | None = None) -> list[dict[str, object]]:
    """Return the last detections of stored events, newest first, with long values cut.

    Args:
        rows: of the verdicts table, with `COLUMNS`, oldest first.
        most: so many at most.
        above: only those of a higher level than this.
    """
    chosen = rows if above is None else rows.filter(pc.field("level") > int(above))
    found: list[dict[str, object]] = []
    for row in reversed(chosen.slice(max(0, chosen.num_rows - most)).to_pylist()):
        fired = [f for f in row["detections"] or () if above is None or Level[f["level"].upper()] > above]
        found += [_record(row, one) for one in fired]
    return found[:most]


def _record(row: Mapping[str, Any], fired: Mapping[str, Any]) -> dict[str, object]:
    return {
        **{name: fired[name] for name in _OF_RULE},
        **{name: _cut(row[name]) for name in _OF_EVENT},
        "matched": {field: _cut(value) for field, value in _matched(fired["matched"] or ()).items()},
    }


def _cut(value: Any) -> Any:  # noqa: ANN401 - a column of any kind
    if isinstance(value, list):
        return [_cut(one) for one in value[:_MOST_VALUES]]
    return value[:LONGEST] + "…" if isinstance(value, str) and len(value) > LONGEST else value


_MOST_VALUES = 20


def _matched(pairs: Any) -> dict[str, str | list[str]]:  # noqa: ANN401 - rows of Arrow's nested columns
    values: dict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        values[pair["field"]].append(pair["value"])
    return {field: found[0] if len(found) == 1 else found for field, found in values.items()}
