"""The console's copy of the stored detections: opened with it, and following the results with it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tocsin.app.settings import Settings
from tocsin.errors import SettingsError, StreamError
from tocsin.results.location import Location
from tocsin.stats.detections.following import DetectionFollower, Standing
from tocsin.stats.detections.narrowing import Narrowing
from tocsin.stats.detections.questions import total
from tocsin.stats.detections.store import DetectionStore

_PATIENCE = 3.0
"""Seconds for counting: whoever waits for a page wants its rows, not their number."""

_BELIEVED = 600.0
"""Seconds for which a count is shown on the pages after the first."""

_COUNTS = 200
"""Counts that are remembered."""


@dataclass(frozen=True, slots=True)
class Total:
    """How many detections were chosen.

    Attributes:
        is_exact: false when it was not counted to the end, or some time ago.
    """

    count: int
    is_exact: bool


class StoredDetections:
    """Stored detections, open for questions from any thread.

    Attributes:
        store: what is asked.
    """

    def __init__(self, store: DetectionStore, follower: DetectionFollower) -> None:
        self.store = store
        self._follower = follower
        self._lock = threading.Lock()
        self._counts: OrderedDict[Narrowing, tuple[float, int]] = OrderedDict()

    @property
    def standing(self) -> Standing:
        """Return how far they follow the results."""
        return self._follower.standing

    def total(self, chosen: Narrowing, shown: int, *, again: bool) -> Total:
        """Return how many detections were chosen.

        Args:
            chosen: which ones.
            shown: how many are known of already.
            again: whether a count of some minutes ago will do.
        """
        if again and (known := self._counts.get(chosen)) and time.monotonic() - known[0] < _BELIEVED:
            return Total(max(known[1], shown), is_exact=False)
        try:
            count = total(self.store, chosen, _PATIENCE)
        except StreamError:
            return Total(shown, is_exact=False)
        with self._lock:
            self._counts[chosen] = (time.monotonic(), count)
            self._counts.move_to_end(chosen)
            while len(self._counts) > _COUNTS:
                self._counts.popitem(last=False)
        return Total(count, is_exact=True)


@contextmanager
def stored_detections(
    settings: Settings, results: Location, tell: Callable[[str], None], *, watches: bool
) -> Iterator[StoredDetections]:
    """Open the detections of some results, which need not be there yet.

    Args:
        settings: of the console.
        results: whose detections.
        tell: called with a sentence when they cannot be followed.
        watches: follow the results; without that, what is there now is all there is.

    Raises:
        SettingsError: there is no room for a copy.
    """
    with DetectionStore(results, megabytes=settings.console.memory_megabytes) as store:
        follower = DetectionFollower(results, store, tell)
        found = StoredDetections(store, follower)
        if watches:
            with follower:
                yield found
        else:
            with suppress(SettingsError):  # nothing there
                follower.catch_up()
            yield found
