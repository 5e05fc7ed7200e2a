"""Looks in the bytes of records for what rules without fields ask for: few events are then read in full."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from tocsin.detect.clues import Pattern
from tocsin.detect.scan import DOUBT, Literal, Matching, RecordScanner
from tocsin.detect.sight import NONE, Sight

AT_ONCE = 64
"""Records that are joined for a scan: together they stay in the processor's cache."""

SHORT = 4
"""Shorter words are in many records and slow the scan down: they are looked for only where it matters."""

MOSTLY = 0.5
"""With a larger share of a batch to look at, all of it is: records side by side are read faster."""


class RecordScan:
    """Which patterns are in which records. Patterns may be added.

    Args:
        matching: makes what looks for literals.
        patterns: by number.
    """

    def __init__(self, matching: Matching, patterns: Iterable[tuple[int, Pattern]] = ()) -> None:
        self._matching = matching
        self._literals: dict[int, Literal] = {}
        self._scanner: RecordScanner | None = None
        self._all = NONE
        self._sights: dict[frozenset[int], Sight] = {}
        self.add(patterns)

    def add(self, patterns: Iterable[tuple[int, Pattern]]) -> None:
        """Look for these, too; what looks for them is made when it is needed."""
        more = {number: Literal(number, p.where, p.literal) for number, p in patterns}
        if not more.keys() <= self._literals.keys():
            self._literals.update(more)
            self._scanner = None
            self._all = Sight(frozenset(self._literals))

    def found(self, records: Sequence[bytes | None], places: Sequence[int] | None = None) -> dict[int, Sight]:
        """Return what is seen in the records in which anything is; everything, where a record may hide it.

        Args:
            records: None for one without a value.
            places: of the records to look at; None for all.
        """
        if not self._literals:
            return {}
        if places is not None and len(places) <= MOSTLY * len(records):
            seen = self._seen([records[place] for place in places])
            return {places[at]: sight for at, sight in seen.items()}
        return self._seen(records)

    def _seen(self, records: Sequence[bytes | None]) -> dict[int, Sight]:
        if self._scanner is None:
            self._scanner = self._matching.of_records(list(self._literals.values()))
        sights: dict[int, Sight] = {}
        for first in range(0, len(records), AT_ONCE):
            part = [record or b"" for record in records[first : first + AT_ONCE]]
            found = self._scanner.find(b"\n".join(part))
            if found:
                self._put(found, part, first, sights)
        return sights

    def _put(
        self, found: list[tuple[int, int]], records: Sequence[bytes], first: int, sights: dict[int, Sight]
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


Words = Mapping[RecordScan, Mapping[int, Sight]]
"""What was found in the records of a batch, by what looked for it and by row."""
