"""Signals as wishes: Ctrl-C and SIGTERM to end in order, SIGHUP to read the rules again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType


def stop_on_signals() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set; a second SIGINT interrupts at once."""
    stop = threading.Event()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    return stop


def reload_on_hangup(reload: Callable[[], None], stop: threading.Event) -> None:
    """Call `reload` on SIGHUP; but set `stop` when the terminal has hung up, as closing its window does."""
    terminals = [number for number in range(3) if os.isatty(number)]

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if terminals and not any(os.isatty(number) for number in terminals):
            stop.set()
        else:
            reload()

    signal.signal(signal.SIGHUP, on_signal)
