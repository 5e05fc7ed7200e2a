"""One label per event: highest level, then most specific technique, then lowest rule id."""

import itertools

import pytest

from tests.rules.texts import rule_id, rule_of, rule_text
from tocsin.detect.label import label_among
from tocsin.model import NO_LABEL, Label
from tocsin.rules import Rule


def rule(number: int, level: str, *tags: str) -> Rule:
    return rule_of(rule_text({"selection": {"a": 1}}, id=rule_id(number), level=level, tags=list(tags)))


@pytest.mark.parametrize(
    ("best", "others"),
    [
        (
            rule(2, "high", "attack.t1110"),
            [rule(1, "medium", "attack.t1059.001"), rule(3, "low", "attack.t1059.003")],
        ),
        (rule(2, "high", "attack.t1059.001"), [rule(1, "high", "attack.t1110")]),
        (rule(2, "high", "attack.t1110"), [rule(1, "high", "attack.execution")]),
        (rule(1, "high", "attack.t1110"), [rule(2, "high", "attack.t1078"), rule(3, "high", "attack.t1059")]),
        (rule(2, "informational", "attack.t1110"), [rule(1, "critical", "cve.2021-44228")]),
    ],
)
def test_the_best_rule_gives_the_label_in_whatever_order_they_fired(best, others):
    """Every order of the rules has the same label."""
    labels = {label_among(order) for order in itertools.permutations([best, *others])}
    assert labels == {best.label}


def test_without_attack_tags_there_is_no_label():
    """Neither when nothing fired."""
    assert label_among([rule(1, "high", "cve.2021-44228")]) == NO_LABEL
    assert label_among([]) == NO_LABEL


def test_the_tactic_is_one_that_the_technique_serves():
    """T1078 serves four tactics; the rule's tag decides."""
    assert label_among([rule(1, "low", "attack.persistence", "attack.t1078")]) == Label("TA0003", "T1078")
