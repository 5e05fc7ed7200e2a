"""When a worker that is to judge what there is, and no more, has done so."""

from __future__ import annotations

import time
from collections.abc import Callable

from tocsin.app.wire import Running

_SETTLED = 1.0
"""Seconds at the end of the topic before it counts: a rebalance can look like the end for a moment."""

_UNEMPLOYED = 10.0
"""The same for a worker without partitions: others may be about to finish a batch and let go of some."""


class Finish:
    """Knows when everything that a worker is given is stored, for long enough to be true."""

    def __init__(self, running: Running, clock: Callable[[], float] = time.monotonic) -> None:
        self._running = running
        self._clock = clock
        self._last_behind = clock()

    def reached(self) -> bool:
        """Say whether it is done. To be asked again and again, by the worker's own thread."""
        now = self._clock()
        source = self._running.source
        if not source.caught_up():
            self._last_behind = now
        at_the_end = now - self._last_behind >= (_SETTLED if source.lag() else _UNEMPLOYED)
        return at_the_end and self._running.worker.settled()
