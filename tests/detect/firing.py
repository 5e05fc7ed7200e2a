"""Asks the plain matcher whether a rule fires on an event."""

from typing import Any

from tests.rules.texts import rule_of, rule_text
from tocsin.detect.oracle import evidence, matcher
from tocsin.detect.reading import Reading

Event = dict[str, Any]


def fires(detection: dict[str, Any], event: Event, condition: object = "selection") -> bool:
    """Say whether a rule fires; the matcher and the evidence have to agree."""
    node = rule_of(rule_text(detection, condition)).condition
    held = matcher(node)(Reading(event))
    assert held == (evidence(node, Reading(event)) is not None)
    return held


def matches(key: str, wanted: object, event: Event) -> bool:
    """Say whether a rule of one item fires."""
    return fires({"selection": {key: wanted}}, event)
