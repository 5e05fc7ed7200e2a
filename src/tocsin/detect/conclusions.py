"""Makes verdicts of rules that fired and of what made them fire; equal ones are one and the same object."""

from __future__ import annotations

from tocsin.detect.label import label_among
from tocsin.detect.oracle import Evidence
from tocsin.model import Detection, Label, Verdict
from tocsin.rules import Rule

Reasons = tuple[tuple[int, Evidence], ...]
"""The rules that fired, by their places in the rule set and in that order, each with its evidence."""

MOST = 50_000
"""How many verdicts are kept for events to come before the memory starts anew: 25 MB without their texts."""

MOST_TEXT = 16_000_000
"""How many characters the texts of what is kept may have; a script block alone can have thousands."""


class Conclusions:
    """The verdicts of one rule set, with a bounded memory."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules = rules
        self._verdicts: dict[Reasons, Verdict] = {}
        self._detections: dict[tuple[int, Evidence], Detection] = {}
        self._labels: dict[tuple[int, ...], Label] = {}
        self._text = 0

    def of(self, reasons: Reasons) -> Verdict:
        """Return the verdict on an event on which these rules fired."""
        return self._verdicts.get(reasons) or self._conclude(reasons)

    def __len__(self) -> int:
        return max(len(self._verdicts), len(self._detections))

    def _conclude(self, reasons: Reasons) -> Verdict:
        if len(self) >= MOST or self._text >= MOST_TEXT:
            self._verdicts.clear()
            self._detections.clear()
            self._labels.clear()
            self._text = 0
        self._text += sum([len(text) for _, matched in reasons for _, text in matched])
        fired = tuple([index for index, _ in reasons])
        label = self._labels.get(fired)
        if label is None:
            label = self._labels[fired] = label_among(self._rules[index] for index in fired)
        detections = tuple(self._detection(index, matched) for index, matched in reasons)
        verdict = self._verdicts[reasons] = Verdict(label, detections)
        return verdict

    def _detection(self, index: int, matched: Evidence) -> Detection:
        found = self._detections.get((index, matched))
        if found is None:
            found = self._detections[index, matched] = _detection(self._rules[index], matched)
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
