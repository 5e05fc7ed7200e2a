"""What a scan of a field's values does not decide: tests, made only on the values that may satisfy them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress, count
from operator import methodcaller

from tocsin.detect.cheap import cheap_tester
from tocsin.detect.clues import LONGEST, Pattern, Where, clue_of
from tocsin.detect.literals import SHORTEST, is_free_of_context, least_length, required
from tocsin.detect.oracle import Test, tester
from tocsin.detect.reading import Value
from tocsin.detect.scan import Literal
from tocsin.rules.ir import Atom, Cidr, Compare, Regex, Text
from tocsin.rules.regex import Linear, compiled

_SCANNED = frozenset({Where.WHOLE, Where.START, Where.END, Where.ANYWHERE, Where.IN_ASCII})


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A test with what an ASCII text needs to be worth it.

    Attributes:
        number: of the pattern.
        texts: it contains one of these, its case aside; none when nothing is known.
        least: characters that it has.
        at_once: holds for several texts joined by ends of lines if the test holds for one of them.
    """

    number: int
    holds: Test
    texts: tuple[str, ...] = ()
    least: int = 0
    at_once: Test | None = None

    def is_worth_it(self, folded: str, longest: int) -> bool:
        """Say whether one of several texts may satisfy it, given all in one and the longest's length."""
        if longest < self.least:
            return False
        return not self.texts or any(text in folded for text in self.texts)

    def holding(self, texts: Sequence[str], places: Sequence[int]) -> list[int]:
        """Return at which of some places there is an ASCII text that satisfies it.

        As few do as a rule, many are tried at once; if there is one among them, then each half.
        """
        if self.at_once is None or len(places) < FEW:
            return [place for place in places if self.holds(_value(texts[place]))]
        if not self.at_once(_value("\n".join([texts[place] for place in places]))):
            return []
        half = len(places) // 2
        return self.holding(texts, places[:half]) + self.holding(texts, places[half:])


FEW = 4
"""Fewer texts are tried one by one: it is likely that one of them is it."""


