r"""Writes a regular expression for RE2, which takes linear time, such that it finds what Python's `re` finds.

The two read the same text differently: `\d`, `\w` and `\s` are Unicode's in Python and ASCII's in RE2; `$`
also stands before a last line end in Python; ignoring case, Python takes more letters for `i` than RE2. So
what is translated is not the text of an expression but what Python's own parser makes of it. What RE2 cannot
express (look-around, references back, atomic groups) raises `Inexpressible`, and so does what is rare.

Known to differ: letters and digits that Unicode added between the versions that Python and RE2 know.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

_parser = importlib.import_module("re._parser")
"""Python's parser of expressions: it has no public name, and no types."""


class Inexpressible(Exception):  # noqa: N818 - an answer, not an error
    """RE2 has no equal for something in an expression; the text says for what."""


@dataclass(frozen=True, slots=True)
class Form:
    """An expression for RE2.

    Attributes:
        pattern: in RE2's syntax.
        ascii_only: it finds the same only in texts that are ASCII, because it looks for the bounds of words.
    """

    pattern: str
    ascii_only: bool


def re2_form(pattern: str, flags: int) -> Form:
    """Return the form of an expression that Python's `re` has found valid.

    Args:
        pattern: the expression.
        flags: of the module `re`.

    Raises:
        Inexpressible: there is none.
    """
    try:
        parsed = _parser.parse(pattern, flags)
    except RecursionError as error:
        raise Inexpressible("nesting") from error
    writer = _Writer(parsed.state, parsed.state.flags | flags)
    return Form(writer.sequence(parsed, tail=True), "AT_BOUNDARY" in repr(parsed))


@dataclass(frozen=True, slots=True)
class Length:
    """An expression that only asks for so many characters: `.{8000}`, of which RE2 could count up to 1000.

    Attributes:
        least: how many.
        one_line: they must stand in one line.
    """

    least: int
    one_line: bool


def length_form(pattern: str, flags: int) -> Length | None:
    """Return how long a text must be for a valid expression to hold; None when it asks for anything else."""
    parsed = _parser.parse(pattern, flags)
    if len(parsed) != 1 or parsed[0][0].name not in ("MAX_REPEAT", "MIN_REPEAT"):
        return None
    least, _, items = parsed[0][1]
    if len(items) != 1 or items[0][0].name != "ANY":
        return None
    return Length(least, one_line=not (parsed.state.flags | flags) & re.DOTALL)


_MOST = 1000  # RE2's own bound on repetitions
_ASCII = 0x7F

FOLDED_TO_ASCII = {"i": "\u0130\u0131", "k": "\u212a", "s": "\u017f"}
"""Letters beyond ASCII that Python takes for an ASCII letter when case is ignored; a test asks Python."""

_CLASSES = {
    "DIGIT": (r"\p{Nd}", r"0-9"),
    "WORD": (r"\p{L}\p{N}_", r"0-9A-Za-z_"),
    "SPACE": (
        r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}",
        r"\t-\r ",
    ),
}
"""What is inside the brackets of the classes: Unicode's and, under the flag `a`, ASCII's."""

