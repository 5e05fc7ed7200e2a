"""Keeps the CSV view close behind the results table, beside the loop and never in its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tocsin.errors import TocsinError
from tocsin.results.view import CsvView

_EVERY = 0.8
"""Seconds between two looks at the table: a row is in the CSV within a second of its commit."""

_TURN = 0.2
"""Seconds between two looks at another worker's progress, when this one ends."""


class Follower:
    """A thread that lets the view follow while the process lives.

    Args:
        view: the CSV.
        tell: called with a sentence when following fails, and again when it works once more.
    """

    def __init__(self, view: CsvView, tell: Callable[[str], None]) -> None:
        self._view = view
        self._tell = tell
        self._stop = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._work, name="csv-view", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self, version: int, patience: float = 30.0) -> None:
        """End, once the CSV has everything of a version of the table.

        Another worker may be the CSV's writer: then wait until it has caught up, or take over when it goes.
        When following fails there is nothing to wait for.

        Args:
            version: the last one that this worker has committed.
            patience: give up after so many seconds, and say so; the next worker will catch up.
        """
        self._stop.set()
        self._thread.join()
        deadline = time.monotonic() + patience
        while not self._view.has(version):
            if not self._follow(wait=_TURN) or time.monotonic() > deadline:
                self._tell(f"{self._view.path} is behind the results; the next worker will complete it")
                break
        self._view.close()

    def _work(self) -> None:
        while not self._stop.wait(_EVERY):
            self._follow(wait=0.0)

    def _follow(self, wait: float) -> bool:
        """Let the view follow, and return whether that was possible; a change of that is told."""
        failed = self._failing
        try:
            self._view.follow(wait)
            self._failing = False
            if failed:
                self._tell("the CSV is followed again")
        except Exception as error:  # noqa: BLE001 - the end of this thread would be the end of the CSV, unsaid
            self._failing = True
            if not failed:
                reason = error if isinstance(error, TocsinError) else f"{type(error).__name__}: {error}"
                self._tell(f"the CSV is delayed: {reason}")
        return not self._failing
