"""Looks at the pipeline each second, once for all browsers, and rings when there is something new to show."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace

import msgspec

from tocsin.app.console.kafka_watch import KafkaSeen, KafkaWatch
from tocsin.app.console.live_record import Live
from tocsin.app.console.live_view import HISTORY, history_of, live_of
from tocsin.app.console.results_watch import ResultsSeen, ResultsWatch
from tocsin.app.console.rounds import Rounds
from tocsin.app.console.stream import Bell, message
from tocsin.app.settings import Settings
from tocsin.kafka import Cluster
from tocsin.results.location import Location

_REMOTE = 2.0
"""Seconds between two looks at results in a remote store, where each look is paid for."""

_LAST = 3.0
"""Seconds that a look which is under way has at the end."""


class Sampler:
    """What lives behind the live page.

    Brokers, the results and the page each have a thread of their own, so that one that does not answer holds
    up none of the others.

    Args:
        settings: name the topic and the group.
        cluster: where the topic is.
        results: where the results are.

    Attributes:
        bell: rings each second; ends with the sampler.
    """

    def __init__(self, settings: Settings, cluster: Cluster, results: Location) -> None:
        self.bell = Bell()
        self._results = ResultsWatch(results)
        self._kafka = KafkaWatch(settings, cluster, results, lambda: self._results.seen.table)
        self._lock = threading.Lock()
        self._lags: deque[tuple[int, int]] = deque(maxlen=HISTORY)
        self._number = 0
        self._live = self._look(int(time.time()))
        self._json = msgspec.json.encode(self._live)
        self._first: tuple[int, Live, bytes] | None = None
        self._rounds = [
            Rounds("watches-results", self._results.step, _REMOTE if results.is_remote else 1.0),
            Rounds("watches-kafka", self._kafka.step),
            Rounds("live", self._tick),
        ]

    def start(self) -> None:
        """Begin to look."""
        for rounds in self._rounds:
            rounds.start()

    def end(self) -> None:
        """Let go of all browsers, and look no more."""
        for rounds in self._rounds:
            rounds.end()
        self.bell.end()

    def close(self) -> None:
        """End, and wait a moment for that."""
        self.end()
        for rounds in self._rounds:
            rounds.join(_LAST)

    @property
    def kafka(self) -> KafkaSeen:
        """Return what was last seen of Kafka."""
        return self._kafka.seen

    @property
    def results(self) -> ResultsSeen:
        """Return what was last seen of the results."""
        return self._results.seen

    def live(self) -> Live:
        """Return the pipeline as it was last seen, with the last minutes."""
        return self._with_history()[1]

    def frame(self, first: bool) -> bytes:  # noqa: FBT001 - as a stream asks
        """Return the message for a stream."""
        return message("live", self._with_history()[2] if first else self._json, self._number)

    def _with_history(self) -> tuple[int, Live, bytes]:
        """Return the moment's number, record and JSON; made once, however many browsers come at a time."""
        with self._lock:
            if self._first is None or self._first[0] != self._number:
                with self._results.lock:
                    history = history_of(int(time.time()), self._results.rates, dict(self._lags))
                live = replace(self._live, history=history)
                self._first = (self._number, live, msgspec.json.encode(live))
            return self._first

    def _tick(self) -> None:
        now = int(time.time())
        live = self._look(now)
        with self._lock:
            self._live, self._number = live, self._number + 1
            self._json = msgspec.json.encode(live)
            if live.lag.total is not None:
                self._lags.append((now, live.lag.total))
        self.bell.ring()

    def _look(self, now: int) -> Live:
        with self._results.lock:
            return live_of(now, self._kafka.seen, self._results.seen, self._results.rates)
