"""What a scan of a field's values does not decide: tests, made only on the values that may satisfy them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import methodcaller

from tocsin.detect.cheap import cheap_tester
from tocsin.detect.clues import LONGEST, Pattern, Where, clue_of
from tocsin.detect.finds import Finds, Need, needs_of
from tocsin.detect.literals import is_free_of_context, least_length, required
from tocsin.detect.oracle import Test, tester
from tocsin.detect.rarity import is_everywhere, is_short
from tocsin.detect.reading import Value
from tocsin.detect.scan import Literal
from tocsin.rules.ir import Atom, Cidr, Compare, Regex, Text
from tocsin.rules.regex import Found, Linear, compiled

_SCANNED = frozenset({Where.WHOLE, Where.START, Where.END, Where.ANYWHERE, Where.IN_ASCII})


@dataclass(frozen=True, slots=True)
class _Search:
    """How an expression is searched for in several texts at once.

    Attributes:
        find: returns the first place in a text where it holds; None where there is none.
        border: what is put between two texts: what is found in one of them is then found in all of them.
        sure: what is found within one of them is also found in it alone.
    """

    find: Callable[[str], Found | None]
    border: str
    sure: bool

    def each(self, texts: Sequence[str]) -> Iterator[tuple[int, bool]]:
        """Yield the places of the texts in which it may hold, and whether it does for sure."""
        joined = self.border.join(texts)
        starts = list(accumulate([len(text) + 1 for text in texts], initial=0))
        at = 0
        while at < len(texts) and (found := self.find(joined[starts[at] :])) is not None:
            start, end = found.span()
            end += starts[at]
            at = bisect_right(starts, starts[at] + start)
            yield at - 1, self.sure and end < starts[at]


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """A test with what an ASCII text needs to be worth it.

    Attributes:
        number: of the pattern.
        texts: it contains one of these, its case aside; none when nothing is known.
        least: characters that it has.
        search: finds what satisfies the test, in one go as few texts do as a rule.
    """

    number: int
    holds: Test
    texts: tuple[str, ...] = ()
    least: int = 0
    search: _Search | None = None

    def holding(self, texts: Sequence[str], places: Sequence[int]) -> list[int]:
        """Return at which of some places there is an ASCII text that satisfies it."""
        if self.search is None or len(places) < FEW:
            return [place for place in places if self.holds(_value(texts[place]))]
        found = self.search.each([texts[place] for place in places])
        return [places[at] for at, sure in found if sure or self.holds(_value(texts[places[at]]))]


class _Piece:
    """A literal that is looked for in folded values without a scan."""

    __slots__ = ("is_in", "literal", "method", "number")

    def __init__(self, number: int, literal: str, method: str) -> None:
        self.number = number
        self.literal = literal
        self.method = method
        self.is_in: Callable[[str], bool] = methodcaller(method, literal)

    @property
    def need(self) -> Need | None:
        """Return what an ASCII text needs to have it; None where none can."""
        before, after = _ENDS[self.method]
        is_plain = self.literal.isascii() and "\0" not in self.literal
        return Need(self.number, [before + self.literal.encode() + after]) if is_plain else None


_CHECKS = {Where.ANYWHERE: "__contains__", Where.START: "startswith", Where.END: "endswith"}

_ENDS = {"__contains__": (b"", b""), "startswith": (b"\0", b""), "endswith": (b"", b"\0")}


FEW = 4
"""Fewer texts are tried one by one: it is likely that one of them is it."""


class Trials:
    """The patterns of a field, parted in what is scanned for and what is tested.

    Pieces that are in many values, being short or in most paths, are dear when a scan tells of each: they
    are looked for one by one.

    Args:
        patterns: by number.

    Attributes:
        literals: to be scanned for. Among them are guards, whose numbers are negative: one of these is in
            every ASCII value for which a test is worth a try.
        present: what is found in every value.
    """

    __slots__ = ("_ascii", "_guarded", "_needs", "_pieces", "_tests", "_worth", "literals", "present")

    def __init__(self, patterns: Sequence[tuple[int, Pattern]]) -> None:
        self.present = frozenset(number for number, p in patterns if p.where is Where.PRESENT)
        self.literals: list[Literal] = []
        self._ascii = [number for number, p in patterns if p.where is Where.IN_ASCII]
        self._tests: list[_Trial] = []
        self._guarded: dict[int, _Trial] = {}
        self._pieces: list[_Piece] = []
        for number, pattern in patterns:
            if pattern.where is Where.WHOLE and len(pattern.literal) > LONGEST:
                self._add_long(number, pattern.literal)
            elif pattern.where in _CHECKS and (is_short(pattern) or is_everywhere(pattern.literal)):
                self._pieces.append(_Piece(number, pattern.literal, _CHECKS[pattern.where]))
            elif pattern.where in _SCANNED:
                self.literals.append(Literal(number, pattern.where, pattern.literal))
            elif pattern.where is Where.TEST and isinstance(pattern.atom, Text | Regex | Cidr | Compare):
                self._add_test(number, pattern.atom)
        self._needs = needs_of([piece.need for piece in self._pieces if piece.need is not None])
        each = enumerate(self._tests)
        self._worth = needs_of([Need(at, _encoded(trial.texts), trial.least) for at, trial in each])

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
            self._tests.append(_Trial(number, cheap_tester(atom), tuple(texts), least, _search_of(atom)))
            return
        trial = _Trial(number, tester(atom), search=_search_of(atom))
        for pattern in clue.patterns:
            guard = -1 - len(self._guarded)
            self.literals.append(Literal(guard, pattern.where, pattern.literal))
            self._guarded[guard] = trial
            if pattern.where is Where.IN_ASCII:
                self._ascii.append(guard)

    def decided(self, found: Sequence[int], value: Value) -> list[int]:
        """Return the patterns in any value, given what a scan of it found."""
        every = self.guarded(found, value) if value.text.isascii() else self._of_all(found, value)
        every += [piece.number for piece in self._pieces if piece.is_in(value.folded)]
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

    def decide_each(self, texts: Sequence[str], finds: Finds) -> None:
        """Add the patterns in several ASCII texts that a scan of them does not decide.

        Args:
            texts: which it has begun with.
            finds: has what the scan found, and takes the patterns.
        """
        if self._tests or self._guarded:
            tried = {self._tests[at]: places for at, places in finds.having(self._worth)}
            for guard, places in finds.guards() if self._guarded else ():
                trial = self._guarded[guard]
                tried[trial] = sorted({*tried[trial], *places}) if trial in tried else places
            for trial, places in tried.items():
                if held := trial.holding(texts, places):
                    finds.add(trial.number, held)
        if self._pieces:
            finds.add_having(self._needs)


def _search_of(atom: Atom) -> _Search | None:
    r"""Return the search for an atom if it is an expression that RE2 runs, wherever it stands in a text.

    What it must not take for a part of a value stands between two: a dot takes NUL, `\s` the end of a line.
    """
    if not isinstance(atom, Regex):
        return None
    flags, border = atom.flags, "\n" if "." in atom.pattern else "\0"
    sure = is_free_of_context(atom.pattern, flags)
    if not sure:
        flags, border = "".join(sorted({*flags, "m"})), "\n"
    if not is_free_of_context(atom.pattern, flags):
        return None
    expression = compiled(atom.pattern, flags)
    return _Search(expression.search, border, sure) if isinstance(expression, Linear) else None


def _encoded(texts: Sequence[str]) -> list[bytes]:
    return [text.encode() for text in texts]


def _value(text: str) -> Value:
    return Value("", text, text, text.lower())
