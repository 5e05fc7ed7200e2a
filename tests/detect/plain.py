"""Judges batches by the plain matcher alone, to compare others with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count

from tocsin.decode import decode
from tocsin.detect.label import label_among
from tocsin.detect.oracle import evidence, matcher
from tocsin.detect.reading import Reading
from tocsin.detect.route import routing
from tocsin.model import NO_LABEL, Batch, Detection, Event, LogSource, Rejected, Verdict
from tocsin.rules import RuleSet


class PlainJudge:
    """Looks at every event with every rule that is a candidate for it."""

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules.rules
        self._matchers = [matcher(rule.condition) for rule in self._rules]
        self._routes: dict[LogSource, tuple[int, ...]] = {}

    def judge(self, batch: Batch) -> list[Verdict]:
        """Return one verdict per record."""
        return [self._verdict(found) for found in decode(batch)]

    def _verdict(self, found: Event | Rejected) -> Verdict:
        if isinstance(found, Rejected):
            return Verdict(NO_LABEL, (), rejected=found)
        if found.logsource not in self._routes:
            asked = [routing(found.logsource, rule).candidate for rule in self._rules]
            self._routes[found.logsource] = tuple(compress(count(), asked))
        reading = Reading(found.fields)
        fired = [index for index in self._routes[found.logsource] if self._matchers[index](reading)]
        return Verdict(
            label_among(self._rules[index] for index in fired),
            tuple(self._detection(index, reading) for index in fired),
        )

    def _detection(self, index: int, reading: Reading) -> Detection:
        rule = self._rules[index]
        return Detection(
            rule_id=rule.id,
            rule_title=rule.title,
            rule_revision=rule.revision,
            level=rule.level,
            tactics=rule.tactics,
            techniques=rule.techniques,
            matched=evidence(rule.condition, reading) or (),
        )


def differences(wanted: Sequence[Verdict], found: Sequence[Verdict]) -> list[tuple[int, Verdict, Verdict]]:
    """Return the rows in which two judges disagree, with their verdicts."""
    assert len(wanted) == len(found)
    return [(row, a, b) for row, (a, b) in enumerate(zip(wanted, found, strict=True)) if a != b]
