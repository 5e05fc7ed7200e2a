"""How far the workers are behind the topic: what is in it, what the results have, and who is at it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tocsin.errors import SettingsError
from tocsin.kafka import Cluster, Topic
from tocsin.kafka.offsets import Desk, Group, Offsets
from tocsin.results.location import Where
from tocsin.results.table import Origin, Reader, origin_of


@dataclass(frozen=True, slots=True)
class Sight:
    """A topic, its group and its results at one moment.

    Attributes:
        at: monotonic seconds.
        begins, ends: of the log, by partition.
        stored: the positions in the results, which are the truth; None when there are no results to look at.
        group: with its copy of the positions.
    """

    at: float
    begins: Offsets
    ends: Offsets
    stored: Offsets | None
    group: Group

    def position(self, partition: int) -> int:
        """Return the next offset to be read: what was never read begins where the log does."""
        known = self.group.committed if self.stored is None else self.stored
        return max(known.get(partition, 0), self.begins[partition])

    def lag(self, partition: int) -> int:
        """Return how many offsets are ahead."""
        return max(0, self.ends[partition] - self.position(partition))


@dataclass(frozen=True, slots=True)
class Lag:
    """How one partition stands; the keys of the NDJSON.

    Attributes:
        position: in the results; None where nothing is stored yet, or no results are looked at.
        committed: the group's copy of it; None when it has none.
        log_start, log_end: offsets.
        lag: offsets that are not stored yet. Markers of transactions count, and are never stored.
        missed: offsets that were removed from the log before they were stored.
        per_second: records stored a second; None when it was not measured.
        produced_per_second: records that came a second.
        seconds_left: until there is no lag, at these rates; None when it is not going down.
        worker, host: who reads the partition; None when nobody does.
    """

    topic: str
    partition: int
    position: int | None
    committed: int | None
    log_start: int
    log_end: int
    lag: int
    missed: int
    per_second: float | None
    produced_per_second: float | None
    seconds_left: float | None
    worker: str | None
    host: str | None


class Lookout:
    """Looks at a topic, its group and its results; a look is five requests, however many partitions.

    Args:
        cluster: where the topic is.
        topic: what is read.
        group: who reads it.
        results: where it is kept; None to go by the group's copy of the positions.

    Raises:
        SettingsError: the results are those of another topic, or of a replay.
        StreamError: no broker answers, or the results cannot be read.
    """

    def __init__(self, cluster: Cluster, topic: Topic, group: str, results: Where | None) -> None:
        self.topic = topic
        self._group = group
        self._desk = Desk(cluster, topic.name)
        self._reader = None if results is None else _reader(results, topic)

    def look(self) -> Sight:
        """Return how it stands.

        The positions are read before the ends, so that the lag is at no time less than it is.

        Raises:
            StreamError: no broker answers, or the results cannot be read.
        """
        partitions = range(self.topic.partitions)
        stored = None if self._reader is None else self._reader.positions(partitions)
        group = self._desk.group(self._group)
        begins, ends = self._desk.beginnings(partitions), self._desk.ends(partitions)
        return Sight(time.monotonic(), begins, ends, stored, group)


def _reader(results: Where, topic: Topic) -> Reader:
    held = origin_of(results)
    here = Origin(topic.cluster, topic.name, topic.id)
    if held != here:
        raise SettingsError(
            f"{results}: holds the results of {held or 'another program'}, not of {here}",
            "name the workers' results with --results",
        )
    return Reader(results)


def lags(topic: str, now: Sight, before: Sight | None = None) -> list[Lag]:
    """Return how each partition stands, with rates if there is an earlier look."""
    return [_lag(topic, partition, now, before) for partition in sorted(now.ends)]


def _lag(topic: str, partition: int, now: Sight, before: Sight | None) -> Lag:
    position = None if now.stored is None else now.stored.get(partition)
    committed = now.group.committed.get(partition)
    known = committed if now.stored is None else position
    begin, lag = now.begins[partition], now.lag(partition)
    read, came = _rates(partition, now, before)
    owner = now.group.owners.get(partition)
    return Lag(
        topic=topic,
        partition=partition,
        position=position,
        committed=committed,
        log_start=begin,
        log_end=now.ends[partition],
        lag=lag,
        missed=0 if known is None else max(0, begin - known),
        per_second=read,
        produced_per_second=came,
        seconds_left=_seconds_left(lag, read, came),
        worker=owner.id if owner else None,
        host=owner.host if owner else None,
    )


def _rates(partition: int, now: Sight, before: Sight | None) -> tuple[float | None, float | None]:
    """Return records stored and records that came, a second."""
    if before is None or partition not in before.ends:
        return None, None
    seconds = max(now.at - before.at, 1e-3)
    read = now.position(partition) - before.position(partition)
    return round(read / seconds, 1), round((now.ends[partition] - before.ends[partition]) / seconds, 1)


def _seconds_left(lag: int, read: float | None, came: float | None) -> float | None:
    if lag == 0:
        return 0.0
    if read is None or came is None or read <= came:
        return None
    return round(lag / (read - came), 1)


def total(found: Sequence[Lag]) -> Mapping[str, float | None]:
    """Return lag, rates and time left of all partitions together; they are read side by side."""
    lag = sum(one.lag for one in found)
    read = [one.per_second for one in found if one.per_second is not None]
    came = [one.produced_per_second for one in found if one.produced_per_second is not None]
    each = [one.seconds_left for one in found]
    known = [seconds for seconds in each if seconds is not None]
    return {
        "lag": lag,
        "per_second": round(sum(read), 1) if read else None,
        "produced_per_second": round(sum(came), 1) if came else None,
        "seconds_left": max(known, default=0.0) if len(known) == len(each) else None,
    }
