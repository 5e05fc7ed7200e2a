"""What made a rule fire, as the plain matcher's evidence has it, told from what has been found already."""

from __future__ import annotations

from collections.abc import Callable

from tocsin.detect.cheap import cheap_tester
from tocsin.detect.oracle import evidence
from tocsin.detect.reading import Reading
from tocsin.detect.residue import Hits, Signals
from tocsin.rules.ir import And, Node, Not, Or, Present, Reference, Selection

Found = list[tuple[str, str]] | None
"""Fields with values as text; None when the node does not hold."""

Teller = Callable[[Reading, Hits], Found]


def teller(node: Node, signals: Signals) -> Teller:
    """Return the function that gives a node's evidence; what is known not to hold is not tested."""
    match node:
        case And():
            return _of_all([teller(child, signals) for child in node.nodes])
        case Or():
            return _of_any([teller(child, signals) for child in node.nodes])
        case Not():
            inner = teller(node.node, signals)
            return lambda reading, hits: [] if inner(reading, hits) is None else None
        case Selection():
            return teller(node.node, signals)
        case Present() | Reference():
            return lambda reading, _: _listed(evidence(node, reading))
        case _:
            field, test = node.field, cheap_tester(node)
            signal = signals.get(node)
            ids = None if signal is None else signal.ids

            def told(reading: Reading, hits: Hits) -> Found:
                if ids is not None and ids.isdisjoint(hits):
                    return None
                return [(v.name, v.text) for v in reading.values(field) if test(v)] or None

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


def _of_any(tellers: list[Teller]) -> Teller:
    def told(reading: Reading, hits: Hits) -> Found:
        held = [found for tell in tellers if (found := tell(reading, hits)) is not None]
        return [pair for found in held for pair in found] if held else None

    return told
