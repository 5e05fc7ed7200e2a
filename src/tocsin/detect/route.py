"""Which rules are candidates for an event: those whose log source its own does not contradict."""

from __future__ import annotations

from tocsin.model import LogSource
from tocsin.rules import Rule


def contradicts(event: LogSource, rule: LogSource) -> bool:
    """Say whether an event of one log source cannot be what a rule for the other is about.

    It cannot when both name a product, a category or a service and the names differ; their case does not
    matter. What one side does not say contradicts nothing.
    """
    pairs = (
        (event.product, rule.product),
        (event.category, rule.category),
        (event.service, rule.service),
    )
    return any(own and other and own.lower() != other.lower() for own, other in pairs)


def candidates(event: LogSource, rules: tuple[Rule, ...]) -> tuple[int, ...]:
    """Return the positions of the rules that are candidates for events of a log source."""
    return tuple(i for i, rule in enumerate(rules) if not contradicts(event, rule.logsource))
