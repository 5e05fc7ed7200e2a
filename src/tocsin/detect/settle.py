"""What is left of a condition when some of its atoms are known already: partial evaluation."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.rules.ir import And, Atom, Node, Not, Or, Selection, joined

Truths = Mapping[Atom, bool]
"""Atoms of which it is known whether they hold."""

HOLDS: Node = And(())
"""Always holds, and has nothing to show for it."""


def settled(node: Node, truths: Truths) -> Node | bool:
    """Return whether a node holds, or the node that it still depends on."""
    match node:
        case And() | Or():
            decided_by = isinstance(node, Or)
            kept = []
            for child in node.nodes:
                found = settled(child, truths)
                if found is decided_by:
                    return decided_by
                if not isinstance(found, bool):
                    kept.append(found)
            return joined(type(node), tuple(kept)) if kept else not decided_by
        case Not():
            found = settled(node.node, truths)
            return not found if isinstance(found, bool) else Not(found)
        case Selection():
            return settled(node.node, truths)
        case _:
            return truths.get(node, node)


def telling(node: Node, truths: Truths) -> Node | None:
    """Return the part of a node whose evidence is the node's own; None when it cannot hold.

    Unlike in `settled`, atoms that are known to hold stay, since they are evidence.
    """
    match node:
        case And():
            every = [telling(child, truths) for child in node.nodes]
            return None if None in every else And(tuple(n for n in every if n is not None))
        case Or():
            some = tuple(n for child in node.nodes if (n := telling(child, truths)) is not None)
            return Or(some) if some else None
        case Not():
            found = settled(node.node, truths)
            if isinstance(found, bool):
                return None if found else HOLDS
            return Not(found)
        case Selection():
            return telling(node.node, truths)
        case _:
            return node if truths.get(node, True) else None