_PLACES = {
    "AT_BEGINNING_STRING": r"\A",
    "AT_END_STRING": r"\z",
    "AT_BOUNDARY": r"\b",
}


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes under some flags; `tail` says that nothing that takes a character can follow."""

    state: Any
    flags: int

    def width(self, item: Any) -> int:  # noqa: ANN401 - the parser's
        """Return how many characters an item takes at most."""
        most: int = _parser.SubPattern(self.state, [item]).getwidth()[1]
        return most

    def sequence(self, items: Sequence[Any], *, tail: bool) -> str:
        """Return one item after the other."""
        written = []
        widest = max((index for index, item in enumerate(items) if self.width(item)), default=0)
        for index, (op, value) in enumerate(items):
            write = _OPS.get(op.name)
            if write is None:
                raise Inexpressible(_WORDS.get(op.name, op.name.lower()))
            written.append(write(self, value, tail and index >= widest))
        return "".join(written)

    def literal(self, code: int) -> str:
        """Return one character, or all that are the same without regard to case."""
        if self.flags & re.IGNORECASE:
            return f"[{self.in_class(code, code)}]"
        return _escaped(code)

    def not_literal(self, code: int) -> str:
        """Return any other character."""
        return f"[^{self.in_class(code, code)}]"

    def any(self) -> str:
        """Return the dot."""
        return "(?s:.)" if self.flags & re.DOTALL else r"[^\n]"

    def at(self, place: str, *, tail: bool) -> str:
        """Return a place between characters."""
        lines = self.flags & re.MULTILINE
        if place == "AT_BEGINNING":
            return "(?m:^)" if lines else r"\A"
        if place == "AT_END":
            if lines:
                return "(?m:$)"
            if not tail:
                raise Inexpressible("$ inside the expression")
            return r"(?:\n?\z)"
        if place not in _PLACES:
            raise Inexpressible(r"\B")
        return _PLACES[place]

    def one_of(self, items: Sequence[Any]) -> str:
        """Return a class of characters."""
        negated = items[0][0].name == "NEGATE"
        inside: list[str] = []
        outside: list[str] = []
        for op, value in items[1:] if negated else items:
            if op.name == "LITERAL":
                inside.append(self.in_class(value, value))
            elif op.name == "RANGE":
                inside.append(self.in_class(*value))
            else:
                _, _, name = value.name.partition("CATEGORY_")
                (outside if name.startswith("NOT_") else inside).append(self.category(name))
        if negated and outside:
            raise Inexpressible("a class without a class")
        if negated:
            return f"[^{''.join(inside)}]"
        alternatives = [f"[{''.join(inside)}]"] if inside else []
        return _either(alternatives + [f"[^{each}]" for each in outside])

    def category(self, name: str) -> str:
        """Return the inside of a class such as `DIGIT`, also for `NOT_DIGIT`."""
        return _CLASSES[name.removeprefix("NOT_")][bool(self.flags & re.ASCII)]

    def in_class(self, low: int, high: int) -> str:
        """Return a range of characters for the inside of a class, with all that case makes the same."""
        if any(low <= odd <= high for odd in (0xD800, 0xFFFD)) or 0xD800 < low <= 0xDFFF:
            raise Inexpressible("half of a character")  # they stand for each other: see `Re2Expression`
        written = _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        if not self.flags & re.IGNORECASE:
            return written
        if high > _ASCII and not _is_uncased(max(low, _ASCII + 1), high):
            raise Inexpressible("letters beyond ASCII without regard to case")
        extra = FOLDED_TO_ASCII if not self.flags & re.ASCII else {}
        letters = [chr(code) for code in range(low, min(high, _ASCII) + 1) if chr(code).isalpha()]
        same = "".join(letter.swapcase() + extra.get(letter.lower(), "") for letter in letters)
        return written + "".join(_escaped(ord(letter)) for letter in same)

    def group(self, value: Any, *, tail: bool) -> str:  # noqa: ANN401 - the parser's
        """Return a group, which changes flags perhaps."""
        _, added, removed, items = value
        inner = replace(self, flags=(self.flags | added) & ~removed)
        return f"(?:{inner.sequence(items, tail=tail)})"

    def repeated(self, value: Any, lazily: str) -> str:  # noqa: ANN401 - the parser's
        """Return a repetition."""
        least, most, items = value
        unbounded = most is _parser.MAXREPEAT
        if least > _MOST or (not unbounded and most > _MOST):
            raise Inexpressible(f"more than {_MOST} repetitions")
        bounds = f"{least}," if unbounded else f"{least},{most}"
        sign = {"0,": "*", "1,": "+", "0,1": "?"}.get(bounds, f"{{{bounds}}}")
        return f"(?:{self.sequence(items, tail=False)}){sign}{lazily}"


def _is_uncased(low: int, high: int) -> bool:
    """Say whether case makes no difference to any of a few characters, such as dashes and quotes."""
    if high - low > _FEW:
        return False
    letters = map(chr, range(low, high + 1))
    return all(c.lower() == c.upper() == c and unicodedata.category(c)[0] not in "LM" for c in letters)


_FEW = 256


def _either(alternatives: Sequence[str]) -> str:
    return alternatives[0] if len(alternatives) == 1 else f"(?:{'|'.join(alternatives)})"


def _branch(writer: _Writer, value: Any, tail: bool) -> str:  # noqa: ANN401, FBT001 - as in the table
    return "(?:" + "|".join(writer.sequence(items, tail=tail) for items in value[1]) + ")"


_Write = Callable[[_Writer, Any, bool], str]

_OPS: dict[str, _Write] = {
    "LITERAL": lambda writer, value, _: writer.literal(value),
    "NOT_LITERAL": lambda writer, value, _: writer.not_literal(value),
    "ANY": lambda writer, _value, _: writer.any(),
    "IN": lambda writer, value, _: writer.one_of(value),
    "AT": lambda writer, value, tail: writer.at(value.name, tail=tail),
    "BRANCH": _branch,
    "SUBPATTERN": lambda writer, value, tail: writer.group(value, tail=tail),
    "MAX_REPEAT": lambda writer, value, _: writer.repeated(value, ""),
    "MIN_REPEAT": lambda writer, value, _: writer.repeated(value, "?"),
}
"""Python's operations that RE2 has, too. That of a possessive repetition is not among them."""

_WORDS = {
    "ASSERT": "looking ahead or behind",
    "ASSERT_NOT": "looking ahead or behind",
    "GROUPREF": "a reference back to a group",
    "GROUPREF_EXISTS": "a condition on a group",
    "ATOMIC_GROUP": "an atomic group",
    "POSSESSIVE_REPEAT": "a possessive repetition",
}


def _escaped(code: int) -> str:
    letter = chr(code)
    return letter if letter.isascii() and letter.isalnum() else f"\\x{{{code:x}}}"
