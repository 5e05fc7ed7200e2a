"""What an engine can tell about its work at any moment, at no cost to the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.detect.program import Program
from tocsin.detect.sight import FieldMemo


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums since the engine began, or less: what is forgotten to bound memory is forgotten here too.

    Attributes:
        lookups: values of fields that were looked up in what is remembered of them.
        misses: those that had to be searched, and were remembered.
        tests: place of a rule in the rule set -> events on which it was tested, because what was found in
            them could not decide.
        candidates: place of a rule -> events for which it is one, by their log sources.
    """

    lookups: int
    misses: int
    tests: Counter[int]
    candidates: Counter[int]


def figures(
    programs: Iterable[Program], memos: Iterable[FieldMemo], events: Iterable[tuple[Sequence[int], int]]
) -> Figures:
    """Return the sums; may be called while programs and memos work, on another thread.

    Args:
        programs: that judge.
        memos: of fields.
        events: for each log source the rules that are candidates, and how many events it had.
    """
    lookups, tests = 0, Counter[int]()
    for program in list(programs):
        lookups += program.lookups
        tests.update(program.tests())
    candidates = Counter[int]()
    for rules, count in events:
        for rule in rules:
            candidates[rule] += count
    return Figures(lookups, sum(memo.misses for memo in list(memos)), tests, candidates)
