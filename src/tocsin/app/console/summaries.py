"""The numbers of `tocsin stats`, for the console: asked of the whole store, so not more often than needed."""

from __future__ import annotations

import threading
import time
from http import HTTPStatus
from typing import Any

import msgspec

from tocsin.app.console.faults import Unanswered
from tocsin.results.location import Location
from tocsin.results.table import VERDICTS
from tocsin.stats.buckets import minute_or_wider
from tocsin.stats.document import document, time_rows
from tocsin.stats.events import events_of
from tocsin.stats.questions import over_time, summary

_FRESH = 10.0
"""Seconds for which an answer is fresh enough..."""

_TIMES = 5
"""... or so many times as long as it took to find: ten million events take seconds of all cores."""


class Summaries:
    """Answers one question at a time and keeps the answer for a while. Any thread may ask.

    Args:
        results: where the events are stored.
    """

    def __init__(self, results: Location) -> None:
        self._results = results
        self._lock = threading.Lock()
        self._until = 0.0
        self._answer = b""

    def json(self) -> bytes:
        """Return the summary; whoever asks while it is made waits for it.

        Raises:
            Unanswered: there are no results yet.
            StreamError: they cannot be read.
        """
        if not (self._results / VERDICTS).is_table():
            raise Unanswered(HTTPStatus.NOT_FOUND, f"{self._results}: no results yet", "start a worker")
        with self._lock:
            began = time.monotonic()
            if began >= self._until:
                self._answer = msgspec.json.encode(summarized(self._results))
                took = time.monotonic() - began
                self._until = began + took + max(_FRESH, _TIMES * took)
            return self._answer


def summarized(results: Location) -> dict[str, Any]:
    """Return what `tocsin stats --format json` tells."""
    with events_of(results) as events:
        found = summary(events)
        timeline = over_time(events, minute_or_wider(found.span))
    return {
        **document(found),
        "over_time": {"bucket": timeline.bucket.name, "rows": time_rows(timeline)},
    }
