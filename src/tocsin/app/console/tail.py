"""Follows the ends of topics for browsers that watch them: one reader for each topic, however many watch."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count

import msgspec

from tocsin.app.console.faults import Unanswered
from tocsin.app.console.record_view import RecordView, has, record_view
from tocsin.app.console.rounds import Rounds
from tocsin.app.console.stream import Bell, message
from tocsin.errors import TocsinError
from tocsin.kafka import Cluster
from tocsin.kafka.browsing import Peek, Stretch, Topics

_EVERY = 0.5

_MOST = 100
"""Records of one round: two hundred a second, which is more than anybody reads."""

_HELD_BYTES = 16 * 2**20
_HELD = 400
"""Records that are held for browsers that are slow."""

_MOST_TOPICS = 8

_FETCHED = 2**20
"""Bytes fetched ahead: what comes faster is passed over, and should not be carried here before."""

_FOR_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Tailed:
    """What a round has found.

    Attributes:
        number: of the round.
        seen: records since the begin of the tail, with those that were passed over.
        problem, hint: why nothing can be read; empty when it can.
    """

    number: int
    records: list[RecordView]
    seen: int
    problem: str = ""
    hint: str = ""


class Tail:
    """Reads the end of one topic on a thread of its own.

    Args:
        cluster: where.
        topic: which one.

    Attributes:
        bell: rings when there is something new.
    """

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self.bell = Bell()
        self.listeners = 0
        self._cluster = cluster
        self._topic = topic
        self._peek: Peek | None = None
        self._numbers = count(1)
        self._held: deque[Tailed] = deque()
        self._read = 0
        self._skipped = 0
        self._rounds = Rounds(f"tails-{topic}", self._step, _EVERY, self._let_go)

    def start(self) -> None:
        """Begin at the end of the topic."""
        self._rounds.start()

    def end(self) -> None:
        """Read no more; the thread lets go of its connections by itself."""
        self._rounds.end()
        self.bell.end()

    def since(self, number: int) -> list[Tailed]:
        """Return what was found after a round."""
        return [found for found in list(self._held) if found.number > number]

    @property
    def latest(self) -> Tailed:
        """Return what was found last."""
        held = list(self._held)
        return held[-1] if held else Tailed(0, [], 0)

    def _step(self) -> None:
        try:
            if self._peek is None:
                self._peek = self._at_end()
            found = self._peek.read(_MOST, _EVERY / 2)
            if found:
                self._read += len(found)
                self._hold([record_view(record) for record in found], self._peek.skipped)
            if len(found) >= _MOST:
                self._peek.skip_ahead()
        except TocsinError as error:
            self._let_go()
            self._hold([], 0, error.problem, error.hint)

    def _at_end(self) -> Peek:
        topics = Topics(self._cluster)
        bounds = topics.bounds(self._topic, range(topics.partitions().get(self._topic, 0)))
        ends = {partition: Stretch(held.end, _FOR_EVER) for partition, held in bounds.items()}
        return Peek(self._cluster, self._topic, ends, _FETCHED, follows=True)

    def _hold(self, records: list[RecordView], skipped: int, problem: str = "", hint: str = "") -> None:
        seen = self._read + self._skipped + skipped
        self._held.append(Tailed(next(self._numbers), records, seen, problem, hint))
        while len(self._held) > 1 and (_size(self._held) > _HELD_BYTES or _records(self._held) > _HELD):
            self._held.popleft()
        self.bell.ring()

    def _let_go(self) -> None:
        if self._peek is not None:
            self._skipped += self._peek.skipped
            self._peek.close()
            self._peek = None


class Listener:
    """One browser that watches a topic.

    Args:
        tails: where it leaves at the end.
        tail: of its topic.
        wanted: a text that records must have; empty for any.
    """

    def __init__(self, tails: Tails, tail: Tail, wanted: str) -> None:
        self._tails = tails
        self._tail = tail
        self._wanted = wanted
        self._at = tail.latest
        self.bell = tail.bell

    def frame(self, *, first: bool) -> bytes | None:
        """Return what is new; something at first, so that a browser knows that it is watching."""
        news = self._tail.since(self._at.number)
        if not news and not first:
            return None
        records = [view for found in news for view in found.records]
        before, self._at = self._at, news[-1] if news else self._at
        trouble = self._at.problem and {"error": self._at.problem, "hint": self._at.hint}
        data = {
            "records": [view for view in records if not self._wanted or has(view, self._wanted)],
            "dropped": max(0, self._at.seen - before.seen - len(records)),
            "problem": trouble or None,
        }
        return message("records", msgspec.json.encode(data), self._at.number)

    def leave(self) -> None:
        """Watch no more."""
        self._tails.leave(self._tail)


class Tails:
    """The topics that are watched.

    Args:
        cluster: where they are.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lock = threading.Lock()
        self._tails: dict[str, Tail] = {}

    def listen(self, topic: str, wanted: str) -> Listener:
        """Return a listener to a topic; it leaves at its end.

        Raises:
            Unanswered: too many topics are watched already.
        """
        with self._lock:
            tail = self._tails.get(topic)
            if tail is None:
                if len(self._tails) >= _MOST_TOPICS:
                    raise Unanswered(
                        HTTPStatus.SERVICE_UNAVAILABLE, f"{_MOST_TOPICS} topics are watched already"
                    )
                tail = self._tails[topic] = Tail(self._cluster, topic)
                tail.start()
            tail.listeners += 1
            return Listener(self, tail, wanted)

    def leave(self, tail: Tail) -> None:
        """Let a listener go; with the last one, its topic is read no more."""
        with self._lock:
            tail.listeners -= 1
            if not tail.listeners:
                self._tails = {name: other for name, other in self._tails.items() if other is not tail}
                tail.end()

    def end(self) -> None:
        """Let all of them go."""
        with self._lock:
            for tail in self._tails.values():
                tail.end()
            self._tails = {}


def _size(held: Iterable[Tailed]) -> int:
    return sum(len(view.value or "") for found in held for view in found.records)


def _records(held: Iterable[Tailed]) -> int:
    return sum(len(found.records) for found in held)
