"""An event's fields as rules read them: looked up, flattened, turned to text and folded once per event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tocsin.rules.ir import fold

EXACT = 2**53
"""Up to here a float holds every integer exactly."""


class Value(NamedTuple):
    """One scalar of an event.

    Attributes:
        name: of the field that it was found under; dotted when it lies in a nested object.
        raw: a text, a number or a boolean.
        text: what it is compared as.
        folded: the text without regard to case.
    """

    name: str
    raw: str | int | float | bool
    text: str
    folded: str


class Reading:
    """The fields of one event; each is worked out when it is first asked for, and then kept."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields
        self._values: dict[str | None, tuple[Value, ...]] = {}

    def values(self, field: str | None) -> tuple[Value, ...]:
        """Return the scalars of a field; None stands for all fields."""
        found = self._values.get(field)
        if found is None:
            found = self._values[field] = self._worked_out(field)
        return found

    def _worked_out(self, field: str | None) -> tuple[Value, ...]:
        if field is None:
            return tuple(_everything(self._fields))
        raw = self._fields.get(field)
        if type(raw) is str:  # as nearly all are
            return (Value(field, raw, raw, fold(raw)),)
        return tuple(self._read(field))

    def is_present(self, field: str) -> bool:
        """Say whether a field has something that is neither null nor an empty list."""
        return any(True for found in _look_up(self._fields, field) for _ in _leaves(found))

    def _read(self, field: str) -> Iterator[Value]:
        for found in _look_up(self._fields, field):
            for leaf in _leaves(found):
                yield from _value(field, leaf)


def as_text(raw: object) -> str:
    """Return a scalar as Sigma compares it: booleans as `true` and `false`, whole numbers without a point."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < EXACT:
        return str(int(raw))
    return str(raw)


def _look_up(fields: Mapping[str, object], name: str) -> Iterator[object]:
    """Yield what stands under a name: the flat key when there is one, else what its dots lead to.

    A dot leads into objects, and into each of the objects in a list.
    """
    if name in fields:
        yield fields[name]
        return
    head, dot, rest = name.partition(".")
    while dot:
        if head in fields:
            for inner in _leaves(fields[head]):
                if isinstance(inner, Mapping):
                    yield from _look_up(inner, rest)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"


def _leaves(found: object) -> Iterator[object]:
    """Yield what is neither a list nor null, from lists of any depth."""
    waiting = [found]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list | tuple):
            waiting.extend(reversed(item))
        elif item is not None:
            yield item


def _value(name: str, leaf: object) -> Iterator[Value]:
    if isinstance(leaf, str | int | float):
        text = as_text(leaf)
        yield Value(name, leaf, text, fold(text))


def _everything(fields: Mapping[str, object]) -> Iterator[Value]:
    waiting: list[tuple[str, object]] = [("", fields)]
    while waiting:
        name, item = waiting.pop()
        if isinstance(item, Mapping):
            prefix = f"{name}." if name else ""
            waiting.extend((f"{prefix}{key}", held) for key, held in reversed(list(item.items())))
        elif isinstance(item, list | tuple):
            waiting.extend((name, held) for held in reversed(item))
        else:
            yield from _value(name, item)
