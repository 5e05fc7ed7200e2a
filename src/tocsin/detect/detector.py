"""Judges batches: decode, route, match, label. One rule set for life; a reload makes another detector."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.decode import decode
from tocsin.detect.label import label_among
from tocsin.detect.oracle import Evidence, Matcher, evidence, matcher
from tocsin.detect.reading import Reading
from tocsin.detect.route import candidates
from tocsin.model import (
    NO_LABEL,
    Batch,
    Detection,
    Event,
    Judged,
    Label,
    LogSource,
    Rejected,
    Stream,
    Verdict,
)
from tocsin.rules import Rule, RuleSet

Conclusion = tuple[Label, tuple[Detection, ...]]

NOTHING: Conclusion = (NO_LABEL, ())

MEMO = 50_000
"""How many conclusions are kept for events to come before the memo starts anew: 25 MB without their texts."""

MEMO_TEXT = 16_000_000
"""How many characters the texts of the conclusions kept may have; a script block alone can have thousands."""

ROUTES = 1_000
"""How many log sources are remembered; real traffic has a few dozen."""

_MEMORY = Stream("file", "memory", "memory")


class Detector:
    """Judges events by a rule set; keeps of events only what is equal in many of them.

    Args:
        rules: what to judge by.
        shape: the name of the shape that all records have; None to recognise it record by record.
    """

    def __init__(self, rules: RuleSet, shape: str | None = None) -> None:
        self.rules = rules
        self._shape = shape
        self._matchers: dict[int, Matcher] = {}
        self._routes: dict[LogSource, list[tuple[int, Matcher]]] = {}
        self._conclusions: dict[tuple[tuple[int, Evidence], ...], Conclusion] = {}
        self._detections: dict[tuple[int, Evidence], Detection] = {}
        self._text = 0

    def judge(self, batch: Batch) -> Judged:
        """Return the batch with one verdict per record, in order. No record makes it raise."""
        return Judged(
            batch, [self._verdict(found) for found in decode(batch, self._shape)], self.rules.revision
        )

    def judge_lines(self, lines: Sequence[bytes]) -> list[Verdict]:
        """Return one verdict per line, in order; each line is one JSON event."""
        return list(self.judge(Batch.of_values(_MEMORY, lines)).verdicts)

    def conclude(self, event: Event) -> Conclusion:
        """Return the label of an event and the detections on it, in the order of the rule set.

        Equal conclusions are one and the same object.
        """
        reading = Reading(event.fields)
        route = self._routes.get(event.logsource)
        if route is None:
            route = self._route(event.logsource)
        fired = [index for index, holds in route if holds(reading)]
        if not fired:
            return NOTHING
        rules = self.rules.rules
        reasons = tuple((index, evidence(rules[index].condition, reading) or ()) for index in fired)
        return self._conclusions.get(reasons) or self._conclude(reasons)

    def _verdict(self, found: Event | Rejected) -> Verdict:
        if isinstance(found, Rejected):
            return Verdict(NO_LABEL, (), rejected=found)
        label, detections = self.conclude(found)
        return Verdict(label, detections, found)

    def _route(self, logsource: LogSource) -> list[tuple[int, Matcher]]:
        if len(self._routes) >= ROUTES:
            self._routes.clear()
        rules = self.rules.rules
        indexes = candidates(logsource, rules)
        for index in indexes:
            if index not in self._matchers:
                self._matchers[index] = matcher(rules[index].condition)
        route = self._routes[logsource] = [(index, self._matchers[index]) for index in indexes]
        return route

    def _conclude(self, reasons: tuple[tuple[int, Evidence], ...]) -> Conclusion:
        if len(self._conclusions) >= MEMO or self._text >= MEMO_TEXT:
            self._conclusions.clear()
            self._detections.clear()
            self._text = 0
        self._text += sum(len(text) for _, matched in reasons for _, text in matched)
        label = label_among(self.rules.rules[index] for index, _ in reasons)
        detections = tuple(self._detection(index, matched) for index, matched in reasons)
        conclusion = self._conclusions[reasons] = (label, detections)
        return conclusion

    def _detection(self, index: int, matched: Evidence) -> Detection:
        found = self._detections.get((index, matched))
        if found is None:
            found = self._detections[index, matched] = _detection(self.rules.rules[index], matched)
        return found


def _detection(rule: Rule, matched: Evidence) -> Detection:
    return Detection(
        rule_id=rule.id,
        rule_title=rule.title,
        rule_revision=rule.revision,
        level=rule.level,
        tactics=rule.tactics,
        techniques=rule.techniques,
        matched=matched,
    )
