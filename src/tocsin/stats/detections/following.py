"""Keeps the flat detections close behind the results, on a thread of its own, whatever happens to these."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from tocsin.errors import SettingsError, StreamError, TocsinError
from tocsin.results.location import Location, Where
from tocsin.results.table import Reader
from tocsin.stats.detections.intake import known, take_in
from tocsin.stats.detections.store import DetectionStore

_SECONDS = 1.0
"""From one look to the next, as long as there is something to look at."""

_SELDOM = 5.0
"""The same while there is nothing, and where each look is a request that somebody pays for."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the flat detections are.

    Attributes:
        ready: whether they are complete; until then questions are answered from what is there.
        read, files: of the results' files, when everything is being read.
        trouble: why they do not follow; empty when they do. Results that are not there are no trouble.
    """

    ready: bool
    read: int
    files: int
    trouble: str


class DetectionFollower:
    """Follows the results; a context manager.

    Args:
        results: the folder of the results; nothing needs to be there yet.
        store: the flat detections of these.
        tell: called with a sentence when following fails.
        believed: seconds after which the table is opened anew: a handle does not notice that the table was
            deleted and made again.
    """

    def __init__(
        self, results: Where, store: DetectionStore, tell: Callable[[str], None], believed: float = 15.0
    ) -> None:
        self._results, self._store, self._tell, self._believed = results, store, tell, believed
        self._pause = _SELDOM if Location.of(results).is_remote else _SECONDS
        self._reader: Reader | None = None
        self._opened = 0.0
        self._stop = threading.Event()
        self._standing = Standing(ready=known(store).complete, read=0, files=0, trouble="")
        self._thread = threading.Thread(target=self._work, name="detections", daemon=True)

    @property
    def standing(self) -> Standing:
        """Return how far the flat detections are. Any thread may ask."""
        return self._standing

    def catch_up(self) -> None:
        """Take in everything that is there now.

        Raises:
            SettingsError: there are no results.
            StreamError: they cannot be read, or the flat detections not be written.
        """
        if self._reader is None or time.monotonic() - self._opened >= self._believed:
            self._reader, self._opened = Reader(self._results), time.monotonic()
        take_in(self._store, self._reader.look(), self._step)
        self._standing = Standing(ready=True, read=0, files=0, trouble="")

    def __enter__(self) -> Self:
        """Begin to follow."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End at once; a first round that is not finished begins anew."""
        self._stop.set()
        self._store.interrupt()
        self._thread.join()

    def _work(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            pause = self._pause
            try:
                self.catch_up()
            except SettingsError as error:  # no results, or none any more: what is known of them stays
                self._reader, pause = None, _SELDOM
                trouble = str(error) if known(self._store).source else ""
                self._standing = Standing(ready=True, read=0, files=0, trouble=trouble)
            except TocsinError as error:
                pause = _SELDOM
                self._failed(str(error))

    def _failed(self, trouble: str) -> None:
        if self._stop.is_set():
            return
        if not self._standing.trouble:
            self._tell(f"the console does not follow the results: {trouble}")
        self._standing = Standing(self._standing.ready, 0, 0, trouble)

    def _step(self, read: int, files: int) -> None:
        self._standing = Standing(ready=False, read=read, files=files, trouble="")
        if self._stop.is_set():
            raise StreamError("the console is being closed")
