"""Judges all events of one kind: which rules can fire on them, what to look for, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tocsin.decode.columns import Group
from tocsin.detect.clues import Pattern
from tocsin.detect.conclusions import Conclusions
from tocsin.detect.keywords import RecordScan
from tocsin.detect.memo import fields_of
from tocsin.detect.outcome import Firing, Outcome, View
from tocsin.detect.plan import Plan
from tocsin.detect.reading import Reading
from tocsin.detect.residue import Deduction, Hits, Seen, Signal, deduction
from tocsin.detect.sight import UNSEEN, FieldMemo, PairMemo, Sight
from tocsin.model import NOTHING, Verdict
from tocsin.rules.ir import Node

MOST_OUTCOMES = 20_000
"""How many combinations of sights are remembered per program before it starts anew."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that can fire on events of a kind.

    Attributes:
        index: of the rule in the rule set.
        condition: what has to hold, without what is known to; None when all is.
        telling: the part of its condition that gives the evidence.
    """

    index: int
    condition: Node | None
    telling: Node


class Parts:
    """What programs share: patterns have numbers, and equal sets of them one memo."""

    def __init__(
        self,
        memo: Callable[[Sequence[tuple[int, Pattern]]], FieldMemo],
        pairs: Callable[[Sequence[tuple[int, Pattern]]], PairMemo],
        records: Callable[[Sequence[tuple[int, Pattern]]], RecordScan],
        conclusions: Conclusions,
    ) -> None:
        self.conclusions = conclusions
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

    def records(self, patterns: frozenset[Pattern]) -> RecordScan:
        """Return what looks for patterns in records."""
        found = self._records.get(patterns)
        if found is None:
            found = self._records[patterns] = self._make_records(self._numbered(patterns))
        return found

    def _numbered(self, patterns: frozenset[Pattern]) -> list[tuple[int, Pattern]]:
        return [(self.number(pattern), pattern) for pattern in sorted(patterns, key=lambda p: p.order)]


class Program:
    """All rules that can fire on events of one kind, indexed by what must be found for them to fire."""

    def __init__(self, candidates: Sequence[Candidate], parts: Parts) -> None:
        self._candidates = candidates
        self._parts = parts
        self._deductions: dict[int, Deduction] = {}
        found = fields_of(c.telling for c in candidates)
        self.fields = frozenset(name for name in found if name is not None)
        self._read(candidates)
        self._outcomes = _Outcomes(self)

    def _read(self, candidates: Sequence[Candidate]) -> None:
        plan = Plan([candidate.condition for candidate in candidates])
        number = self._parts.number
        self._always = frozenset(place for place, cover in enumerate(plan.covers) if cover is None)
        index: dict[int, set[int]] = {}
        for place, cover in enumerate(plan.covers):
            for pattern in cover or ():
                index.setdefault(number(pattern), set()).add(place)
        self._index: Mapping[int, frozenset[int]] = {n: frozenset(places) for n, places in index.items()}
        self._signals = {
            atom: Signal([number(p) for p in clue.patterns], exact=clue.exact)
            for atom, clue in plan.clues.items()
            if clue is not None and clue.patterns <= plan.chosen
        }
        self._memos = [(field, self._parts.memo(patterns)) for field, patterns in plan.by_field()]
        self._pairs = [(pair, self._parts.pairs(patterns)) for pair, patterns in plan.by_pair()]
        records = plan.in_records()
        self._records = self._parts.records(records) if records else None

    def judge(self, group: Group, verdicts: list[Verdict]) -> None:
        """Put the verdict on each event of a group into its row of the batch.

        Args:
            group: events of this program's kind.
            verdicts: of the whole batch; those on which nothing fired are left as they are.
        """
        outcomes = self._outcomes_of(group)
        rows = group.rows
        for place, outcome in enumerate(outcomes):
            if outcome is None:
                continue
            if outcome is IN_FULL:
                verdicts[rows[place]] = self._judge_in_full(group, place)
            else:
                view = View(group.columns, place, dict(group.constants), group.event)
                verdicts[rows[place]] = outcome.verdict(view)

    def _outcomes_of(self, group: Group) -> Sequence[Outcome | None]:
        found = group.columns
        columns: list[Iterable[Sight]] = [map(memo.__getitem__, found[field]) for field, memo in self._memos]
        for (field, other), pairs in self._pairs:
            columns.append(map(pairs.__getitem__, zip(found[field], found[other], strict=True)))
        if self._records is not None:
            values = group.batch.values
            columns.append(self._records.sights([values[row] or b"" for row in group.rows]))
        if not columns:
            return [self._outcomes[()]] * len(group.rows)
        return list(map(self._outcomes.__getitem__, zip(*columns, strict=True)))

    def _judge_in_full(self, group: Group, place: int) -> Verdict:
        reading = Reading(group.event(place).fields)
        sights = [
            memo.of(reading.values(field), present=reading.is_present(field)) for field, memo in self._memos
        ]
        sights += [pairs.of(reading) for _, pairs in self._pairs]
        if self._records is not None:
            sights += self._records.sights([group.batch.values[group.rows[place]] or b""])
        outcome = self._outcomes[tuple(sights)]
        assert outcome is not IN_FULL, "everything has been seen"
        return NOTHING if outcome is None else outcome.verdict_in_full(reading)

    def outcome(self, hits: Hits) -> Outcome | None:
        """Return what follows where these patterns were found; None for nothing."""
        places = set(self._always)
        for number in hits:
            places |= self._index.get(number, _NONE)
        firings = []
        for place in sorted(places):
            candidate = self._candidates[place]
            residue = self._deduction(place)(hits) if candidate.condition is not None else True
            if residue is not False:
                left = None if isinstance(residue, bool) else residue
                firings.append(Firing(candidate.index, candidate.telling, left))
        return Outcome(firings, Seen(self._signals, hits), self._parts.conclusions) if firings else None

    def _deduction(self, place: int) -> Deduction:
        found = self._deductions.get(place)
        if found is None:
            condition = self._candidates[place].condition
            assert condition is not None, "only asked where something has to hold"
            found = self._deductions[place] = deduction(condition, self._signals)
        return found


_NONE: frozenset[int] = frozenset()


class _InFull(Outcome):
    """Stands for: look at the event in full."""


class _Outcomes(dict[tuple[Sight, ...], "Outcome | None"]):
    """What follows from what is seen in each field; what is missing is worked out."""

    __slots__ = ("_program",)

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program

    def __missing__(self, sights: tuple[Sight, ...]) -> Outcome | None:
        if len(self) >= MOST_OUTCOMES:
            self.clear()
        found: Outcome | None = IN_FULL
        if UNSEEN not in sights:
            found = self._program.outcome(frozenset().union(*[sight.hits for sight in sights]))
        self[sights] = found
        return found


IN_FULL = _InFull((), {}, Conclusions(()))
