"""How much a worker takes and holds at once, and how long it waits for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """Memory is bounded by these: a batch that is judged, and per sink a queue and what waits for the flush.

    A record of a few hundred bytes is some 2 KB as long as it is judged and waits: with its key, headers and
    columns. So small ones are bounded by their number, and large ones by their bytes.

    Attributes:
        poll_records: at most so many records a poll; 5,000 to 10,000 fit a core's cache.
        poll_seconds: wait at most so long for the first of them.
        turn_seconds: begin a batch no sooner than so long after the one before it. When records come slowly
            that makes batches of those that came meanwhile; when they come fast, judging takes longer anyway.
        brisk_seconds: take no more records than are judged in about so long: the first of them wait for the
            last, and what came in a burst goes on in parts.
        judge_seconds: the same when we are behind for longer: larger batches cost less, and later is late
            already. More would keep the group waiting.
        commit_rows: flush after so many records...
        commit_seconds: ... or after so long, whichever comes first.
        queue_rows: records that may wait for a sink before no more are read...
        queue_bytes: ... or so many bytes; as many may wait in it for a flush.
        revoke_seconds: finish partitions that go to another worker within this; the group waits so long.
        drain_seconds: finish everything within this when told to stop.
        patience_seconds: a store that is away is tried again for so long before giving up.
    """

    poll_records: int = 5_000
    poll_seconds: float = 0.1
    turn_seconds: float = 0.04
    brisk_seconds: float = 0.08
    judge_seconds: float = 1.0
    commit_rows: int = 20_000
    commit_seconds: float = 0.5
    queue_rows: int = 20_000
    queue_bytes: int = 32_000_000
    revoke_seconds: float = 10.0
    drain_seconds: float = 30.0
    patience_seconds: float = 60.0


class Portion:
    """How many records to take next, learnt from the last ones.

    A rule set can be slow, and while a batch is judged nothing is answered to the group: so a batch is only
    as large as `judge_seconds` allows, and mostly `brisk_seconds`. Records can be large: a batch is at most a
    quarter of the queue.
    """

    _FIRST = 1_000
    _LEAST = 10
    _BEHIND = 10
    """Full batches in a row after which we are behind, and not only in a burst."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._seconds: float | None = None  # a record, smoothed
        self._bytes = 0.0  # the same
        self._room = 0  # as last asked
        self._full = 0  # batches in a row that were as large as they could be

    def __call__(self) -> int:
        """Return the number of records."""
        self._room = self._allowed()
        return self._room

    def learn(self, records: int, seconds: float, size: int) -> None:
        """Take note of how long a batch took, and of how many bytes it had."""
        self._full = self._full + 1 if records >= self._room else 0
        if self._seconds is None:
            self._seconds, self._bytes = seconds / records, size / records
        else:
            self._seconds = (self._seconds + seconds / records) / 2
            self._bytes = (self._bytes + size / records) / 2

    def _allowed(self) -> int:
        if self._seconds is None:
            return min(self._FIRST, self._pace.poll_records)
        seconds = self._pace.judge_seconds if self._full >= self._BEHIND else self._pace.brisk_seconds
        in_time = seconds / max(self._seconds, 1e-9)
        in_space = self._pace.queue_bytes / 4 / max(self._bytes, 1.0)
        return int(min(max(in_time, self._LEAST), max(in_space, 1), self._pace.poll_records))
