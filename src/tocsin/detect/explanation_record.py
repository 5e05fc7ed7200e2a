"""An explanation as other programs see it: docs/explain.md lists its keys. A contract."""

from __future__ import annotations

from tocsin.detect.explain import Explanation, Kind, Outcome, Seen
from tocsin.detect.reasons import headline, reasons, routed
from tocsin.model import Event, LogSource

Values = dict[tuple[str, str], int]
"""Field and text -> its place among the values that were looked at."""


def explanation_record(explanation: Explanation, event: Event) -> dict[str, object]:
    """Return what `tocsin explain --format json` prints of one rule and one event.

    Each value of the event that was looked at stands once in `values`; tests point to it by its place there.
    """
    values: Values = {}
    condition = _outcome(explanation.outcome, values)
    rule, decision, gap = explanation.rule, explanation.routing, explanation.gap
    return {
        "rule_id": rule.id,
        "rule_title": rule.title,
        "rule_revision": rule.revision,
        "rule_source": rule.source,
        "level": str(rule.level),
        "event_id": event.event_id,
        "fires": explanation.fires,
        "headline": headline(explanation),
        "reasons": [{"selection": found.selection, "text": found.text} for found in reasons(explanation)],
        "routing": {
            "candidate": decision.candidate,
            "text": routed(decision),
            "event": _logsource(decision.event),
            "rule": _logsource(decision.rule),
            "contradictions": decision.contradictions,
        },
        "gap": {"lacking": gap.lacking, "forbidden": gap.forbidden, "held": gap.held},
        "condition": condition,
        "values": [{"field": field, "value": text} for field, text in values],
    }


def _logsource(source: LogSource) -> dict[str, str | None]:
    return {"product": source.product, "category": source.category, "service": source.service}


def _outcome(outcome: Outcome, values: Values) -> dict[str, object]:
    record: dict[str, object] = {"kind": outcome.kind.value, "held": outcome.held, "words": outcome.words}
    if outcome.kind is Kind.SELECTION:
        record["name"] = outcome.name
    if outcome.kind is Kind.TEST:
        record["field"] = outcome.field
        record["seen"] = [_seen(seen, values) for seen in outcome.seen]
    else:
        record["parts"] = [_outcome(part, values) for part in outcome.outcomes]
    return record


def _seen(seen: Seen, values: Values) -> dict[str, object]:
    place = values.setdefault((seen.field, seen.text), len(values))
    return {"value": place, "held": seen.held, "spans": seen.spans}
