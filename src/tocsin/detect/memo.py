"""Remembers conclusions by what the rules of a route see of an event: equal events cost a look-up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from tocsin.rules.ir import And, Node, Not, Or, Present, Reference, Selection

T = TypeVar("T")

Sight = tuple[object, ...]
"""The values of the fields that a route's rules read: events with the same sight are judged the same."""


def fields_of(nodes: Iterable[Node]) -> frozenset[str | None]:
    """Return the fields that conditions read; None among them when one reads all fields."""
    found: set[str | None] = set()
    waiting = list(nodes)
    while waiting:
        match waiting.pop():
            case And(nodes=children) | Or(nodes=children):
                waiting += children
            case Not(node=child) | Selection(node=child):
                waiting.append(child)
            case Reference(field=field, other=other):
                found |= {field, other}
            case Present(field=field):
                found.add(field)
            case atom:
                found.add(atom.field)
    return frozenset(found)


class Memo(Generic[T]):
    """What was concluded about the events of one route.

    Args:
        fields: that the route's rules read.
        most: conclusions kept before it starts anew.
        most_text: characters that their sights may have.
    """

    def __init__(self, fields: frozenset[str | None], most: int, most_text: int) -> None:
        self._names = _names(fields)
        self._most = most
        self._most_text = most_text
        self._found: dict[Sight, T] = {}
        self._text = 0

    def sight(self, fields: Mapping[str, object]) -> Sight | None:
        """Return what the rules see of an event; None when it cannot be told by a few scalars."""
        if self._names is None:
            return None
        seen = tuple([distinct(fields.get(name)) for name in self._names])
        return None if _COMPOSITE in seen else seen

    def get(self, sight: Sight) -> T | None:
        """Return what was concluded when this was seen before."""
        return self._found.get(sight)

    def keep(self, sight: Sight, conclusion: T) -> None:
        """Remember a conclusion."""
        if len(self._found) >= self._most or self._text >= self._most_text:
            self._found.clear()
            self._text = 0
        self._text += sum(len(value) for value in sight if isinstance(value, str))
        self._found[sight] = conclusion


_COMPOSITE = object()


def distinct(value: object) -> object:
    """Return a value such that two are equal only when rules cannot tell them apart.

    In Python 1, 1.0 and True are equal, and so are 0.0 and -0.0; as text they are not.
    """
    if value is None or type(value) is str:
        return value
    if isinstance(value, int | float):
        return (type(value), repr(value))
    return _COMPOSITE


def _names(fields: frozenset[str | None]) -> tuple[str, ...] | None:
    """Return the keys to look at; a dotted name may lead into an object, so its beginnings count too."""
    names: set[str] = set()
    for field in fields:
        if field is None:
            return None
        parts = field.split(".")
        names |= {".".join(parts[: i + 1]) for i in range(len(parts))}
    return tuple(sorted(names))
