"""A thread that does one thing again and again, however it fails, until it is told to end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

logger = logging.getLogger("tocsin.console")
"""Where mistakes of ours are told; what is merely away is shown on the page instead."""


class Rounds:
    """Calls a function every so often. What it raises is logged once, until it raises something else.

    Args:
        name: of the thread.
        step: what to do; has its own way to tell what is away.
        every: seconds from the begin of one round to that of the next.
        last: done on the thread at its end.
    """

    def __init__(
        self, name: str, step: Callable[[], None], every: float = 1.0, last: Callable[[], None] | None = None
    ) -> None:
        self._step = step
        self._every = every
        self._last = last
        self._ending = threading.Event()
        self._logged = ""
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Ask it to end after this round."""
        self._ending.set()

    def join(self, patience: float) -> None:
        """Wait for its end, for so many seconds; at once where it never began."""
        if self._thread.ident is not None:
            self._thread.join(patience)

    def _work(self) -> None:
        while True:
            began = time.monotonic()
            self._do(self._step)
            if self._ending.wait(max(0.05, self._every - (time.monotonic() - began))):
                break
        if self._last is not None:
            self._do(self._last)

    def _do(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:  # the end of this thread would be the end of the page, unsaid
            text = f"{type(error).__name__}: {error}"
            if text != self._logged:
                logger.error("%s: %s", self._thread.name, text, exc_info=error)
            self._logged = text
