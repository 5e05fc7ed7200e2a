"""What is left of a rule once it is known which patterns were found: true, false, or atoms to be tested."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from tocsin.rules.ir import And, Atom, Node, Not, Or, Selection, joined

Hits = frozenset[int]
"""The patterns found in an event's values, by number."""

Residue = Node | bool

Deduction = Callable[[Hits], Residue]
"""From what was found to what is still to be tested."""


class Signal:
    """What the patterns that are looked for say about an atom.

    Attributes:
        ids: if the atom holds, one of them is found.
        exact: if one is found, it holds.
    """

    __slots__ = ("exact", "ids")

    def __init__(self, ids: Collection[int], *, exact: bool) -> None:
        self.ids = frozenset(ids)
        self.exact = exact


class Signals(Protocol):
    """What is known of atoms."""

    def get(self, atom: Atom, /) -> Signal | None:
        """Return what patterns say about an atom; None unless all of its patterns are looked for."""


def deduction(node: Node, signals: Signals) -> Deduction:
    """Return the function that says what is left of a node."""
    match node:
        case And() | Or():
            return _linked(node, signals)
        case Not():
            inner = deduction(node.node, signals)
            return lambda hits: _negated(inner(hits))
        case Selection():
            return deduction(node.node, signals)
        case _:
            return _of_atom(node, signals)


def _of_atom(atom: Atom, signals: Signals) -> Deduction:
    signal = signals.get(atom)
    if signal is None:
        return lambda _: atom
    ids = signal.ids
    if signal.exact:
        return lambda hits: not ids.isdisjoint(hits)
    return lambda hits: False if ids.isdisjoint(hits) else atom


def _negated(found: Residue) -> Residue:
    return not found if isinstance(found, bool) else Not(found)


def _linked(node: And | Or, signals: Signals) -> Deduction:
    """Decide atoms of which the patterns say all in one set operation, and the others one by one."""
    told: set[int] = set()
    rest: list[Deduction] = []
    for child in node.nodes:
        signal = signals.get(child) if not isinstance(child, And | Or | Not | Selection) else None
        if signal is not None and signal.exact and len(signal.ids) == 1:
            told |= signal.ids
        else:
            rest.append(deduction(child, signals))
    if isinstance(node, And):
        return _all_of(frozenset(told), tuple(rest))
    return _any_of(frozenset(told), tuple(rest))


def _all_of(told: Hits, rest: tuple[Deduction, ...]) -> Deduction:
    def deduce(hits: Hits) -> Residue:
        if not told <= hits:
            return False
        left = []
        for inner in rest:
            found = inner(hits)
            if found is False:
                return False
            if not isinstance(found, bool):
                left.append(found)
        return joined(And, tuple(left)) if left else True

    return deduce


def _any_of(told: Hits, rest: tuple[Deduction, ...]) -> Deduction:
    def deduce(hits: Hits) -> Residue:
        if not told.isdisjoint(hits):
            return True
        left = []
        for inner in rest:
            found = inner(hits)
            if found is True:
                return True
            if not isinstance(found, bool):
                left.append(found)
        return joined(Or, tuple(left)) if left else False

    return deduce
