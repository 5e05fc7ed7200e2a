"""What ids are called, and the order in which tactics come, in every table, picture and report."""

from __future__ import annotations

from tocsin.attack import catalogue
from tocsin.model import NO_LABEL, Label

NOT_GIVEN = "(not given)"
"""What an empty value is called where a name is shown."""

_AFTER_ALL = 1_000


def tactic_name(tactic: str) -> str:
    """Return what a tactic id is called."""
    return catalogue().name(tactic) if tactic else NOT_GIVEN


def technique_name(tactic: str, technique: str) -> str:
    """Return what a technique id is called beside the tactic with which it was shown."""
    return catalogue().names(Label(tactic, technique))[1] if technique else NOT_GIVEN


def kill_chain_order(tactic: str) -> tuple[int, str]:
    """Return a key that sorts tactic ids: the catalogue's order, then unknown ones, then none."""
    if tactic in (NO_LABEL.tactic, ""):
        return _AFTER_ALL + 1, tactic
    known = {tactic.id: tactic.order for tactic in catalogue().tactics}
    return known.get(tactic, _AFTER_ALL), tactic
