"""What a scan of a field's values does not decide: tests, made only on the values that may satisfy them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from tocsin.detect.cheap import cheap_tester
from tocsin.detect.clues import LONGEST, Pattern, Where, clue_of
from tocsin.detect.literals import least_length, required
from tocsin.detect.oracle import Test, tester
from tocsin.detect.reading import Value
from tocsin.detect.scan import Literal
from tocsin.rules.ir import Cidr, Compare, Regex, Text

_SCANNED = frozenset({Where.WHOLE, Where.START, Where.END, Where.ANYWHERE, Where.IN_ASCII})


class _Trial(NamedTuple):
    """A test with what an ASCII text needs to be worth it.

    Attributes:
        number: of the pattern.
        texts: it contains one of these, its case aside; none when nothing is known.
        least: characters that it has.
    """

    number: int
    holds: Test
    texts: tuple[str, ...] = ()
    least: int = 0

    def is_worth_it(self, folded: str, longest: int) -> bool:
        """Say whether one of several texts may satisfy it, given all in one and the longest's length."""
        if longest < self.least:
            return False
        return not self.texts or any(text in folded for text in self.texts)


class Trials:
    """The patterns of a field, parted in what is scanned for and what is tested.

    Args:
        patterns: by number.

    Attributes:
        literals: to be scanned for. Among them are guards, whose numbers are negative: one of these is in
            every ASCII value for which a test is worth a try.
        present: what is found in every value.
    """

    __slots__ = ("_ascii", "_guarded", "_tests", "literals", "present")

    def __init__(self, patterns: Sequence[tuple[int, Pattern]]) -> None:
        self.present = frozenset(number for number, p in patterns if p.where is Where.PRESENT)
        self.literals: list[Literal] = []
        self._ascii = [number for number, p in patterns if p.where is Where.IN_ASCII]
        self._tests: list[_Trial] = []
        self._guarded: dict[int, _Trial] = {}
        for number, pattern in patterns:
            if pattern.where is Where.WHOLE and len(pattern.literal) > LONGEST:
                self._add_long(number, pattern.literal)
            elif pattern.where in _SCANNED:
                self.literals.append(Literal(number, pattern.where, pattern.literal))
            elif pattern.where is Where.TEST and isinstance(pattern.atom, Text | Regex | Cidr | Compare):
                self._add_test(number, pattern.atom)

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
            self._tests.append(_Trial(number, cheap_tester(atom), tuple(texts), least))
            return
        for pattern in clue.patterns:
            guard = -1 - len(self._guarded)
            self.literals.append(Literal(guard, pattern.where, pattern.literal))
            self._guarded[guard] = _Trial(number, tester(atom))
            if pattern.where is Where.IN_ASCII:
                self._ascii.append(guard)

    @property
    def has_guards(self) -> bool:
        """Say whether what a scan finds may need tests."""
        return bool(self._guarded)

    def decided(self, found: Sequence[int], value: Value) -> list[int]:
        """Return the patterns in any value, given what a scan of it found."""
        every = self.guarded(found, value) if value.text.isascii() else self._of_all(found, value)
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

    def tested(self, texts: Sequence[str], joined: str) -> Iterator[tuple[int, int]]:
        """Yield (place, pattern) of the tests without guards that hold in many ASCII texts.

        Args:
            texts: of ASCII characters.
            joined: the same in one.
        """
        if not self._tests:
            return
        folded, longest = joined.lower(), max(map(len, texts))
        worth = [trial for trial in self._tests if trial.is_worth_it(folded, longest)]
        if not worth:
            return
        for place, text in enumerate(texts):
            value = Value("", text, text, text.lower())
            for trial in worth:
                if trial.holds(value):
                    yield place, trial.number
