"""Looks in the bytes of records for what rules without fields ask for: few events are then read in full."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from tocsin.detect.clues import Pattern
from tocsin.detect.scan import DOUBT, Literal, Matching
from tocsin.detect.sight import Sight

AT_ONCE = 32
"""Records that are joined for a scan: together they stay in the processor's cache."""

_NONE = Sight(frozenset())


class RecordScan:
    """Which patterns are in which records.

    Args:
        patterns: by number.
        matching: makes what looks for literals.
    """

    def __init__(self, patterns: Sequence[tuple[int, Pattern]], matching: Matching) -> None:
        self._scanner = matching.of_records([Literal(number, p.where, p.literal) for number, p in patterns])
        self._all = Sight(frozenset(number for number, _ in patterns))
        self._sights: dict[frozenset[int], Sight] = {}

    def sights(self, records: Sequence[bytes]) -> list[Sight]:
        """Return what is seen in each record; everything, where a record may write it in another way."""
        sights = [_NONE] * len(records)
        for first in range(0, len(records), AT_ONCE):
            part = records[first : first + AT_ONCE]
            found = self._scanner.find(b"\n".join(part))
            if found:
                self._put(found, part, first, sights)
        return sights

    def _put(
        self, found: list[tuple[int, int]], records: Sequence[bytes], first: int, sights: list[Sight]
    ) -> None:
        ends = list(accumulate(len(record) + 1 for record in records))
        hits: dict[int, set[int]] = {}
        for end, number in found:
            hits.setdefault(bisect_left(ends, end), set()).add(number)
        for row, numbers in hits.items():
            sights[first + row] = self._all if DOUBT in numbers else self._sight(frozenset(numbers))

    def _sight(self, hits: frozenset[int]) -> Sight:
        found = self._sights.get(hits)
        if found is None:
            found = self._sights[hits] = Sight(hits)
        return found
