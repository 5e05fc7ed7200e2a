"""The plain matcher: evaluates one rule on one event by the book. Faster ones are compared with it.

Written to be read: one function per kind of atom, no index, nothing shared between rules.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import isfinite
from typing import assert_never

from tocsin.detect.reading import Reading, Value
from tocsin.rules.ir import (
    And,
    Cidr,
    Compare,
    Node,
    Not,
    Op,
    Or,
    Part,
    Present,
    Reference,
    Regex,
    Selection,
    Text,
    TimePart,
    Wild,
    fold,
)
from tocsin.rules.regex import compiled

Test = Callable[[Value], bool]
"""Says whether one value satisfies an atom."""

Matcher = Callable[[Reading], bool]
"""Says whether an event satisfies a node."""

Evidence = tuple[tuple[str, str], ...]
"""Fields and the values, as text, that made a node hold."""


def matcher(node: Node) -> Matcher:  # noqa: PLR0911 - one return per kind of node
    """Return the function that says whether a node holds for an event."""
    match node:
        case And():
            all_of = [matcher(child) for child in node.nodes]
            return lambda reading: all(holds(reading) for holds in all_of)
        case Or():
            any_of = [matcher(child) for child in node.nodes]
            return lambda reading: any(holds(reading) for holds in any_of)
        case Not():
            inner = matcher(node.node)
            return lambda reading: not inner(reading)
        case Selection():
            return matcher(node.node)
        case Present():
            return lambda reading: reading.is_present(node.field)
        case Reference():
            return lambda reading: bool(_referring(node, reading))
        case _:
            field, test = node.field, tester(node)
            return lambda reading: any(test(value) for value in reading.values(field))


def evidence(node: Node, reading: Reading) -> Evidence | None:
    """Return what made a node hold: the values of its atoms that hold, in the rule's order, each once.

    Returns:
        None when the node does not hold; nothing at all when it holds only because something does not.
    """
    found = _evidence(node, reading)
    return None if found is None else tuple(dict.fromkeys(found))


def _evidence(node: Node, reading: Reading) -> list[tuple[str, str]] | None:  # noqa: PLR0911 - as above
    match node:
        case And():
            every = [_evidence(child, reading) for child in node.nodes]
            if any(part is None for part in every):
                return None
            return [pair for part in every for pair in part or ()]
        case Or():
            held = [part for child in node.nodes if (part := _evidence(child, reading)) is not None]
            return [pair for part in held for pair in part] if held else None
        case Not():
            return [] if _evidence(node.node, reading) is None else None
        case Selection():
            return _evidence(node.node, reading)
        case Present():
            if not reading.is_present(node.field):
                return None
            return [(value.name, value.text) for value in reading.values(node.field)]
        case Reference():
            return _referring(node, reading) or None
        case _:
            test = tester(node)
            return [(v.name, v.text) for v in reading.values(node.field) if test(v)] or None


@lru_cache(maxsize=100_000)  # more than all rules of SigmaHQ have atoms
def tester(atom: Text | Regex | Cidr | Compare) -> Test:
    """Return the function that says whether a value satisfies an atom."""
    match atom:
        case Text():
            return _text_test(atom)
        case Regex():
            return _regex_test(atom)
        case Cidr():
            return _cidr_test(atom)
        case Compare():
            return _compare_test(atom)
        case _:
            assert_never(atom)


def _text_test(atom: Text) -> Test:
    pattern = _glob(atom.parts if atom.cased else tuple(_folded(part) for part in atom.parts))
    if atom.cased:
        return lambda value: pattern(value.text)
    return lambda value: pattern(value.folded)


def _folded(part: Part) -> Part:
    return part if isinstance(part, Wild) else fold(part)


def _glob(parts: tuple[Part, ...]) -> Callable[[str], bool]:
    match parts:
        case ():
            return lambda text: text == ""
        case (str(literal),):
            return lambda text: text == literal
        case (Wild.MANY, str(literal), Wild.MANY):
            return lambda text: literal in text
        case (str(literal), Wild.MANY):
            return lambda text: text.startswith(literal)
        case (Wild.MANY, str(literal)):
            return lambda text: text.endswith(literal)
        case _:
            expression = re.compile(glob_expression(parts), re.DOTALL)
            return lambda text: expression.match(text) is not None


def glob_expression(parts: tuple[Part, ...]) -> str:
    """Return a regular expression for wildcards that takes at most quadratic time.

    Between two `*`, the leftmost place where a piece fits is as good as any other, because pieces have a
    fixed length; so each is put in an atomic group and never tried again (as `fnmatch` does it).
    """
    pieces = [""]
    for part in parts:
        if part is Wild.MANY:
            pieces.append("")
        else:
            pieces[-1] += "." if part is Wild.ONE else re.escape(part)
    first, *middle = pieces
    if not middle:
        return first + r"\Z"
    last = middle.pop()
    return first + "".join(f"(?>.*?{piece})" for piece in middle) + f".*{last}" + r"\Z"


def _regex_test(atom: Regex) -> Test:
    expression = compiled(atom.pattern, atom.flags)
    return lambda value: expression.search(value.text) is not None


def _cidr_test(atom: Cidr) -> Test:
    def test(value: Value) -> bool:
        try:
            address = ip_address(value.text)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return address in atom.network or (mapped is not None and mapped in atom.network)

    return test


_RELATIONS: dict[Op, Callable[[float, float], bool]] = {
    Op.EQ: operator.eq,
    Op.LT: operator.lt,
    Op.LTE: operator.le,
    Op.GT: operator.gt,
    Op.GTE: operator.ge,
}


def _compare_test(atom: Compare) -> Test:
    relation = _RELATIONS[atom.op]
    part = atom.part

    def test(value: Value) -> bool:
        number = number_in(value) if part is None else time_part_in(value, part)
        return number is not None and relation(number, atom.number)

    return test


_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_LONGEST = 400  # more digits than the largest float has; beyond it no number is meant


def number_in(value: Value) -> int | float | None:
    """Return the number that a value is, or that its text reads as; a boolean is none."""
    if not isinstance(value.raw, str):
        return None if isinstance(value.raw, bool) else value.raw
    found = _NUMBER.fullmatch(value.raw) if len(value.raw) <= _LONGEST else None
    if found is None:
        return None
    return float(value.raw) if found[1] or found[2] else int(value.raw)


_TOO_LATE = 100_000_000_000
"""As seconds since 1970 this is the year 5138: larger numbers are milli-, micro- or nanoseconds."""

_PARTS: dict[TimePart, Callable[[datetime], int]] = {
    TimePart.MINUTE: lambda time: time.minute,
    TimePart.HOUR: lambda time: time.hour,
    TimePart.DAY: lambda time: time.day,
    TimePart.WEEK: lambda time: time.isocalendar().week,
    TimePart.MONTH: lambda time: time.month,
    TimePart.YEAR: lambda time: time.year,
}


def time_part_in(value: Value, part: TimePart) -> int | None:
    """Return a part of the time that a value is, or None when it is none."""
    try:
        if isinstance(value.raw, str):
            return _PARTS[part](datetime.fromisoformat(value.raw))
        seconds = value.raw
        if isinstance(seconds, bool) or not isfinite(seconds):
            return None
        while abs(seconds) >= _TOO_LATE:
            seconds /= 1000
        return _PARTS[part](datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _referring(atom: Reference, reading: Reading) -> list[tuple[str, str]]:
    """Return the values of both fields that stand in the relation."""
    found = []
    for value in reading.values(atom.field):
        for other in reading.values(atom.other):
            pair = (value.text, other.text) if atom.cased else (value.folded, other.folded)
            if stands(atom, *pair):
                found += [(value.name, value.text), (other.name, other.text)]
    return found


def stands(atom: Reference, text: str, other: str) -> bool:
    """Say whether two texts stand in the relation; both are folded unless the atom is cased."""
    if atom.starts and atom.ends:
        return other in text
    if atom.starts:
        return text.startswith(other)
    if atom.ends:
        return text.endswith(other)
    return text == other
