"""What an engine can tell about its work at any moment, at no cost to the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
    """

    lookups: int
    misses: int
    tests: Counter[int]


def figures(programs: Iterable[Program], memos: Iterable[FieldMemo]) -> Figures:
    """Return the sums over programs and memos; may be called while they work, on another thread."""
    lookups, tests = 0, Counter[int]()
    for program in list(programs):
        lookups += program.lookups
        tests.update(program.tests())
    return Figures(lookups, sum(memo.misses for memo in list(memos)), tests)
