"""Which rules are candidates for an event: those whose log source its own does not contradict."""

from __future__ import annotations

from tocsin.decode.logsources import is_what_rules_call
from tocsin.model import LogSource
from tocsin.rules import Rule


def contradicts(event: LogSource, rule: LogSource) -> bool:
    """Say whether an event of one log source cannot be what a rule for the other is about.

    It cannot when both name a product, a category or a service and the names differ; their case does not
    matter, and a rule's name may be the broader one (`registry_event` takes in `registry_set`). What one side
    does not say contradicts nothing.
    """
    pairs = (
        (event.product, rule.product),
        (event.category, rule.category),
        (event.service, rule.service),
    )
    return any(own and other and not is_what_rules_call(own, other) for own, other in pairs)


def candidates(event: LogSource, rules: tuple[Rule, ...]) -> tuple[int, ...]:
    """Return the positions of the rules that are candidates for events of a log source."""
    return tuple(i for i, rule in enumerate(rules) if not contradicts(event, rule.logsource))
