"""Looks at the events of a group: what is seen in each field, in each pair of fields and in each record."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from weakref import WeakValueDictionary

from tocsin.decode.coded import Column
from tocsin.decode.columns import Group
from tocsin.detect.clues import Pattern, Where
from tocsin.detect.keywords import SHORT, RecordScan, Words
from tocsin.detect.probe import Probe
from tocsin.detect.reading import Reading
from tocsin.detect.scan import Matching
from tocsin.detect.sight import NONE, FieldMemo, PairMemo, Sight

Patterns = frozenset[Pattern]

Sights = tuple[Sight, ...]
"""What is seen of an event, in the order in which it is looked at."""


class Parts:
    """What programs share: patterns have numbers, and what looks for equal sets of them is made once.

    Args:
        matching: makes what looks for literals.
        most: values remembered per field and set of patterns.
        most_text: characters that they may have.
    """

    def __init__(self, matching: Matching, most: int, most_text: int) -> None:
        self._matching = matching
        self._limits = (most, most_text)
        self._numbers: dict[Pattern, int] = {}
        self._probes = WeakValueDictionary[Patterns, Probe]()
        self._memos = WeakValueDictionary[tuple[Patterns, ...], FieldMemo]()
        self._pairs: dict[Patterns, PairMemo] = {}
        self._records: dict[Patterns, RecordScan] = {}
        self.words = RecordScan(matching)
        """Looks in the records of all kinds for what is rare in them."""

    def number(self, pattern: Pattern) -> int:
        """Return the number of a pattern."""
        return self._numbers.setdefault(pattern, len(self._numbers))

    def memo(self, sets: tuple[Patterns, ...]) -> FieldMemo:
        """Return the memo of a field in which these sets of patterns are looked for one after the other."""
        found = self._memos.get(sets)
        if found is None:
            found = self._memos[sets] = FieldMemo(list(map(self._probe, sets)), *self._limits)
        return found

    def _probe(self, patterns: Patterns) -> Probe:
        found = self._probes.get(patterns)
        if found is None:
            found = self._probes[patterns] = Probe(self.numbered(patterns), self._matching)
        return found

    def pairs(self, patterns: Patterns) -> PairMemo:
        """Return the memo of the references between two fields."""
        found = self._pairs.get(patterns)
        if found is None:
            found = self._pairs[patterns] = PairMemo(self.numbered(patterns), *self._limits)
        return found

    def memos(self) -> list[FieldMemo]:
        """Return the memos of fields."""
        return list(self._memos.values())

    def records(self, patterns: Patterns) -> RecordScan:
        """Return what looks for patterns in records."""
        found = self._records.get(patterns)
        if found is None:
            found = self._records[patterns] = RecordScan(self._matching, self.numbered(patterns))
        return found

    def numbered(self, patterns: Patterns) -> list[tuple[int, Pattern]]:
        """Return patterns with their numbers, by these; those of new ones do not depend on hashes."""
        known = self._numbers
        for pattern in sorted([p for p in patterns if p not in known], key=lambda p: p.order):
            self.number(pattern)
        return sorted([(known[pattern], pattern) for pattern in patterns], key=itemgetter(0))


MERGED = 1_000
"""Up to so many patterns of a field are made into one scan when more are to be looked for. Compiling more
takes too long in the middle of a stream: beyond it, those that are added are scanned for by themselves."""


_ELSEWHERE = frozenset({Where.IN_RECORD, Where.PAIR})


class Watch:
    """What is looked for in the events of a program; it can grow, when more turns out to be worth a look."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sets: dict[str, tuple[Patterns, ...]] = {}
        self._fields: list[tuple[str, FieldMemo]] = []
        self._pairs: list[tuple[tuple[str, str], PairMemo]] = []
        self.scans: list[RecordScan] = []
        """What looks in the records."""

    def add(self, patterns: Iterable[Pattern]) -> None:
        """Look for these, too."""
        pairs: dict[tuple[str, str], set[Pattern]] = {}
        records: set[Pattern] = set()
        for pattern in patterns:
            if pattern.where is Where.IN_RECORD:
                records.add(pattern)
            elif pattern.where is Where.PAIR:
                pairs.setdefault((pattern.field, pattern.literal), set()).add(pattern)
        self._sets.update(self._with(patterns))
        self._fields = [(name, self._parts.memo(self._sets[name])) for name in sorted(self._sets)]
        self._pairs += [(names, self._parts.pairs(frozenset(pairs[names]))) for names in sorted(pairs)]
        self._add_words(records)

    def price(self, patterns: Iterable[Pattern]) -> int:
        """Return how many patterns have to be compiled before these are looked for, too."""
        return sum([len(sets[-1]) for sets in self._with(patterns).values()])

    def _with(self, patterns: Iterable[Pattern]) -> dict[str, tuple[Patterns, ...]]:
        """Return the sets of patterns that are looked for in fields, where there are more of them then."""
        fields: dict[str, set[Pattern]] = {}
        for pattern in patterns:
            if pattern.where not in _ELSEWHERE:
                fields.setdefault(pattern.field, set()).add(pattern)
        return {name: _with(self._sets.get(name, ()), frozenset(more)) for name, more in fields.items()}

    def _add_words(self, patterns: Iterable[Pattern]) -> None:
        parts = self._parts
        short = frozenset(pattern for pattern in patterns if len(pattern.literal) < SHORT)
        rare = frozenset(patterns) - short
        parts.words.add(parts.numbered(rare))
        more = [parts.words] * bool(rare) + [parts.records(short)] * bool(short)
        self.scans = list(dict.fromkeys([*self.scans, *more]))

    @property
    def width(self) -> int:
        """Return how many fields of an event are looked at."""
        return len(self._fields)

    @property
    def breadth(self) -> int:
        """Return how many columns of sights there are."""
        return len(self._fields) + len(self._pairs) + len(self.scans)

    def sights(self, group: Group, words: Words) -> list[Column]:
        """Return what is seen of the events of a group, given what was found in the records of its batch.

        Each column is coded, a list, or a tuple of the one sight that all events have.
        """
        found = group.columns
        seen: list[Column] = [memo.column(found[field]) for field, memo in self._fields]
        for (field, other), pairs in self._pairs:
            seen.append(list(map(pairs.__getitem__, zip(found[field], found[other], strict=True))))
        for scan in self.scans:
            sighted = words[scan]
            if sighted.keys().isdisjoint(group.rows):
                seen.append((NONE,))
            else:
                seen.append([sighted.get(row, NONE) for row in group.rows])
        return seen

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
        record = group.batch.values[group.rows[place]]
        seen += [scan.found([record]).get(0, NONE) for scan in self.scans]
        return tuple(seen)


def _with(sets: tuple[Patterns, ...], more: Patterns) -> tuple[Patterns, ...]:
    """Return sets of patterns with more in them: a large first one is left as it is."""
    first, rest = frozenset[Pattern]().union(*sets[:1]), more.union(*sets[1:])
    return (first | rest,) if len(first) + len(rest) <= MERGED else (*sets[:1], rest)
