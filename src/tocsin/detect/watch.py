"""Looks at the events of a group: what is seen in each field, in each pair of fields and in each record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from tocsin.decode.columns import Group
from tocsin.detect.clues import Pattern, Where
from tocsin.detect.keywords import RecordScan
from tocsin.detect.reading import Reading
from tocsin.detect.sight import FieldMemo, PairMemo, Sight

Numbered = Sequence[tuple[int, Pattern]]

Sights = tuple[Sight, ...]
"""What is seen of an event, in the order in which it is looked at."""


class Parts:
    """What programs share: patterns have numbers, and equal sets of them one memo."""

    def __init__(
        self,
        memo: Callable[[Numbered], FieldMemo],
        pairs: Callable[[Numbered], PairMemo],
        records: Callable[[Numbered], RecordScan],
    ) -> None:
        self._make_memo = memo
        self._make_pairs = pairs
        self._make_records = records
        self._numbers: dict[Pattern, int] = {}
        self._memos: dict[frozenset[Pattern], FieldMemo] = {}
        self._pairs: dict[frozenset[Pattern], PairMemo] = {}
        self._records: dict[frozenset[Pattern], RecordScan] = {}

    def number(self, pattern: Pattern) -> int:
        """Return the number of a pattern."""
        return self._numbers.setdefault(pattern, len(self._numbers))

    def memo(self, patterns: frozenset[Pattern]) -> FieldMemo:
        """Return the memo of the patterns of a field."""
        found = self._memos.get(patterns)
        if found is None:
            found = self._memos[patterns] = self._make_memo(self._numbered(patterns))
        return found

    def pairs(self, patterns: frozenset[Pattern]) -> PairMemo:
        """Return the memo of the references between two fields."""
        found = self._pairs.get(patterns)
        if found is None:
            found = self._pairs[patterns] = self._make_pairs(self._numbered(patterns))
        return found

    def memos(self) -> list[FieldMemo]:
        """Return the memos of fields."""
        return list(self._memos.values())

    def records(self, patterns: frozenset[Pattern]) -> RecordScan:
        """Return what looks for patterns in records."""
        found = self._records.get(patterns)
        if found is None:
            found = self._records[patterns] = self._make_records(self._numbered(patterns))
        return found

    def _numbered(self, patterns: frozenset[Pattern]) -> list[tuple[int, Pattern]]:
        return [(self.number(pattern), pattern) for pattern in sorted(patterns, key=lambda p: p.order)]


class Watch:
    """What is looked for in the events of a program; it can grow, when more turns out to be worth a look."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._fields: list[tuple[str, FieldMemo]] = []
        self._pairs: list[tuple[tuple[str, str], PairMemo]] = []
        self._records: list[RecordScan] = []

    def add(self, patterns: Iterable[Pattern]) -> None:
        """Look for these, too."""
        fields: dict[str, set[Pattern]] = {}
        pairs: dict[tuple[str, str], set[Pattern]] = {}
        records: set[Pattern] = set()
        for pattern in patterns:
            if pattern.where is Where.IN_RECORD:
                records.add(pattern)
            elif pattern.where is Where.PAIR:
                pairs.setdefault((pattern.field, pattern.literal), set()).add(pattern)
            else:
                fields.setdefault(pattern.field, set()).add(pattern)
        self._fields += [(name, self._parts.memo(frozenset(fields[name]))) for name in sorted(fields)]
        self._pairs += [(names, self._parts.pairs(frozenset(pairs[names]))) for names in sorted(pairs)]
        if records:
            self._records.append(self._parts.records(frozenset(records)))

    @property
    def width(self) -> int:
        """Return how many fields of an event are looked at."""
        return len(self._fields)

    def sights(self, group: Group) -> Iterator[Sights]:
        """Yield what is seen of each event of a group."""
        found = group.columns
        seen: list[Iterable[Sight]] = [memo.column(found[field]) for field, memo in self._fields]
        for (field, other), pairs in self._pairs:
            seen.append(map(pairs.__getitem__, zip(found[field], found[other], strict=True)))
        if self._records:
            values = group.batch.values
            records = [values[row] or b"" for row in group.rows]
            seen += [scan.sights(records) for scan in self._records]
        return zip(*seen, strict=True) if seen else iter([()] * len(group.rows))

    def sights_in_full(self, group: Group, place: int, reading: Reading) -> Sights:
        """Return what is seen of an event that has been decoded in full.

        Args:
            group: the event's.
            place: of the event in it.
            reading: all its fields.
        """
        seen = [
            memo.of(reading.values(field), present=reading.is_present(field)) for field, memo in self._fields
        ]
        seen += [pairs.of(reading) for _, pairs in self._pairs]
        record = group.batch.values[group.rows[place]] or b""
        seen += [sight for scan in self._records for sight in scan.sights([record])]
        return tuple(seen)
