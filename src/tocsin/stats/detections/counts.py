"""Counts of the flat detections: per rule, host, user or technique, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tocsin.model import Level
from tocsin.stats.buckets import instant
from tocsin.stats.detections.narrowing import Condition, Narrowing, condition_of, microseconds
from tocsin.stats.detections.store import DetectionStore

By = Literal["rule", "host", "user", "technique", "family"]
"""A family is a technique with its sub-techniques, each detection counted once."""


@dataclass(frozen=True, slots=True)
class Group:
    """Detections that have something in common.

    Attributes:
        key: what they have in common: an id or a name.
        title: of the rule; else the key.
        level: the highest among them.
        hosts: on how many hosts they happened; where there are more than a million names, about.
        first_seen, last_seen: when they happened.
    """

    key: str
    title: str
    level: Level
    count: int
    hosts: int
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class _Grouping:
    """What is grouped by.

    Attributes:
        column: of `detections`; rows are counted by it first, which makes few of many.
        key: what names a group.
        title: what it is called.
        joined: the table that knows both.
    """

    column: str
    key: str
    title: str
    joined: str


_GROUPINGS: Mapping[By, _Grouping] = {
    "rule": _Grouping("rule_no", "rule_id", "max_by(rule_title, last)", "rules ON no = rule_no"),
    "technique": _Grouping(
        "rule_no",
        "technique",
        "any_value(technique)",
        "(SELECT no, unnest(techniques) AS technique FROM rules) AS tagged ON tagged.no = rule_no",
    ),
    "family": _Grouping(
        "rule_no",
        "family",
        "any_value(family)",
        "(SELECT no, unnest(list_distinct(list_transform(techniques, lambda t: split_part(t, '.', 1))))"
        " AS family FROM rules) AS tagged ON tagged.no = rule_no",
    ),
    "host": _Grouping("host_no", "name", "any_value(name)", "names ON names.no = host_no"),
    "user": _Grouping("user_no", "name", "any_value(name)", "names ON names.no = user_no"),
}


def groups(
    store: DetectionStore, chosen: Narrowing, by: By, limit: int | None, skip: int = 0
) -> Sequence[Group]:
    """Return groups of detections, largest first; a detection of several techniques is in several groups.

    Args:
        store: where they are.
        chosen: which ones.
        by: what they have in common.
        limit: of groups; None for all.
        skip: groups that are left out first.

    Raises:
        StreamError: no answer; see `DetectionStore.ask`.
    """
    condition = condition_of(chosen)
    grouping = _GROUPINGS[by]
    rows = store.ask(
        f"""
        SELECT {grouping.key}, {grouping.title}, max(highest),
            sum(count)::BIGINT AS count, min(first), max(last)
        FROM (
            SELECT {grouping.column}, max("level") AS highest, count(*) AS count,
                min(moment) AS first, max(moment) AS last
            FROM detections JOIN (SELECT no, "level" FROM rules) AS levels ON levels.no = rule_no
            {condition.where} GROUP BY {grouping.column}
        )
        JOIN {grouping.joined}
        GROUP BY {grouping.key} ORDER BY count DESC, {grouping.key} LIMIT $limit OFFSET $skip
        """,  # noqa: S608 - made of constants
        {**condition.values, "limit": limit, "skip": skip},
    )
    hosts = _hosts(store, condition, by, [row[0] for row in rows]) if rows else {}
    return [
        Group(key, title, Level(level), count, hosts.get(key, 1), instant(first), instant(last))
        for key, title, level, count, first, last in rows
    ]


_COUNTABLE = 1_000_000
"""Names up to which hosts are counted with a bit for each."""


def _hosts(store: DetectionStore, condition: Condition, by: By, keys: Sequence[str]) -> Mapping[str, int]:
    """Return on how many hosts the detections of some groups happened.

    A bit per host and group is ten times as fast as `count(DISTINCT)`.
    """
    if by == "host":
        return {}
    ((last,),) = store.ask("SELECT max(no) FROM names")
    counted = f"bit_count(bitstring_agg(host_no, 0, {last}))"
    if last >= _COUNTABLE:
        counted = "approx_count_distinct(host_no)"
    grouping = _GROUPINGS[by]
    rows = store.ask(
        f"""
        SELECT {grouping.key}, {counted}
        FROM detections JOIN {grouping.joined} {condition.where}
        {"AND" if condition.where else "WHERE"} list_contains($keys, {grouping.key}) GROUP BY ALL
        """,  # noqa: S608 - made of constants
        {**condition.values, "keys": list(keys)},
    )
    return dict(rows)


@dataclass(frozen=True, slots=True)
class Column:
    """Detections of one stretch of time, by level; levels that did not occur are left out."""

    start: datetime
    by_level: Mapping[Level, int]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Detections over time.

    Attributes:
        seconds: how long each stretch is.
        columns: in order of time, without a gap; none when there are no detections.
        outside: detections of clocks that were years off, in no column.
    """

    seconds: float
    columns: Sequence[Column]
    outside: int


