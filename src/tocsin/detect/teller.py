"""What made a rule fire, as the plain matcher's evidence has it, told from what has been found already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tocsin.detect.cheap import cheap_tester
from tocsin.detect.oracle import evidence
from tocsin.detect.reading import Reading
from tocsin.detect.residue import Hits, Signal, Signals
from tocsin.rules.ir import And, Cidr, Compare, Node, Not, Or, Present, Reference, Regex, Selection, Text

Found = list[tuple[str, str]] | None
"""Fields with values as text; None when the node does not hold."""

Teller = Callable[[Reading, Hits], Found]


def teller(node: Node, signals: Signals, *, holds: bool = True) -> Teller:
    """Return the function that gives a node's evidence; what is known is not tested.

    Args:
        node: whose evidence it is.
        signals: say which atoms cannot hold, by what was found.
        holds: whether the function is only called where the node is known to hold.
    """
    match node:
        case And():
            return _of_all([teller(child, signals, holds=holds) for child in node.nodes])
        case Or():
            return _of_any(node.nodes, signals)
        case Not():
            inner = None if holds else teller(node.node, signals, holds=False)
            return lambda reading, hits: [] if inner is None or inner(reading, hits) is None else None
        case Selection():
            return teller(node.node, signals, holds=holds)
        case Present() | Reference():
            return lambda reading, _: _listed(evidence(node, reading))
        case _:
            return _of_atom(node, signals.get(node), holds=holds)


def is_settled(node: Node, signals: Signals, *, holds: bool = True) -> bool:
    """Say whether the patterns found tell in which fields a node's evidence is, if each holds one scalar.

    Args:
        node: whose evidence it is.
        signals: say which atoms hold, by what was found.
        holds: whether the node is known to hold.
    """
    match node:
        case And():
            return all(is_settled(child, signals, holds=holds) for child in node.nodes)
        case Or():
            return all(is_settled(child, signals, holds=False) for child in node.nodes)
        case Not():
            return holds or is_settled(node.node, signals, holds=False)
        case Selection():
            return is_settled(node.node, signals, holds=holds)
        case _:
            signal = signals.get(node)
            return holds or (signal is not None and signal.exact)


def _of_atom(atom: Text | Regex | Cidr | Compare, signal: Signal | None, *, holds: bool) -> Teller:
    field, test = atom.field, cheap_tester(atom)
    ids = None if signal is None else signal.ids
    known = holds or (signal is not None and signal.exact)

    def told(reading: Reading, hits: Hits) -> Found:
        if ids is not None and ids.isdisjoint(hits):
            return None
        values = reading.values(field)
        if known and len(values) == 1:  # then it holds for this one
            return [(values[0].name, values[0].text)]
        return [(v.name, v.text) for v in values if test(v)] or None

    return told


def _listed(found: tuple[tuple[str, str], ...] | None) -> Found:
    return None if found is None else list(found)


def _of_all(tellers: list[Teller]) -> Teller:
    def told(reading: Reading, hits: Hits) -> Found:
        every: list[tuple[str, str]] = []
        for tell in tellers:
            found = tell(reading, hits)
            if found is None:
                return None
            every += found
        return every

    return told


def _of_any(nodes: Sequence[Node], signals: Signals) -> Teller:
    """Ask only those of which a pattern was found, as conditions can name hundreds of values."""
    tellers = [teller(node, signals, holds=False) for node in nodes]
    always: list[int] = []
    places: dict[int, list[int]] = {}
    for place, node in enumerate(nodes):
        signal = signals.get(node) if not isinstance(node, And | Or | Not | Selection) else None
        if signal is None:
            always.append(place)
        for number in signal.ids if signal is not None else ():
            places.setdefault(number, []).append(place)

    def told(reading: Reading, hits: Hits) -> Found:
        asked = set(always)
        for number in places.keys() & hits:
            asked.update(places[number])
        held = [found for place in sorted(asked) if (found := tellers[place](reading, hits)) is not None]
        return [pair for found in held for pair in found] if held else None

    return told
