"""Says of each rule of a program, by which patterns were found, whether it fires or has to be tested."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from tocsin.detect.clues import Pattern
from tocsin.detect.memo import fields_of
from tocsin.detect.oracle import Matcher
from tocsin.detect.plan import Plan
from tocsin.detect.quick import quick_matcher
from tocsin.detect.reading import Reading
from tocsin.detect.residue import Deduction, Hits, Signal, deduction
from tocsin.detect.teller import Found, Teller, is_settled, teller
from tocsin.rules.ir import Atom, Node, atoms

MOST = 20_000
"""Findings that are remembered before it starts anew."""

Names = tuple[str, ...] | None
"""Fields that are read; None for all."""


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


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fires, or fires if a test holds.

    Attributes:
        place: of the rule in the program.
        index: of the rule in the rule set.
        tell: gives the evidence.
        is_settled: says whether the evidence is in the same fields whenever the same patterns were found, if
            each holds one scalar.
        fields: that the evidence reads.
        test: of what has still to hold; None when nothing has.
        tested: fields that the test reads.
    """

    place: int
    index: int
    tell: Teller
    is_settled: Callable[[], bool]
    fields: Names
    test: Matcher | None
    tested: Names


class Firings:
    """What follows for each rule, worked out when it is first asked for.

    Args:
        candidates: the rules.
        plan: which patterns are looked for on their behalf.
        number: gives the number of a pattern.
    """

    def __init__(self, candidates: Sequence[Candidate], plan: Plan, number: Callable[[Pattern], int]) -> None:
        self._candidates = candidates
        self._signals = _Signals(plan, number)
        self._rules: dict[int, _Rule] = {}
        self._found: dict[tuple[int, Hits], Firing | None] = {}

    def renew(self, places: Iterable[int]) -> None:
        """Take into account that more patterns are looked for on behalf of these rules."""
        self._signals.forget()
        self._found.clear()
        for place in places:
            self._rules.pop(place, None)

    def of(self, place: int, hits: Hits) -> Firing | None:
        """Return how a rule fires where these patterns were found; None if it does not."""
        rule = self._rules.get(place)
        if rule is None:
            rule = self._rules[place] = _Rule(self._candidates[place], self._signals)
        key = (place, hits & rule.asked)
        if key in self._found:
            return self._found[key]
        if len(self._found) >= MOST:
            self._found.clear()
        found = self._found[key] = self._work_out(place, rule, hits)
        return found

    def _work_out(self, place: int, rule: _Rule, hits: Hits) -> Firing | None:
        left = rule.deduce(hits)
        if left is False:
            return None
        test = None if isinstance(left, bool) else quick_matcher(left)
        tested = () if isinstance(left, bool) else names_of([left])
        return Firing(
            place, self._candidates[place].index, rule.tell, rule.is_settled, rule.fields, test, tested
        )


class _Rule:
    """A rule made ready; what gives the evidence is made when it first fires, as most never do.

    Attributes:
        asked: the patterns that what is left of it depends on.
        deduce: says what is left of it.
        fields: that the evidence reads.
    """

    __slots__ = ("_settled", "_signals", "_tell", "_telling", "asked", "deduce", "fields")

    def __init__(self, candidate: Candidate, signals: _Signals) -> None:
        condition = candidate.condition
        found = [signals.get(atom) for atom in atoms(condition)] if condition is not None else []
        self.asked: Hits = frozenset().union(*[signal.ids for signal in found if signal is not None])
        self.deduce: Deduction = deduction(condition, signals) if condition is not None else lambda _: True
        self.fields = names_of([candidate.telling])
        self._telling, self._signals = candidate.telling, signals
        self._tell: Teller | None = None
        self._settled: bool | None = None

    def is_settled(self) -> bool:
        """Say whether by the patterns found it is known which fields give the evidence."""
        if self._settled is None:
            self._settled = is_settled(self._telling, self._signals)
        return self._settled

    def tell(self, reading: Reading, hits: Hits) -> Found:
        """Give the evidence for an event on which the rule fires."""
        if self._tell is None:
            self._tell = teller(self._telling, self._signals)
        return self._tell(reading, hits)


class _Signals:
    """What the patterns of a plan say about atoms, told when it is asked for: most atoms never are."""

    def __init__(self, plan: Plan, number: Callable[[Pattern], int]) -> None:
        self._plan = plan
        self._number = number
        self._known: dict[Atom, Signal | None] = {}

    def forget(self) -> None:
        self._known.clear()

    def get(self, atom: Atom) -> Signal | None:
        if atom not in self._known:
            self._known[atom] = self._told(atom)
        return self._known[atom]

    def _told(self, atom: Atom) -> Signal | None:
        clue = self._plan.clue(atom)
        if clue is None or not clue.patterns <= self._plan.chosen:
            return None
        return Signal([self._number(pattern) for pattern in clue.patterns], exact=clue.exact)


def names_of(nodes: Iterable[Node]) -> Names:
    """Return the fields that conditions read."""
    names: Collection[str | None] = fields_of(nodes)
    return None if None in names else tuple(sorted(name for name in names if name is not None))


def together(fields: Iterable[Names]) -> Names:
    """Return all of several fields."""
    names: set[str] = set()
    for some in fields:
        if some is None:
            return None
        names.update(some)
    return tuple(sorted(names))
