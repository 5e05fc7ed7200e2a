"""Questions about single detections: pages of them, newest first, and one by its id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from tocsin.model import Level
from tocsin.stats.buckets import instant
from tocsin.stats.detections.narrowing import Condition, Narrowing, condition_of
from tocsin.stats.detections.store import PATIENCE, DetectionStore


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the next one begins after it, whatever has come in meanwhile.

    Attributes:
        moment: microseconds since 1970.
        n: number of the row.
    """

    moment: int
    n: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some detections, newest first.

    Attributes:
        rows: with the keys of `model/detection_record.py`, and `stored_time`. Long values are cut.
        next: where the following page begins; None at the end.
    """

    rows: Sequence[Mapping[str, object]]
    next: Place | None


def page(store: DetectionStore, chosen: Narrowing, limit: int, after: Place | None = None) -> Page:
    """Return a page of detections, newest first.

    Args:
        store: where they are.
        chosen: which ones.
        limit: of rows.
        after: where the page before ended.

    Raises:
        StreamError: no answer; see `DetectionStore.ask`.
    """
    rows: Sequence[tuple[Any, ...]] = ()
    for since in _stretches(store, chosen, after):
        rows = _newest(store, replace(chosen, since=since), limit + 1, after)
        if len(rows) > limit:
            break
    shown = rows[:limit]
    last = Place(shown[-1][0], shown[-1][1]) if len(rows) > limit else None
    return Page([_record(row) for row in shown], last)


_SEARCHED_FIRST = 300_000
"""Detections whose text is searched first: a twentieth of a second, and what is looked for is often there."""


def _stretches(store: DetectionStore, chosen: Narrowing, after: Place | None) -> Iterator[datetime | None]:
    """Yield since when to look for a page; the text of all detections is searched only where it must be."""
    if chosen.text:
        condition = _before(replace(chosen, text=""), after)
        found = store.ask(
            f"SELECT moment FROM detections {condition.where}"  # noqa: S608 - made of constants
            f" ORDER BY moment DESC LIMIT 1 OFFSET {_SEARCHED_FIRST}",
            condition.values,
        )
        if found:
            yield instant(found[0][0])
    yield chosen.since


def _newest(
    store: DetectionStore, chosen: Narrowing, count: int, after: Place | None
) -> Sequence[tuple[Any, ...]]:
    """Return the newest rows; which ones they are is found out first, from as few columns as it takes."""
    condition = _before(chosen, after)
    return store.ask(
        f"{_ROWS} JOIN (SELECT rowid AS place FROM detections {condition.where}"  # noqa: S608 - constants
        f" ORDER BY moment DESC, n DESC LIMIT {count}) ON detections.rowid = place"
        " ORDER BY moment DESC, n DESC",
        condition.values,
    )


def _before(chosen: Narrowing, after: Place | None) -> Condition:
    condition = condition_of(chosen)
    if after is not None:
        condition.add("moment <= $moment AND (moment < $moment OR n < $n)", moment=after.moment, n=after.n)
    return condition


def total(store: DetectionStore, chosen: Narrowing, patience: float = PATIENCE) -> int:
    """Return how many detections were chosen.

    Args:
        store: where they are.
        chosen: which ones.
        patience: seconds after which counting is given up.

    Raises:
        StreamError: no answer; see `DetectionStore.ask`.
    """
    condition = condition_of(chosen)
    found = store.ask(f"SELECT count(*) FROM detections {condition.where}", condition.values, patience)  # noqa: S608 - constants
    return int(found[0][0])


def detection(store: DetectionStore, detection_id: str) -> Mapping[str, object] | None:
    """Return one detection, as in a page; None when there is none of that id.

    Raises:
        StreamError: no answer; see `DetectionStore.ask`.
    """
    try:
        wanted = str(UUID(detection_id))
    except ValueError:
        return None
    rows = store.ask(f"{_ROWS} WHERE detection_id = ?::UUID LIMIT 1", [wanted])
    return _record(rows[0]) if rows else None


@dataclass(frozen=True, slots=True)
class Lying:
    """Where the results have an event.

    Attributes:
        stored: when its row was written.
    """

    partition: int
    offset: int
    stored: datetime


def event_place(store: DetectionStore, event_id: str) -> Lying | None:
    """Return where an event lies on which something was detected; None where nothing was.

    Raises:
        StreamError: no answer; see `DetectionStore.ask`.
    """
    rows = store.ask(
        'SELECT "partition", "offset", stored_ms FROM detections WHERE event_id = ? LIMIT 1', [event_id]
    )
    return Lying(rows[0][0], rows[0][1], _instant(rows[0][2])) if rows else None


def _instant(milliseconds: int) -> datetime:
    return instant(milliseconds * 1_000)


_ROWS = """
    SELECT
        moment, n, detection_id::VARCHAR, event_id, "timestamp", rule_id, rule_title, rule_revision, "level",
        tactics, techniques, hosts.name, users.name, source_ip, event_type, matched, topic, "partition",
        "offset", coalesce(trace_id, lower(replace(event_id, '-', ''))), stored_ms
    FROM detections
    JOIN rules ON rules.no = rule_no
    JOIN names AS hosts ON hosts.no = host_no
    JOIN names AS users ON users.no = user_no
"""


def _record(row: tuple[Any, ...]) -> dict[str, object]:
    id_, event_id, timestamp, rule_id, title, revision, level = row[2:9]
    tactics, techniques, host, user, source_ip, event_type, matched = row[9:16]
    topic, partition, offset, trace_id, stored = row[16:]
    return {
        "detection_id": id_,
        "event_id": event_id,
        "timestamp": timestamp,
        "rule_id": rule_id,
        "rule_title": title,
        "rule_revision": revision,
        "level": str(Level(level)),
        "tactics": tactics,
        "techniques": techniques,
        "host": host,
        "user": user,
        "source_ip": source_ip,
        "event_type": event_type,
        "matched": _matched(matched),
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "trace_id": trace_id,
        "stored_time": _instant(stored),
    }


def _matched(pairs: Sequence[Mapping[str, str]] | None) -> dict[str, str | list[str]]:
    """Return field -> value, or values where there are several, as `detection_records` does."""
    values: dict[str, list[str]] = defaultdict(list)
    for pair in pairs or ():
        values[pair["field"]].append(pair["value"])
    return {field: found[0] if len(found) == 1 else found for field, found in values.items()}
