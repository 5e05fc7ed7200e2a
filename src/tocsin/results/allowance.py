"""How many bytes of dead letters a worker keeps: a broken producer must fill neither memory nor the disk."""

from __future__ import annotations

from collections.abc import Callable

_SMALL = 256
"""Values of so many bytes are always kept: their hash, and what is said of it, would take as much."""

_A_COMMIT = 64 * 1024 * 1024
"""Bytes held at once: six records of 10 MB, or a million of the usual ones."""

_HOUR = 3600.0


class Allowance:
    """Says of each value whether it can still be kept whole.

    Args:
        an_hour: bytes kept in an hour.
        clock: seconds, such as those since 1970.
    """

    def __init__(self, an_hour: int, clock: Callable[[], float]) -> None:
        self._an_hour = an_hour
        self._clock = clock
        self._since = clock()
        self._kept = 0
        self._held = 0

    def takes(self, size: int) -> bool:
        """Say whether a value of this many bytes is kept, and count it if so."""
        if size <= _SMALL:
            return True
        if not 0 <= self._clock() - self._since < _HOUR:
            self._since, self._kept = self._clock(), 0
        if self._kept + size > self._an_hour or self._held + size > _A_COMMIT:
            return False
        self._kept += size
        self._held += size
        return True

    def committed(self) -> None:
        """Note that nothing is held in memory any more."""
        self._held = 0
