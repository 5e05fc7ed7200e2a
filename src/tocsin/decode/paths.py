"""What stands at a dotted place of a JSON object, whether it is nested there or a dotted key of its own."""

from __future__ import annotations

from collections.abc import Mapping


def at(found: Mapping[str, object], path: str) -> object:
    """Return what a dotted name leads to; None when there is nothing.

    Through a list it leads into each of the list's objects, and gives what it finds there: alone, or as a
    list.
    """
    if path in found:
        return found[path]
    head, dot, rest = path.partition(".")
    while dot:
        if head in found:
            inner = _within(found[head], rest)
            if inner is not None:
                return inner
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def first(found: Mapping[str, object], paths: tuple[str, ...]) -> object:
    """Return what the first of several names that leads to something leads to."""
    for path in paths:
        value = at(found, path)
        if value is not None:
            return value
    return None


def text_at(found: Mapping[str, object], paths: tuple[str, ...]) -> str:
    """Return the first of several places that has a text or a number, as text; else an empty one."""
    for path in paths:
        value = at(found, path)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, str) and value:
            return value
        if type(value) is int:
            return str(value)
    return ""


def _within(value: object, rest: str) -> object:
    if isinstance(value, Mapping):
        return at(value, rest)
    if isinstance(value, list):
        inner = [at(item, rest) for item in value if isinstance(item, Mapping)]
        there = [item for item in inner if item is not None]
        return there[0] if len(there) == 1 else there or None
    return None
