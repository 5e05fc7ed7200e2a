"""From a rule's tags to its tactics, techniques and label; done once per rule, not per event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tocsin.attack.catalogue import catalogue
from tocsin.attack.tags import Kind, Tag
from tocsin.model import NO_LABEL, Label


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a rule's tags say of the adversary, in the terms of the current catalogue.

    Attributes:
        tactics: ids, in kill-chain order.
        techniques: ids, sorted.
        label: the one tactic and technique shown; None when no tag names any.
        notes: a sentence for each tag that is out of date or unknown.
    """

    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    label: Label | None
    notes: tuple[str, ...]


def attribution(tags: Iterable[str]) -> Attribution:
    """Return what the tags of one rule say together.

    A tactic that a later version split (Defense Evasion) becomes those of its successors that the rule's
    techniques serve. Where they serve none of them, the tag says nothing any more: if it was the rule's only
    tactic, the techniques' own tactics take its place. Without techniques it becomes its first successor,
    which kept its id.
    """
    read = [catalogue().tag(tag) for tag in tags]
    techniques = {tag.technique for tag in read if tag.technique is not None}
    served = {tactic for tag in read if tag.kind is Kind.TECHNIQUE for tactic in tag.tactics}
    named = {tactic for tag in read if tag.kind is Kind.TACTIC for tactic in _meant(tag, served)}
    has_tactic = any(tag.kind is Kind.TACTIC for tag in read)
    tactics = catalogue().in_order(served if has_tactic and not named else named)
    in_order = tuple(sorted(techniques))
    notes = tuple(tag.note for tag in read if tag.note)
    return Attribution(tactics, in_order, label_of(tactics, in_order), notes)


def _meant(tag: Tag, served: set[str]) -> Iterable[str]:
    if len(tag.tactics) == 1:
        return tag.tactics
    return served.intersection(tag.tactics) if served else tag.tactics[:1]


def label_of(tactics: Sequence[str], techniques: Sequence[str]) -> Label | None:
    """Return the label of a rule with these tactic and technique ids.

    The technique is the most specific one: a sub-technique before a technique, then the lowest id. The tactic
    is, of the rule's tactics that the technique serves in the catalogue, the first in kill-chain order; else
    the technique's own first. Without a technique the label is the rule's first tactic with `T0000`; without
    either there is none. Withdrawn ids count as their successors, unknown ones not at all.
    """
    known = catalogue()
    rules = known.in_order({tactic.strip().upper() for tactic in tactics})
    current = {known.current(technique) for technique in techniques}
    ranked = sorted((t.parent is None, t.id) for t in map(known.technique, filter(None, current)) if t)
    if ranked:
        technique = ranked[0][1]
        serves = known.techniques[technique].tactics
        return Label(next((tactic for tactic in rules if tactic in serves), serves[0]), technique)
    return Label(rules[0], NO_LABEL.technique) if rules else None