class Trials:
    """The patterns of a field, parted in what is scanned for and what is tested.

    Pieces of one or two characters are in many values, some in every one, and slow a scan down: Python looks
    for them.

    Args:
        patterns: by number.

    Attributes:
        literals: to be scanned for. Among them are guards, whose numbers are negative: one of these is in
            every ASCII value for which a test is worth a try.
        present: what is found in every value.
    """

    __slots__ = ("_ascii", "_guarded", "_pieces", "_plain_pieces", "_tests", "literals", "present")

    def __init__(self, patterns: Sequence[tuple[int, Pattern]]) -> None:
        self.present = frozenset(number for number, p in patterns if p.where is Where.PRESENT)
        self.literals: list[Literal] = []
        self._ascii = [number for number, p in patterns if p.where is Where.IN_ASCII]
        self._tests: list[_Trial] = []
        self._guarded: dict[int, _Trial] = {}
        self._pieces: list[tuple[int, str]] = []
        for number, pattern in patterns:
            if pattern.where is Where.WHOLE and len(pattern.literal) > LONGEST:
                self._add_long(number, pattern.literal)
            elif pattern.where is Where.ANYWHERE and len(pattern.literal) < SHORTEST:
                self._pieces.append((number, pattern.literal))
            elif pattern.where in _SCANNED:
                self.literals.append(Literal(number, pattern.where, pattern.literal))
            elif pattern.where is Where.TEST and isinstance(pattern.atom, Text | Regex | Cidr | Compare):
                self._add_test(number, pattern.atom)
        self._plain_pieces = [(number, piece) for number, piece in self._pieces if piece.isascii()]

    def _add_long(self, number: int, literal: str) -> None:
        self._tests.append(_Trial(number, lambda value: value.folded == literal, least=LONGEST))

    def _add_test(self, number: int, atom: Text | Regex | Cidr | Compare) -> None:
        clue = clue_of(atom)
        if clue is None or not all(pattern.where in _SCANNED for pattern in clue.patterns):
            texts: Collection[str] = ()
            least = 0
            if isinstance(atom, Regex):
                texts = sorted(required(atom.pattern, atom.flags, 1))
                least = least_length(atom.pattern, atom.flags)
            self._tests.append(_Trial(number, cheap_tester(atom), tuple(texts), least, _for_many(atom)))
            return
        trial = _Trial(number, tester(atom), at_once=_for_many(atom))
        for pattern in clue.patterns:
            guard = -1 - len(self._guarded)
            self.literals.append(Literal(guard, pattern.where, pattern.literal))
            self._guarded[guard] = trial
            if pattern.where is Where.IN_ASCII:
                self._ascii.append(guard)

    @property
    def has_tests(self) -> bool:
        """Say whether a scan does not decide everything."""
        return bool(self._guarded or self._tests or self._pieces)

    def decided(self, found: Sequence[int], value: Value) -> list[int]:
        """Return the patterns in any value, given what a scan of it found."""
        every = self.guarded(found, value) if value.text.isascii() else self._of_all(found, value)
        every += [number for number, piece in self._pieces if piece in value.folded]
        return every + [trial.number for trial in self._tests if trial.holds(value)]

    def _of_all(self, found: Sequence[int], value: Value) -> list[int]:
        return self.guarded([*found, *self._ascii], value)

    def guarded(self, found: Sequence[int], value: Value) -> list[int]:
        """Return what was found, with the tests that hold in the place of the guards."""
        if not self._guarded or min(found, default=0) >= 0:
            return list(found)
        tried = dict.fromkeys(self._guarded[guard] for guard in found if guard < 0)
        held = [trial.number for trial in tried if trial.holds(value)]
        return [number for number in found if number >= 0] + held

    def decided_each(
        self, found: Mapping[int, Sequence[int]], texts: Sequence[str], joined: str
    ) -> Mapping[int, Sequence[int]]:
        """Return place -> the patterns in many ASCII texts, given what a scan of them found.

        Args:
            found: by place.
            texts: of ASCII characters but NUL.
            joined: the same with a NUL between any two.
        """
        folded = joined.lower()
        tried = self._worth(texts, folded)
        every = dict(found)
        for guard, guarded in _guards(found).items():
            trial = self._guarded[guard]
            tried[trial] = sorted({*tried.get(trial, ()), *guarded})
            for place in guarded:
                every[place] = [number for number in found[place] if number >= 0]
        for trial, places in tried.items():
            for place in trial.holding(texts, places):
                every[place] = [*every.get(place, ()), trial.number]
        there = [(number, piece) for number, piece in self._plain_pieces if piece in folded]
        each = folded.split("\0") if there else []
        for number, piece in there:
            for place in compress(count(), map(methodcaller("__contains__", piece), each)):
                every[place] = [*every.get(place, ()), number]
        return every

    def _worth(self, texts: Sequence[str], folded: str) -> dict[_Trial, Sequence[int]]:
        """Return the tests without guards that one of the texts may satisfy, each with all places."""
        if not self._tests:
            return {}
        longest = max(map(len, texts))
        return {trial: range(len(texts)) for trial in self._tests if trial.is_worth_it(folded, longest)}


def _for_many(atom: Atom) -> Test | None:
    """Return the test of an atom on several texts in one, if it is an expression that RE2 runs."""
    if not isinstance(atom, Regex):
        return None
    lines = replace(atom, flags="".join(sorted({*atom.flags, "m"})))
    if not is_free_of_context(lines.pattern, lines.flags):
        return None
    return tester(lines) if isinstance(compiled(lines.pattern, lines.flags), Linear) else None


def _guards(found: Mapping[int, Sequence[int]]) -> dict[int, set[int]]:
    """Return the places of each guard that was found."""
    places: dict[int, set[int]] = defaultdict(set)
    for place, numbers in found.items():
        if min(numbers, default=0) < 0:
            for number in numbers:
                if number < 0:
                    places[number].add(place)
    return places


def _value(text: str) -> Value:
    return Value("", text, text, text.lower())
