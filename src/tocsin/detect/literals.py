"""Texts that a value must contain if a regular expression is to be found in it, to look for beforehand."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from re import _constants as ops  # type: ignore[attr-defined]  # Python's own parser has no public name
from re import _parser as parser  # type: ignore[attr-defined]  # the same
from typing import Any

SHORTEST = 3
"""Shorter texts are in too many values to be looked for among thousands of others."""

_VARIANTS = 16
"""How many texts a piece of an expression may stand for, such as `[ab]` for two."""

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}

Texts = frozenset[str]


def required(pattern: str, flags: str, shortest: int = SHORTEST) -> Texts:
    """Return small-lettered ASCII texts of which an ASCII value must contain one, its case aside.

    The value must have nothing but ASCII characters: outside of it, expressions without regard to case take
    more letters for equal than `str.lower` does (such as the long s for an s).

    Returns:
        nothing when no such texts of at least `shortest` characters are known.
    """
    tree = _parsed(pattern, flags)
    return frozenset() if tree is None else _best(tree, shortest)


def is_common(literal: str) -> bool:
    """Say whether a literal is made of nothing but words that most paths have, like `windows` or `exe`."""
    words = _WORDS.findall(literal)
    return bool(words) and _COMMON.issuperset(words)


_WORDS = re.compile(r"[a-z0-9]+")

_COMMON = frozenset(
    {
        "c",
        "windows",
        "system32",
        "system",
        "exe",
        "dll",
        "ntdll",
        "kernel32",
        "kernelbase",
        "program",
        "files",
    }
    | {"users", "authori", "authority", "software", "microsoft", "currentversion", "usr", "bin", "sbin"}
)


def least_length(pattern: str, flags: str) -> int:
    """Return how many characters a text has at least that an expression is found in."""
    tree = _parsed(pattern, flags)
    return 0 if tree is None else int(tree.getwidth()[0])


def is_free_of_context(pattern: str, flags: str) -> bool:
    """Say whether what an expression is found in, it is also found in as a line of any longer text.

    So where it is not in the longer text, it is in no line of it. With the flag `m` ends of lines are as good
    as those of the text, and a border of a word is one at the end of a line, too.
    """
    tree = _parsed(pattern, flags)
    if tree is None or _UNSET.search(pattern):
        return False
    found = set(_operations(tree))
    return not found & _CONTEXT and ("m" in flags or "AT" not in found)


_CONTEXT = frozenset(
    {"ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS", "AT_BEGINNING_STRING", "AT_END_STRING"}
)
"""Looks around, what depends on what was found before, and ends of the text whatever the flags."""

_UNSET = re.compile(r"\(\?[a-z]*-")
"""Takes a flag away from a part of an expression."""


def _operations(tree: Any) -> Iterator[str]:  # noqa: ANN401 - the parser's own, undocumented types
    """Yield the names of all that an expression is made of: as numbers, some of different kinds are equal."""
    if isinstance(tree, parser.SubPattern):
        for op, argument in tree:
            yield op.name
            if op is ops.AT:
                yield argument.name
            yield from _operations(argument)
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from _operations(part)


def _parsed(pattern: str, flags: str) -> Any | None:  # noqa: ANN401 - the parser's own, undocumented types
    value = 0
    for flag in flags:
        value |= _FLAGS[flag]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as "possible nested set", of which the gate has judged
            return parser.parse(pattern, value)
    except (re.error, RecursionError, OverflowError):
        return None


def _best(sequence: Any, shortest: int) -> Texts:  # noqa: ANN401 - as above
    """Return the alternatives that tell most: those whose shortest text is the longest, and not common."""
    found: list[Texts] = []
    run: Texts = _NOTHING
    for item in _spliced(sequence):
        texts = _texts_of(*item)
        if texts and len(run) * len(texts) <= _VARIANTS:
            run = frozenset(before + after for before in run for after in texts)
            continue
        found.append(run)
        run = texts or _NOTHING
        if not texts:
            found.append(_inside(*item, shortest))
    found.append(run)
    told = [texts for texts in found if texts and min(map(len, texts)) >= shortest]
    return max(told, key=_telling, default=frozenset())


def _telling(texts: Texts) -> tuple[bool, int, int]:
    shortest = min(map(len, texts))
    return shortest >= SHORTEST and not any(map(is_common, texts)), shortest, -len(texts)


_NOTHING: Texts = frozenset({""})


def _spliced(sequence: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - as above
    """Yield the parts of an expression, with what is repeated exactly once in its place."""
    for op, argument in sequence:
        if op in _REPEATS and argument[0] == argument[1] == 1:
            yield from _spliced(argument[-1])
        else:
            yield op, argument


_REPEATS = {ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT}


def _texts_of(op: Any, argument: Any) -> Texts:  # noqa: ANN401 - as above
    """Return all the texts that a part of an expression stands for, if they are few characters."""
    if op is ops.LITERAL and argument < 128:
        return frozenset({chr(argument).lower()})
    if op is ops.IN and all(kind is ops.LITERAL and code < 128 for kind, code in argument):
        return frozenset(chr(code).lower() for _, code in argument)
    return frozenset()


def _inside(op: Any, argument: Any, shortest: int) -> Texts:  # noqa: ANN401 - as above
    if op is ops.SUBPATTERN:
        return _best(argument[-1], shortest)
    if op is ops.ATOMIC_GROUP:
        return _best(argument, shortest)
    if op in _REPEATS and argument[0] > 0:
        return _best(argument[-1], shortest)
    if op is ops.BRANCH:
        branches = [_best(branch, shortest) for branch in argument[1]]
        return frozenset().union(*branches) if all(branches) else frozenset()
    return frozenset()
