"""Which offsets are meant by "two hours ago until now": decided once, so that a replay can be resumed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec

from tocsin.errors import SettingsError
from tocsin.kafka import Cluster, Topic
from tocsin.kafka.offsets import Desk, Offsets
from tocsin.results.table import Origin, origin_of


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a range begins or ends, as somebody has said it.

    Attributes:
        text: in their words.
        offset: in every partition.
        time: milliseconds since 1970, or None.
        ago: milliseconds before the present, or None.
    """

    text: str
    offset: int | None = None
    time: int | None = None
    ago: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A range, as somebody has asked for it.

    Attributes:
        begin: None for the first record that is there.
        end: the first record that is not meant; None for the end as it is now.
        partitions: empty for all.
    """

    begin: Edge | None
    end: Edge | None
    partitions: tuple[int, ...] = ()

    def __str__(self) -> str:
        words = f"from {self.begin.text if self.begin else 'the beginning'}"
        words += f" until {self.end.text if self.end else 'now'}"
        return words + (f" of partitions {', '.join(map(str, self.partitions))}" if self.partitions else "")


class Range(msgspec.Struct, frozen=True):
    """A range that was worked out, as its results keep it.

    Attributes:
        asked: in whose words.
        as_of: when it was worked out, ISO 8601.
        offsets: partition -> (its first offset, the offset after its last).
    """

    asked: str
    as_of: str
    offsets: dict[int, tuple[int, int]]

    @property
    def size(self) -> int:
        """Return how many offsets there are in it; not all of them need have records."""
        return sum(end - first for first, end in self.offsets.values())


def worked_out(cluster: Cluster, topic: Topic, asked: Asked, results: str) -> tuple[Range, Origin]:
    """Return the range and what its results are marked with.

    What "now" and "two hours ago" are is decided once: results that were begun with the same words keep
    their range, so that whoever was cut off begins anew with the same command and goes on.

    Raises:
        SettingsError: there are no such partitions, or nothing is in the range.
        StreamError: nobody answers.
    """
    origin = Origin(cluster=topic.cluster, topic=topic.name, topic_id=topic.id)
    held = _held(results)
    found = held if held is not None and held.asked == str(asked) else _fresh(cluster, topic, asked)
    return found, replace(origin, replay=msgspec.json.encode(found).decode())


def _held(results: str) -> Range | None:
    """Return the range that results are of already."""
    try:
        origin = origin_of(results)
    except SettingsError:  # none yet
        return None
    return msgspec.json.decode(origin.replay, type=Range) if origin is not None and origin.replay else None


def _fresh(cluster: Cluster, topic: Topic, asked: Asked) -> Range:
    partitions = sorted(set(asked.partitions)) or list(range(topic.partitions))
    unknown = [p for p in partitions if p >= topic.partitions]
    if unknown:
        raise SettingsError(
            f"topic {topic.name!r} has no partition {unknown[0]}", f"it has 0 to {topic.partitions - 1}"
        )
    desk, now = Desk(cluster, topic.name), time.time()
    first, last = desk.beginnings(partitions), desk.ends(partitions)
    begin = _at(desk, asked.begin, partitions, now) if asked.begin else first
    end = _at(desk, asked.end, partitions, now) if asked.end else last
    offsets = {p: _within(begin[p], end[p], first[p], last[p]) for p in partitions}
    found = Range(str(asked), datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"), offsets)
    if not found.size:
        there = ", ".join(f"{p}: {first[p]} to {last[p]}" for p in partitions[:8])
        raise SettingsError(
            f"nothing in topic {topic.name!r} is {asked}", f"offsets there are, by partition: {there}"
        )
    return found


def _at(desk: Desk, edge: Edge, partitions: Sequence[int], now: float) -> Offsets:
    if edge.offset is not None:
        return dict.fromkeys(partitions, edge.offset)
    if edge.time is not None:
        return desk.at(partitions, edge.time)
    return desk.at(partitions, int(now * 1000) - (edge.ago or 0)) if edge.ago else desk.ends(partitions)


def _within(begin: int, end: int, first: int, last: int) -> tuple[int, int]:
    """Return the part of a range that the log has."""
    begin = min(max(begin, first), last)
    return begin, max(begin, min(end, last))
