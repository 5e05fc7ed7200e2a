"""Which patterns to look for: of the things a rule cannot do without, the rarest."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tocsin.detect.clues import Clue, Pattern, Where, clue_of
from tocsin.detect.literals import SHORTEST, is_common
from tocsin.rules.ir import And, Atom, Node, Not, Or, Selection

Clues = Mapping[Atom, Clue | None]

Price = Callable[[Pattern], float]
"""How often a pattern is expected to be found, relative to others."""


def expected(pattern: Pattern, uses: int = 1) -> float:
    """Return a guess of how often a pattern is found in a value of its field, from 0 to 1.

    Letters of English-like text carry about two bits each; a text tied to an end is rarer by a little. What
    many rules ask for is what many events have: `powershell.exe` is in one rule out of ten.
    """
    match pattern.where:
        case Where.PRESENT | Where.TEST | Where.PAIR:
            return 1.0
        case Where.WHOLE if len(pattern.literal) <= _WORD:
            guess = 0.3
        case where if where is not Where.WHOLE and is_common(pattern.literal):
            guess = 0.3
        case Where.WHOLE:
            guess = 0.02
        case _:
            guess = 2.0 ** (-0.7 * len(pattern.literal))
    return min(1.0, max(guess, _LEAST) * uses)


def is_everywhere(literal: str) -> bool:
    """Say whether a literal is in the paths of nearly all programs that run."""
    return _EVERYWHERE.fullmatch(literal) is not None


def is_short(pattern: Pattern) -> bool:
    """Say whether a pattern is so short that it is in many values."""
    return pattern.where is Where.ANYWHERE and len(pattern.literal) < SHORTEST


def is_dear(pattern: Pattern) -> bool:
    """Say whether a pattern has to be looked for in each value, as no scan tells in which few it may be."""
    if pattern.where is not Where.TEST or pattern.atom is None:
        return is_short(pattern)
    clue = clue_of(pattern.atom)
    return clue is None or any(map(is_short, clue.patterns))


_EVERYWHERE = re.compile(r"\.exe|(c?:)?\\?(windows\\)?(system(32)?\\?)?")

_WORD = 6
"""Whole values so short are words such as `true`, `High` or `0x3e7`, of which a field has few."""

_LEAST = 0.0005


def cover_of(node: Node, clues: Clues, price: Price) -> frozenset[Pattern] | None:
    """Return the cheapest patterns of which at least one is found if a node holds; None if there are none."""
    match node:
        case And():
            covers = [c for child in node.nodes if (c := cover_of(child, clues, price)) is not None]
            return min(covers, key=lambda cover: cost(cover, price), default=None)
        case Or():
            found: set[Pattern] = set()
            for child in node.nodes:
                cover = cover_of(child, clues, price)
                if cover is None:
                    return None
                found |= cover
            return frozenset(found)
        case Not():
            return None
        case Selection():
            return cover_of(node.node, clues, price)
        case _:
            clue = clues[node]
            return None if clue is None else clue.patterns


def cost(cover: frozenset[Pattern], price: Price) -> float:
    """Return how often at least one of the patterns is expected to be found."""
    return sum(map(price, cover))
