"""Runs the upkeep of the results beside a worker, in a process of its own: see `upkeep` for what that does.

A process, because merging files takes memory that a long-lived one would never give back, and all of its
threads can have the lowest priority. It may be killed at any moment.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Self

from tocsin.errors import TocsinError
from tocsin.results.location import Location, Where
from tocsin.results.upkeep import compact

_COMMITS = 200
"""After so many commits there is something to do: 200 more files cost every commit some milliseconds."""

_SOONEST = 60.0
"""Seconds from one run to the next: starting the process costs half a second of a core."""

_LATEST = 600.0
"""The same when there were fewer commits, but some: files that were replaced wait to be deleted."""

_FEW = 50
"""Small files that are not worth merging yet."""

_TURN = 0.5
"""Seconds between two looks at the clock."""

_AMONG = 5.0
"""Workers that share a remote store wait up to so many seconds: one finds the work done by another."""


class Caretaker:
    """A thread that starts the upkeep once in a while, and never in the way of commits; a context manager.

    Args:
        results: the folder of the results.
        version: tells how many commits this worker knows of; called from the thread.
        tell: called with a sentence when the upkeep fails, and again when it works once more.
    """

    def __init__(self, results: Where, version: Callable[[], int], tell: Callable[[str], None]) -> None:
        self._place = Location.of(results)
        self._version = version
        self._tell = tell
        self._stop = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._work, name="upkeep", daemon=True)

    def __enter__(self) -> Self:
        """Begin to take care."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End at once; what is half done is done by the next one."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        seen, at = self._version(), time.monotonic()
        while not self._stop.wait(_TURN):
            version, waited = self._version(), time.monotonic() - at
            if _is_due(version - seen, waited):
                try:
                    self._run()
                except OSError as error:  # no process can be started: too many of them, or too little memory
                    self._report(1, str(error))
                seen, at = version, time.monotonic()

    def _run(self) -> None:
        command = [sys.executable, "-m", "tocsin.results.caretaker", self._place.home]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            while process.poll() is None:
                if self._stop.wait(_TURN):
                    process.kill()
                    return
            self._report(process.returncode, process.stderr.read() if process.stderr else "")

    def _report(self, code: int, words: str) -> None:
        """Tell a change for the worse or the better."""
        failed = self._failing
        self._failing = code != 0
        if self._failing and not failed:
            reason = words.strip().rpartition("\n")[2] or f"it ended with code {code}"
            self._tell(f"{self._place}: the upkeep is delayed: {reason}")
        elif failed and not self._failing:
            self._tell(f"{self._place}: the upkeep works again")


def _is_due(commits: int, seconds: float) -> bool:
    return commits > 0 and (seconds >= _LATEST or (commits >= _COMMITS and seconds >= _SOONEST))


def take_care(results: str) -> None:
    """Do the upkeep once, unless another process is at it.

    Raises:
        TocsinError: see `upkeep.compact`.
    """
    place = Location.of(results)
    if place.is_remote:
        time.sleep(random.uniform(0, _AMONG))  # noqa: S311 - to spread workers, not to hide anything
    compact(place, few=_FEW)


def main(arguments: Sequence[str]) -> int:
    """Take care of the results named, politely."""
    os.nice(19)
    try:
        take_care(arguments[0])
    except TocsinError as error:
        sys.stderr.write(str(error))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
