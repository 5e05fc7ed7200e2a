"""Judges batches: decode, route, match, label. One rule set for life; a reload makes another detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.decode import decode
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.detect.label import label_among
from tocsin.detect.memo import Memo, fields_of
from tocsin.detect.oracle import Evidence, Matcher, evidence, matcher
from tocsin.detect.reading import Reading
from tocsin.detect.route import candidates
from tocsin.model import (
    NO_LABEL,
    NOTHING,
    Batch,
    Detection,
    Event,
    Events,
    Judged,
    LogSource,
    Rejected,
    Stream,
    Verdict,
)
from tocsin.rules import Rule, RuleSet


@dataclass(frozen=True, slots=True)
class Route:
    """The candidates for events of one log source, by their places in the rule set, with a memory."""

    matchers: tuple[tuple[int, Matcher], ...]
    memo: Memo[Verdict]


MEMO = 50_000
"""How many conclusions are kept for events to come before the memo starts anew: 25 MB without their texts."""

MEMO_TEXT = 16_000_000
"""How many characters the texts of the conclusions kept may have; a script block alone can have thousands."""

SIGHTS = 20_000
"""How many different events are remembered per log source."""

SIGHTS_TEXT = 2_000_000
"""How many characters of them, per log source."""

ROUTES = 200
"""How many log sources are remembered; real traffic has a few dozen."""

_MEMORY = Stream("file", "memory", "memory")


class Detector:
    """Judges events by a rule set; keeps of events only what is equal in many of them.

    Args:
        rules: what to judge by.
        shape: the name of the shape that all records have; None to recognise it record by record.
        limits: of what a record may be; one beyond is rejected.
    """

    def __init__(self, rules: RuleSet, shape: str | None = None, limits: Limits = DEFAULT) -> None:
        self.rules = rules
        self._shape = shape
        self._limits = limits
        self._matchers: dict[int, Matcher] = {}
        self._routes: dict[LogSource, Route] = {}
        self._conclusions: dict[tuple[tuple[int, Evidence], ...], Verdict] = {}
        self._detections: dict[tuple[int, Evidence], Detection] = {}
        self._text = 0

    def judge(self, batch: Batch) -> Judged:
        """Return the batch with one verdict per record, in order. No record makes it raise."""
        outcomes = decode(batch, self._shape, self._limits)
        return Judged(batch, Events.of(outcomes), [self._verdict(o) for o in outcomes], self.rules.revision)

    def judge_lines(self, lines: Sequence[bytes]) -> list[Verdict]:
        """Return one verdict per line, in order; each line is one JSON event."""
        return list(self.judge(Batch.of_values(_MEMORY, lines)).verdicts)

    def conclude(self, event: Event) -> Verdict:
        """Return the verdict on an event; equal verdicts are one and the same object."""
        route = self._routes.get(event.logsource) or self._route(event.logsource)
        sight = route.memo.sight(event.fields)
        if sight is None:
            return self._judge(route, event)
        found = route.memo.get(sight)
        if found is None:
            found = self._judge(route, event)
            route.memo.keep(sight, found)
        return found

    def _judge(self, route: Route, event: Event) -> Verdict:
        reading = Reading(event.fields)
        fired = [index for index, holds in route.matchers if holds(reading)]
        if not fired:
            return NOTHING
        rules = self.rules.rules
        reasons = tuple((index, evidence(rules[index].condition, reading) or ()) for index in fired)
        return self._conclusions.get(reasons) or self._conclude(reasons)

    def _verdict(self, found: Event | Rejected) -> Verdict:
        if isinstance(found, Rejected):
            return Verdict(NO_LABEL, (), rejected=found)
        return self.conclude(found)

    def _route(self, logsource: LogSource) -> Route:
        if len(self._routes) >= ROUTES:
            self._routes.clear()
        rules = self.rules.rules
        indexes = candidates(logsource, rules)
        for index in indexes:
            if index not in self._matchers:
                self._matchers[index] = matcher(rules[index].condition)
        fields = fields_of(rules[index].condition for index in indexes)
        memo: Memo[Verdict] = Memo(fields, SIGHTS, SIGHTS_TEXT)
        route = Route(tuple((index, self._matchers[index]) for index in indexes), memo)
        self._routes[logsource] = route
        return route

    def _conclude(self, reasons: tuple[tuple[int, Evidence], ...]) -> Verdict:
        if len(self._conclusions) >= MEMO or self._text >= MEMO_TEXT:
            self._conclusions.clear()
            self._detections.clear()
            self._text = 0
        self._text += sum(len(text) for _, matched in reasons for _, text in matched)
        label = label_among(self.rules.rules[index] for index, _ in reasons)
        detections = tuple(self._detection(index, matched) for index, matched in reasons)
        verdict = self._conclusions[reasons] = Verdict(label, detections)
        return verdict

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