def histogram(store: DetectionStore, chosen: Narrowing, buckets: int) -> Histogram:
    """Count detections over time: from `since` to `until`, or from the first of them to the last.

    Raises:
        StreamError: no answer; see `DetectionStore.ask`.
    """
    condition = condition_of(chosen)
    bounds = _bounds(store, chosen)
    if bounds is None:
        return Histogram(0.0, (), 0)
    first, end = bounds
    width = max(1, -(-(end - first) // buckets))
    rows = store.ask(
        f"""
        SELECT bucket, "level", sum(count)::BIGINT
        FROM (
            SELECT (moment - $first) // $width AS bucket, rule_no, count(*) AS count
            FROM detections {condition.where} GROUP BY ALL
        )
        JOIN rules ON no = rule_no GROUP BY ALL
        """,  # noqa: S608 - made of constants
        {**condition.values, "first": first, "width": width},
    )
    columns: list[dict[Level, int]] = [{} for _ in range(-(-(end - first) // width))]
    outside = 0
    for bucket, level, count in rows:
        if 0 <= bucket < len(columns):
            columns[bucket][Level(level)] = count
        else:
            outside += count
    made = [Column(instant(first + width * place), found) for place, found in enumerate(columns)]
    return Histogram(width / 1e6, made, outside)


_YEAR = 366 * 86_400 * 1_000_000


def _bounds(store: DetectionStore, chosen: Narrowing) -> tuple[int, int] | None:
    """Return the first microsecond and the one after the last; None without detections.

    Where nobody said when, and it would be years, one in a thousand at each end is taken for a clock that is
    off. A text does not narrow it: it would be searched for twice.
    """
    condition = condition_of(replace(chosen, text=""))
    asked = f"FROM detections {condition.where}"
    ((first, last),) = store.ask(f"SELECT min(moment), max(moment) {asked}", condition.values)
    if first is None:
        return None
    if last - first > _YEAR:
        ((ends,),) = store.ask(f"SELECT approx_quantile(moment, [0.001, 0.999]) {asked}", condition.values)
        first, last = ends
    since = first if chosen.since is None else microseconds(chosen.since)
    until = last + 1 if chosen.until is None else microseconds(chosen.until)
    return (since, until) if since < until else None


def labels(store: DetectionStore) -> Mapping[str, int]:
    """Return technique -> events that were labelled with it, of events with a detection.

    Raises:
        StreamError: no answer; see `DetectionStore.ask`.
    """
    return dict(store.ask("SELECT label, count(*) FROM detections WHERE label IS NOT NULL GROUP BY label"))


@dataclass(frozen=True, slots=True)
class Fired:
    """How often a rule fired, and when last."""

    count: int
    last: datetime


def fired(store: DetectionStore) -> Mapping[str, Fired]:
    """Return rule id -> how often it fired, of those that did.

    Raises:
        StreamError: no answer; see `DetectionStore.ask`.
    """
    rows = store.ask(
        """
        SELECT rule_id, sum(count)::BIGINT, max(last)
        FROM (SELECT rule_no, count(*) AS count, max(moment) AS last FROM detections GROUP BY rule_no)
        JOIN rules ON no = rule_no GROUP BY rule_id
        """
    )
    return {rule_id: Fired(count, instant(last)) for rule_id, count, last in rows}
