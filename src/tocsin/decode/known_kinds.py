"""The kinds of events that were seen often enough to have a type; guesses of which kind a record is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from tocsin.decode import shapes
from tocsin.decode.kinds import Kind, Wanted, WindowsKind
from tocsin.decode.lab_kind import MOST_NAMES, LabKind
from tocsin.decode.plans import dotted
from tocsin.decode.samples import KindKey, Sample, names_there, sample
from tocsin.decode.scans import Scanning, Taken
from tocsin.decode.views import places_of
from tocsin.model import Event, LogSource

MOST = 1_000
"""Kinds that are known; real traffic has some hundreds."""

FORGET_AFTER = 1_000_000
"""Records after which kinds are forgotten if there are too many; until then no new ones are learnt."""

MOST_GUESSES = 4
"""Kinds that are tried on a record whose event id begins with the same characters."""

_MARK = b'"EventID":'
_LENGTH = 6
"""Bytes behind the mark: a guess only. Whatever they say, records that don't fit the type are refused."""


@dataclass(slots=True)
class _Seen:
    """A kind of which there is no type yet, or an older one: how many records, and what they showed."""

    count: int
    sample: Sample


class KnownKinds:
    """Remembers kinds of events.

    Args:
        wanted: which fields are read.
        scanning: goes over the records.
        patience: how many events of a kind are seen before it gets a type.
    """

    def __init__(self, wanted: Wanted, scanning: Scanning, patience: int) -> None:
        self._wanted = wanted
        self.scanning = scanning
        self._patience = patience
        self._forget()

    def _forget(self) -> None:
        self._records = 0
        self._lab: dict[LogSource, int] = {}
        self._lab_names: dict[str, None] = {}
        self._lab_every: dict[str, None] | None = {}
        self._seen: dict[KindKey, _Seen] = {}
        self._kinds: dict[KindKey, WindowsKind] = {}
        self._guesses: dict[bytes, list[Kind]] = {}
        self._first: dict[bytes, Kind] = {}
        self._fitted: dict[bytes, int] = {}  # records of the last batch that the first guess was right for
        self._new: list[Kind] = []
        self._else: Kind | None = None

    def scanned(self, records: list[bytes], missed: list[int]) -> Iterator[tuple[Kind, Sequence[int], Taken]]:
        """Yield of one kind after the other the rows of its records, rising, and what is taken of them.

        A processor learns the ways of one type, and has in its caches what is read at once.

        Args:
            records: of a batch.
            missed: gets the rows of those that are of no kind, or not of that which they may be.
        """
        starts: Mapping[bytes, Sequence[int]] = {b"": range(len(records))}
        if self._first:
            starts = self.scanning.rows_by_mark(records, _MARK, _LENGTH)
        refused: list[int] = []
        for kind, rows in self._guessed(starts).items():
            if kind is None:
                refused += rows
                continue
            fitting, taken, wrong = _scanned(kind, records, rows)
            refused += wrong
            if fitting:
                yield kind, fitting, taken
        left = places_of([_slice(records[row]) for row in refused])
        self._fitted = {start: len(rows) - len(left.get(start, ())) for start, rows in starts.items()}
        for start, places in left.items():
            others = [kind for kind in self._guesses.get(start, ()) if kind is not self._first.get(start)]
            rows = [refused[place] for place in places]
            yield from self._by(others, records, start, rows, missed)
        self._new.clear()
        self._records += len(missed)

    def scanned_anew(
        self, records: list[bytes], rows: Sequence[int], missed: list[int]
    ) -> Iterator[tuple[Kind, Sequence[int], Taken]]:
        """Yield what kinds that became known since the last scan take of rows of the batch; see `scanned`."""
        for start, places in places_of([_slice(records[row]) for row in rows]).items():
            new = [kind for kind in (*self._guesses.get(start, ()), self._else) if kind in self._new]
            yield from self._by(new, records, start, [rows[place] for place in places], missed)
        self._new.clear()

    def _by(
        self,
        kinds: Sequence[Kind | None],
        records: list[bytes],
        start: bytes,
        rows: list[int],
        missed: list[int],
    ) -> Iterator[tuple[Kind, Sequence[int], Taken]]:
        """Yield what kinds take of records that begin with the same bytes behind the mark."""
        for kind in filter(None, kinds):
            fitting, taken, rows = _scanned(kind, records, rows)
            if fitting:
                yield kind, fitting, taken
            if len(fitting) > self._fitted.get(start, 0):  # it is the better guess
                self._fitted[start] = len(fitting)
                self._first[start] = kind
            if not rows:
                return
        missed += rows

    @property
    def has_new(self) -> bool:
        """Say whether kinds became known since the last scan."""
        return bool(self._new)

    def _guessed(self, starts: Mapping[bytes, Sequence[int]]) -> Mapping[Kind | None, Sequence[int]]:
        """Return the rows of records by the kind that they may be of, given what they begin with."""
        rows_of: dict[Kind | None, list[Sequence[int]]] = defaultdict(list)
        for start, rows in starts.items():
            rows_of[self._first.get(start, self._else)].append(rows)
        return {
            kind: some[0] if len(some) == 1 else sorted(chain.from_iterable(some))
            for kind, some in rows_of.items()
        }

    def learn(self, value: bytes, found: dict[str, object], shape: shapes.Shape, event: Event) -> None:
        """Take note of an event that was decoded plainly.

        Args:
            value: its record.
            found: the record's object.
            shape: the object's.
            event: what it is.
        """
        self._records += 1
        if shape is shapes.LAB:
            self._learn_lab(found, event.logsource)
            return
        shown = sample(found, shape, event)
        if shown is None:
            return
        seen = self._seen.get(shown.key)
        if seen is None:
            if len(self._seen) >= MOST:
                if self._records < FORGET_AFTER:
                    return
                self._forget()
            seen = self._seen[shown.key] = _Seen(0, shown)
        self._note(seen, shown, value, names_there(found, shape))

    def _learn_lab(self, found: Mapping[str, object], source: LogSource) -> None:
        self._lab[source] = self._lab.get(source, 0) + 1
        names = {name for field in self._wanted(source, ()) for name in dotted(field)}
        there = {name: None for name in found if name in names and found[name] is not None}
        has_names = self._learn_names(found)
        new = has_names or not there.keys() <= self._lab_names.keys()
        self._lab_names |= there
        if self._lab[source] == self._patience or (new and self._lab[source] > self._patience):
            known = [other for other, count in self._lab.items() if count >= self._patience]
            lab = LabKind(self._wanted, known, self._lab_names, self.scanning, self._lab_every)
            self._else = lab
            self._new.append(lab)

    def _learn_names(self, found: Mapping[str, object]) -> bool:
        """Take note of all names of an event of the lab, and say whether that was news."""
        known = self._lab_every
        if known is None:
            return False
        every = {**known, **dict.fromkeys(found)}
        nested = any(isinstance(value, dict | list) for value in found.values())
        self._lab_every = None if nested or len(every) > MOST_NAMES else every
        return self._lab_every != known

    def _note(self, seen: _Seen, shown: Sample, value: bytes, there: Sequence[str]) -> None:
        joined = seen.sample.joined(shown)
        is_new, seen.sample = joined != seen.sample, joined
        seen.count += 1
        kind = self._kinds.get(shown.key)
        if seen.count >= self._patience and (kind is None or is_new or not kind.absent.isdisjoint(there)):
            kind = self._made(joined, there, kind)
        if kind is not None:
            self._guess(value, kind)

    def _made(self, known: Sample, there: Sequence[str], before: WindowsKind | None) -> WindowsKind:
        names = [*there, *(before.present if before is not None else ())]
        kind = self._kinds[known.key] = WindowsKind(known, names, self._wanted, self.scanning)
        self._new.append(kind)
        if before is not None:
            for start, guesses in self._guesses.items():
                if before in guesses:
                    guesses[guesses.index(before)] = kind
                    self._first[start] = guesses[0]
        return kind

    def _guess(self, value: bytes, kind: Kind) -> None:
        """Let this kind be the first guess for records like this one."""
        start = _slice(value)
        if start and (start in self._guesses or len(self._guesses) < 10 * MOST):
            guesses = [kind, *(other for other in self._guesses.get(start, ()) if other is not kind)]
            self._guesses[start] = guesses[:MOST_GUESSES]
            self._first[start] = kind


def _scanned(kind: Kind, records: list[bytes], rows: Sequence[int]) -> tuple[Sequence[int], Taken, list[int]]:
    """Return the rows of records that are of a kind, what is taken of them, and the other rows."""
    taken, wrong = kind.scan(records, rows)
    if not wrong:
        return rows, taken, wrong
    refused = set(wrong)
    return [row for row in rows if row not in refused], taken, wrong


def _slice(value: bytes | None) -> bytes:
    value = value or b""
    at = value.find(_MARK)
    return value[at + len(_MARK) : at + len(_MARK) + _LENGTH] if at >= 0 else b""
