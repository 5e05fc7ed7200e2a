"""The kinds of events that were seen often enough to have a type; guesses of which kind a record is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec

from tocsin.decode import shapes
from tocsin.decode.kinds import Kind, Wanted, WindowsKind
from tocsin.decode.lab_kind import LabKind
from tocsin.decode.plans import dotted
from tocsin.decode.samples import KindKey, Sample, sample
from tocsin.decode.text import FAULTS
from tocsin.model import Event, LogSource

MOST = 1_000
"""Kinds that are known; real traffic has some hundreds."""

FORGET_AFTER = 1_000_000
"""Records after which kinds are forgotten if there are too many; until then no new ones are learnt."""

MOST_GUESSES = 4
"""Kinds that are tried on a record whose event id begins with the same characters."""

_MARK = b'"EventID":'
_START, _END = len(_MARK), len(_MARK) + 6
"""What follows the mark is a guess only: whatever it says, records that don't fit the type are refused."""


@dataclass(slots=True)
class _Seen:
    """A kind of which there is no type yet, or an older one: how many records, and what they showed."""

    count: int
    sample: Sample


Found = Mapping[Kind, tuple[Sequence[int], Sequence[msgspec.Struct]]]
"""Kind -> rows of its records, rising, and what they were decoded to."""


class KnownKinds:
    """Remembers kinds of events.

    Args:
        wanted: which fields are read.
        patience: how many events of a kind are seen before it gets a type.
    """

    def __init__(self, wanted: Wanted, patience: int) -> None:
        self._wanted = wanted
        self._patience = patience
        self._forget()

    def _forget(self) -> None:
        self._records = 0
        self._lab: dict[LogSource, int] = {}
        self._lab_names: set[str] = set()
        self._seen: dict[KindKey, _Seen] = {}
        self._kinds: dict[KindKey, WindowsKind] = {}
        self._by_row: dict[type[msgspec.Struct], Kind] = {}
        self._replaced: list[Kind] = []
        self._guesses: dict[bytes, list[Kind]] = {}
        self._first: dict[bytes, Callable[[bytes], msgspec.Struct | None]] = {}
        self._else: Callable[[bytes], msgspec.Struct | None] = _nothing

    def opened(self) -> list[msgspec.Struct | None]:
        """Return an empty list for what a batch's records are decoded to."""
        for kind in self._replaced:
            del self._by_row[kind.row]
        self._replaced.clear()
        return []

    def sweep(self, values: Iterable[bytes], found: list[msgspec.Struct | None]) -> None:
        """Add what records are decoded to by the first guess; None where it was wrong or there is none."""
        if not self._first:
            self._sweep_alike(values, found)
            return
        first, otherwise, append = self._first.get, self._else, found.append
        for value in values:
            at = value.find(_MARK)
            try:
                append(first(value[at + _START : at + _END], otherwise)(value))
            except FAULTS:
                append(None)

    def _sweep_alike(self, values: Iterable[bytes], found: list[msgspec.Struct | None]) -> None:
        pending = map(self._else, values)
        while True:
            try:
                found.extend(pending)
            except FAULTS:
                found.append(None)
            else:
                return

    def sorted(self, rows: Sequence[int], found: Sequence[msgspec.Struct | None]) -> tuple[Found, list[int]]:
        """Return rows by kind, and those that were decoded to nothing."""
        types = set(map(type, found))
        if len(types) == 1 and found[0] is not None:
            return {self._by_row[types.pop()]: (rows, cast(Sequence[msgspec.Struct], found))}, []
        by_row: dict[type, tuple[list[int], list[msgspec.Struct]]] = defaultdict(lambda: ([], []))
        nothing = []
        for row, one in zip(rows, found, strict=True):
            if one is None:
                nothing.append(row)
            else:
                places, structs = by_row[type(one)]
                places.append(row)
                structs.append(one)
        self._records += len(nothing)
        return {self._by_row[row]: sorted_ for row, sorted_ in by_row.items()}, nothing

    def guess_again(self, value: bytes) -> msgspec.Struct | None:
        """Return what a record is decoded to by any other guess."""
        for kind in self._guesses.get(_slice(value), ()):
            try:
                return kind.decode(value)
            except FAULTS:
                continue
        return None

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
        self._note(seen, shown, value)

    def _learn_lab(self, found: Mapping[str, object], source: LogSource) -> None:
        self._lab[source] = self._lab.get(source, 0) + 1
        names = {name for field in self._wanted(source, ()) for name in dotted(field)}
        new = {name for name in names - self._lab_names if found.get(name) is not None}
        self._lab_names |= new
        if self._lab[source] == self._patience or (new and self._lab[source] > self._patience):
            known = [other for other, count in self._lab.items() if count >= self._patience]
            lab = LabKind(self._wanted, known, self._lab_names)
            self._by_row[lab.row] = lab
            self._else = lab.decode

    def _note(self, seen: _Seen, shown: Sample, value: bytes) -> None:
        joined = seen.sample.joined(shown)
        is_new, seen.sample = joined != seen.sample, joined
        seen.count += 1
        kind = self._kinds.get(shown.key)
        if seen.count >= self._patience and (kind is None or is_new):
            kind = self._made(joined, kind)
        if kind is not None:
            self._guess(value, kind)

    def _made(self, known: Sample, before: WindowsKind | None) -> WindowsKind:
        kind = self._kinds[known.key] = WindowsKind(known, self._wanted)
        self._by_row[kind.row] = kind
        if before is not None:
            self._replaced.append(before)
            for start, guesses in self._guesses.items():
                if before in guesses:
                    guesses[guesses.index(before)] = kind
                    self._first[start] = guesses[0].decode
        return kind

    def _guess(self, value: bytes, kind: Kind) -> None:
        """Let this kind be the first guess for records like this one."""
        start = _slice(value)
        if start and (start in self._guesses or len(self._guesses) < 10 * MOST):
            guesses = [kind, *(other for other in self._guesses.get(start, ()) if other is not kind)]
            self._guesses[start] = guesses[:MOST_GUESSES]
            self._first[start] = kind.decode


def _slice(value: bytes) -> bytes:
    at = value.find(_MARK)
    return value[at + _START : at + _END] if at >= 0 else b""


def _nothing(value: bytes) -> None:
    """Decode no record."""
