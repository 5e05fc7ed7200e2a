"""Judges all events of one kind: which rules can fire on them, what to look for, and what follows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tocsin.decode.coded import Column, combinations
from tocsin.decode.columns import Group
from tocsin.detect.conclusions import Conclusions
from tocsin.detect.firings import Candidate, Firings
from tocsin.detect.keywords import RecordScan, Words
from tocsin.detect.memo import fields_of
from tocsin.detect.outcome import Outcome, View
from tocsin.detect.plan import Plan
from tocsin.detect.residue import Hits
from tocsin.detect.sight import UNSEEN
from tocsin.detect.watch import Parts, Sights, Watch
from tocsin.model import NOTHING, Verdict

FIRST_REVIEW = 1_000
"""Events after which a program looks for the first time at which rules it had to test; then ever later."""

PRICE = 3
"""Tests, 5 us each, that cost as much as a pattern does when it is compiled. More is looked for only once the
tests that it would have saved have cost as much: so nobody pays more than twice what was needed."""

KNOWN = 0.5
"""Tests that cost as much as finding what they came to on another event that is the same to the rules."""

OFTEN = 0.002
"""A rule that is tested on more of the events than this gets all that it asks for looked for."""

MOSTLY = 0.05
"""On more of the events than this, what is dear to look for in each value is cheaper than a test, too."""

FEWEST_TESTS = 20
"""Fewer tests than this are no reason."""

MOST_OUTCOMES = 20_000
"""How many combinations of sights are remembered per program before it starts anew."""


class Program:
    """All rules that can fire on events of one kind, indexed by what must be found for them to fire.

    It begins by looking for as little as it can. Rules that then have to be tested on many events get all
    that they ask for looked for, which is dearer per distinct value and free per event.
    """

    def __init__(self, candidates: Sequence[Candidate], parts: Parts, conclusions: Conclusions) -> None:
        self._candidates = candidates
        self._conclusions = conclusions
        found = fields_of(c.telling for c in candidates)
        self.fields = frozenset(name for name in found if name is not None)
        self._plan = Plan([candidate.condition for candidate in candidates])
        self._watch = Watch(parts)
        self._watch.add(self._plan.chosen)
        self._always = frozenset(place for place, cover in enumerate(self._plan.covers) if cover is None)
        index: dict[int, list[int]] = {}
        for place, cover in enumerate(self._plan.covers):
            for pattern in cover or ():
                index.setdefault(parts.number(pattern), []).append(place)
        self._index: Mapping[int, Sequence[int]] = {n: tuple(places) for n, places in index.items()}
        self._judged = 0  # since more was looked for
        self._lookups = 0  # until then
        self._tests = Counter[int]()  # until then, by place
        self._review_at = FIRST_REVIEW
        self._firings = Firings(candidates, self._plan, parts.number)
        self._outcomes = _Outcomes(self, self._watch.breadth)

    @property
    def scans(self) -> Sequence[RecordScan]:
        """Return what has to have looked in the records of a batch before it is judged."""
        return self._watch.scans

    def judge(self, group: Group, words: Words, verdicts: list[Verdict]) -> None:
        """Put the verdict on each event of a group into its row of the batch.

        Args:
            group: events of this program's kind.
            words: what all of `scans` found in the records.
            verdicts: of the whole batch; those on which nothing fired are left as they are.
        """
        if not self._candidates:
            return
        rows = group.rows
        found = self._outcomes.told(self._watch.sights(group, words), len(rows))
        if found:
            view = View(group)
            for place, outcome in found:
                verdicts[rows[place]] = (
                    outcome.verdict(view, place) if outcome is not IN_FULL else self._in_full(view, place)
                )
        self._judged += len(rows)
        if self._judged >= self._review_at:
            self._review()

    @property
    def lookups(self) -> int:
        """Return how many values of fields were looked up."""
        return self._lookups + self._judged * self._watch.width

    def tests(self) -> Counter[int]:
        """Return on how many events each rule was tested, by its place in the rule set."""
        found = self._tests + self._asked()
        return Counter({self._candidates[place].index: times for place, times in found.items()})

    def _asked(self) -> Counter[int]:
        """Return, by place, on how many events rules were tested since what follows was last deduced anew."""
        asked = Counter[int]()
        for outcome in list(self._outcomes.values()):
            if outcome is not None:
                for place in outcome.doubtful:
                    asked[place] += outcome.asked
        return asked

    def _spent(self, places: Iterable[int]) -> float:
        """Return what deciding these rules on events has cost since then, in tests."""
        often, spent = set(places), 0.0
        for outcome in filter(None, self._outcomes.values()):
            tested = len(often.intersection(outcome.doubtful))
            if tested:
                spent += outcome.tested * tested + (outcome.asked - outcome.tested) * KNOWN
        return spent

    def _in_full(self, view: View, place: int) -> Verdict:
        reading = view.reading(place, None)
        outcome = self._outcomes[self._watch.sights_in_full(view.group, place, reading)]
        assert outcome is not IN_FULL, "everything has been seen"
        return NOTHING if outcome is None else outcome.verdict_in_full(reading)

    def outcome(self, hits: Hits) -> Outcome | None:
        """Return what follows where these patterns were found; None for nothing."""
        places = set(self._always)
        for number in hits:
            places.update(self._index.get(number, ()))
        found = [self._firings.of(place, hits) for place in sorted(places)]
        firings = [firing for firing in found if firing is not None]
        return Outcome(firings, hits, self._conclusions) if firings else None

    def _review(self, least: float = FEWEST_TESTS, price: float = PRICE) -> None:
        """Look for more on behalf of the rules that were tested often; ever more rarely, as it settles."""
        asked = self._asked()
        least = max(least, self._judged * OFTEN)
        self._plan.spare_nothing(place for place, n in asked.items() if n >= self._judged * MOSTLY)
        often = [place for place, n in asked.items() if n >= least and self._plan.lacking([place])]
        self._review_at *= 2
        more = self._plan.lacking(often)
        if more and self._spent(often) >= price * self._watch.price(more):
            self._lookups += self._judged * self._watch.width
            self._judged = 0
            self._tests += asked
            self._plan.decide(often)
            self._watch.add(more)
            self._firings.renew(often)
            self._outcomes = _Outcomes(self, self._watch.breadth)


class _InFull(Outcome):
    """Stands for: look at the event in full."""


class _Outcomes(dict[Sights, "Outcome | None"]):
    """What follows from what is seen in each field; what is missing is worked out."""

    __slots__ = ("_combinations", "_program")

    def __init__(self, program: Program, breadth: int) -> None:
        super().__init__()
        self._program = program
        self._combinations = combinations(breadth, MOST_OUTCOMES)

    def told(self, seen: Sequence[Column], count: int) -> list[tuple[int, Outcome]]:
        """Return the events from whose sights anything follows, each with that, given columns of sights."""
        return self._combinations.told(seen, count, self.__getitem__)

    def __missing__(self, sights: Sights) -> Outcome | None:
        if len(self) >= MOST_OUTCOMES:
            self.clear()
        found: Outcome | None = IN_FULL
        if UNSEEN not in sights:
            found = self._program.outcome(frozenset().union(*[sight.hits for sight in sights]))
        self[sights] = found
        return found


IN_FULL: Final = _InFull((), frozenset(), Conclusions(()))
