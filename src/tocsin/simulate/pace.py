"""Keeps a steady rate: says how many events are due, by a clock that tests may replace."""

from __future__ import annotations

import time
from collections.abc import Callable

TICK = 0.01
"""Seconds between two batches when events are due more often than that."""

LONGEST_WAIT = 0.2
"""Seconds after which waiting is interrupted, to let the caller look around."""

CATCH_UP = 1.0
"""Seconds of events made up for after a stall, so that the rate stays true; more would be a flood."""


class Pace:
    """Paces events to `rate` a second over the whole run.

    Args:
        rate: events a second; 0 for as many as the caller can take.
        most: events handed out at once at most.
        clock: seconds, rising.
        sleep: waits so many seconds, or less.
    """

    def __init__(
        self,
        rate: float,
        most: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._rate = rate
        self._most = most
        self._clock = clock
        self._sleep = sleep
        self._start = clock()
        self._handed = 0

    def due(self) -> int:
        """Return how many events to make now; 0, after a short wait, when it is too early for the next."""
        if not self._rate:
            return self._most
        # The first event is due at once, each further one 1/rate later.
        behind = (self._clock() - self._start) * self._rate - self._handed
        if behind < 0:
            self._sleep(min(LONGEST_WAIT, max(TICK, -behind / self._rate)))
            return 0
        excess = behind - self._rate * CATCH_UP
        if excess > 0:
            self._start += excess / self._rate
            behind -= excess
        number = min(self._most, int(behind) + 1)
        self._handed += number
        return number
