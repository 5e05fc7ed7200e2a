"""Which characters of a value an atom matched, so that explanations can point at them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from tocsin.detect.oracle import tester
from tocsin.detect.reading import Value
from tocsin.rules.ir import Cidr, Compare, Part, Regex, Text, Wild, fold
from tocsin.rules.regex import compiled

Span = tuple[int, int]
"""First character, and the one after the last; counted in the value's text."""

MOST = 20
"""Spans given of one value; a script may hold a short literal thousands of times."""


def spans_of(atom: Text | Regex | Cidr | Compare, value: Value) -> tuple[Span, ...]:
    """Return the parts of a value that satisfy an atom, from left to right; none when it does not.

    Of a literal with wildcards these are the places of its plain pieces.
    """
    if not tester(atom)(value):
        return ()
    match atom:
        case Text():
            found = _literal(atom, value)
        case Regex():
            hit = compiled(atom.pattern, atom.flags).search(value.text)
            found = [hit.span()] if hit else []
        case _:
            found = [(0, len(value.text))]
    return tuple(span for span in found if span[0] < span[1])


def _literal(atom: Text, value: Value) -> list[Span]:
    if atom.cased:
        return list(islice(_pieces(atom.parts, value.text), MOST))
    parts = tuple(part if isinstance(part, Wild) else fold(part) for part in atom.parts)
    found = list(islice(_pieces(parts, value.folded), MOST))
    if len(value.folded) == len(value.text):
        return found
    places = _unfolded(value.text)
    return [(places[begin], places[end - 1] + 1) for begin, end in found if begin < end]


def _unfolded(text: str) -> list[int]:
    """Return for each character of the folded text the place of the character that it comes from."""
    return [place for place, sign in enumerate(text) for _ in fold(sign)]


def _pieces(parts: tuple[Part, ...], text: str) -> Iterator[Span]:
    match parts:
        case (Wild.MANY, str(literal), Wild.MANY):
            place = text.find(literal)
            while place >= 0:
                yield place, place + len(literal)
                place = text.find(literal, place + max(1, len(literal)))
        case _:
            hit = _expression(parts).match(text)
            if hit:
                yield from (hit.span(group) for group in range(1, len(hit.groups()) + 1))


@lru_cache(maxsize=1_000)
def _expression(parts: tuple[Part, ...]) -> re.Pattern[str]:
    """Return an expression with a group per piece; each takes the leftmost place, as the matcher does it."""
    pieces = [""]
    for part in parts:
        if part is Wild.MANY:
            pieces.append("")
        else:
            pieces[-1] += "." if part is Wild.ONE else re.escape(part)
    first, *middle = pieces
    if not middle:
        return re.compile(rf"({first})\Z", re.DOTALL)
    last = middle.pop()
    between = "".join(f"(?>.*?({piece}))" for piece in middle)
    return re.compile(rf"({first}){between}.*({last})\Z", re.DOTALL)
