"""Coverage as layers of the ATT&CK Navigator: what rules look for, and what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tocsin.attack.navigator import layer
from tocsin.rules.coverage import TechniqueCoverage

_TITLES = 10
"""Titles of rules shown over a cell of the layer; the others are counted."""


def coverage_layer(techniques: Sequence[TechniqueCoverage], name: str) -> dict[str, Any]:
    """Return a layer of how many rules name each technique; `name` says where the rules come from."""
    scores = {t.technique.id: float(len(t.rules)) for t in techniques if t.rules}
    return layer(f"Rules: {name}", scores, _comments(techniques), "How many rules name each technique.")


def observed_layer(techniques: Sequence[TechniqueCoverage], name: str) -> dict[str, Any]:
    """Return a layer of how many events were labelled with each technique; `name` says which events."""
    scores = {t.technique.id: float(t.seen) for t in techniques if t.seen}
    return layer(
        f"Observed: {name}", scores, _comments(techniques), "How many events were labelled with each."
    )


def _comments(techniques: Sequence[TechniqueCoverage]) -> dict[str, str]:
    return {t.technique.id: "\n".join(_titles(t)) for t in techniques if t.rules}


def _titles(covered: TechniqueCoverage) -> Iterator[str]:
    for rule in covered.rules[:_TITLES]:
        yield f"{rule.title} ({rule.level})"
    if len(covered.rules) > _TITLES:
        yield f"and {len(covered.rules) - _TITLES:,} more"
