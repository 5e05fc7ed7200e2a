"""The one label of an event, chosen among the rules that fired on it."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.model import NO_LABEL, Label
from tocsin.rules import Rule


def label_among(fired: Iterable[Rule]) -> Label:
    """Return the label of the rule of the highest level; of those, most specific technique, then lowest id.

    Rules without ATT&CK tags have no label to give; where no other fired, the label is `NO_LABEL`.
    """
    ranked = sorted(
        (-rule.level, _vagueness(rule.label), rule.id, rule.label) for rule in fired if rule.label is not None
    )
    return ranked[0][-1] if ranked else NO_LABEL


def _vagueness(label: Label) -> int:
    """Return 0 for a sub-technique, 1 for a technique, 2 for a tactic alone."""
    if "." in label.technique:
        return 0
    return 1 if label.technique != NO_LABEL.technique else 2
