"""Texts that a value must contain if a regular expression is to be found in it, to look for beforehand."""

from __future__ import annotations

import re
from re import _constants as ops  # type: ignore[attr-defined]  # Python's own parser has no public name
from re import _parser as parser  # type: ignore[attr-defined]  # the same
from typing import Any

SHORTEST = 3
"""Shorter texts are in too many values to tell anything."""

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}


def required(pattern: str, flags: str) -> frozenset[str]:
    """Return small-lettered ASCII texts of which an ASCII value must contain one, its case aside.

    The value must have nothing but ASCII characters: outside of it, expressions without regard to case take
    more letters for equal than `str.lower` does (such as the long s for an s).

    Returns:
        nothing when no such text is known.
    """
    value = 0
    for flag in flags:
        value |= _FLAGS[flag]
    try:
        return _best(parser.parse(pattern, value))
    except (re.error, RecursionError, OverflowError):
        return frozenset()


def _best(sequence: Any) -> frozenset[str]:  # noqa: ANN401 - the parser's own, undocumented types
    """Return the alternatives that tell most: those whose shortest text is the longest."""
    found: list[frozenset[str]] = []
    run = ""
    for op, argument in sequence:
        if op is ops.LITERAL and argument < 128:
            run += chr(argument).lower()
            continue
        found.append(frozenset({run}))
        run = ""
        found.append(_inside(op, argument))
    found.append(frozenset({run}))
    told = [texts for texts in found if texts and min(map(len, texts)) >= SHORTEST]
    return max(told, key=lambda texts: (min(map(len, texts)), -len(texts)), default=frozenset())


def _inside(op: Any, argument: Any) -> frozenset[str]:  # noqa: ANN401 - as above
    if op is ops.SUBPATTERN:
        return _best(argument[-1])
    if op is ops.ATOMIC_GROUP:
        return _best(argument)
    if op in {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT} and argument[0] > 0:
        return _best(argument[-1])
    if op is ops.BRANCH:
        branches = [_best(branch) for branch in argument[1]]
        return frozenset().union(*branches) if all(branches) else frozenset()
    return frozenset()
