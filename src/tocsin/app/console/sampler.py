"""Looks at the pipeline each second, once for all browsers, and rings when there is something new to show."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import replace
from pathlib import Path

import msgspec

from tocsin.app.console.kafka_watch import KafkaSeen, KafkaWatch
from tocsin.app.console.live_record import Live
from tocsin.app.console.live_view import HISTORY, history_of, live_of
from tocsin.app.console.metrics_watch import EVERY, MetricsWatch
from tocsin.app.console.pipeline_view import Pipeline, Sights, pipeline_of
from tocsin.app.console.results_watch import ResultsSeen, ResultsWatch
from tocsin.app.console.rounds import Rounds
from tocsin.app.console.stream import Bell, message
from tocsin.app.settings import Settings
from tocsin.errors import StreamError
from tocsin.kafka import Cluster
from tocsin.results.location import Location
from tocsin.results.view import journal_of

_REMOTE = 2.0
"""Seconds between two looks at results in a remote store, where each look is paid for."""

_SMOOTH = 10
"""Seconds over which the pipeline's rates are measured."""

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
        self._settings = settings
        self._results = ResultsWatch(results)
        self._kafka = KafkaWatch(settings, cluster, results, lambda: self._results.seen.table)
        self._metrics = MetricsWatch(settings.console.metrics)
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
        if settings.console.metrics:
            self._rounds.append(Rounds("watches-metrics", self._metrics.step, EVERY))

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

    def pipeline(self) -> Pipeline:
        """Return where the pipeline waits, as last seen."""
        last = int(time.time()) - 1
        with self._results.lock:
            stored = self._results.rates.per_second(last, _SMOOTH)
            fired = self._results.rates.levels(last, _SMOOTH).total() / _SMOOTH
        return pipeline_of(
            Sights(
                kafka=self._kafka.seen,
                workers=self._metrics.seen,
                stored_per_second=stored,
                detections_per_second=fired,
                csv_behind=self._csv_behind(),
                detections_topic=self._settings.publish.detections_topic,
            )
        )

    def _csv_behind(self) -> int | None:
        """Return the commits that the CSV lacks; None when there is none here that follows these results."""
        seen, csv = self._results.seen, self._settings.results.csv
        if not csv or not seen.table:
            return None
        try:
            journal = journal_of(Path(csv))
        except StreamError:
            return None
        if journal is None or journal.table != seen.table:
            return None
        return max(0, self._results.version - journal.version)

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

    def frame(self, *, first: bool) -> bytes:
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
