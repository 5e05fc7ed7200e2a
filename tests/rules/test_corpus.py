"""Every rule that SigmaHQ publishes is accounted for."""

import time

from tests.corpora import corpus
from tocsin.rules import Status, read_rules


def test_every_rule_of_sigmahq_is_evaluable_or_named_with_its_reason():
    """All but those with placeholders, which have no values until somebody gives them."""
    path = corpus("sigmahq/sigmahq-rules.zip")
    began = time.monotonic()
    found = read_rules([path])
    took = time.monotonic() - began
    others = [entry for entry in found.report if entry.status is not Status.OK]
    assert len(found.report) == 3780
    assert len(found.rules) == 3755
    assert {str(entry.status) for entry in others} == {"unsupported"}
    assert all(entry.reason.startswith("the placeholder %") for entry in others)
    assert len(found.by_id) == len(found.rules)
    assert all(rule.tactics for rule in found.rules if any(t.startswith("attack.t1") for t in rule.tags))
    assert took < 15
