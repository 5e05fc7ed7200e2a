"""Every rule that SigmaHQ publishes is accounted for."""

import pytest

from tests.corpora import corpus
from tocsin.rules import RuleSet, Status, documents, read_rules
from tocsin.rules.ir import Regex, atoms
from tocsin.rules.regex import Bounded, compiled
from tocsin.rules.store import Store


@pytest.fixture(scope="module")
def found() -> RuleSet:
    return read_rules([corpus("sigmahq/sigmahq-rules.zip")])


def test_every_rule_of_sigmahq_is_evaluable_or_named_with_its_reason(found):
    """All but those with placeholders, which have no values until somebody gives them."""
    others = [entry for entry in found.report if entry.status is not Status.OK]
    assert len(found.report) == 3780
    assert len(found.rules) == 3755
    assert {str(entry.status) for entry in others} == {"unsupported"}
    assert all(entry.reason.startswith("the placeholder %") for entry in others)
    assert len(found.by_id) == len(found.rules)
    assert all(rule.tactics for rule in found.rules if any(t.startswith("attack.t1") for t in rule.tags))


def test_a_warm_start_parses_no_rule(tmp_path, monkeypatch):
    """All of SigmaHQ is read from what was kept; and it gives the same set."""
    store = Store(tmp_path / "store", pytest.fail)
    cold = read_rules([corpus("sigmahq/sigmahq-rules.zip")], store=store)
    monkeypatch.setattr(documents, "_Loader", lambda _text: pytest.fail("a rule was parsed"))
    assert read_rules([corpus("sigmahq/sigmahq-rules.zip")], store=store) == cold
    with pytest.raises(pytest.fail.Exception):
        read_rules([corpus("sigmahq/sigmahq-rules.zip")], store=Store(tmp_path / "other", print))


def test_every_expression_of_sigmahq_is_linear(found):
    """None of the public rules needs a bound of time."""
    regexes = (atom for rule in found.rules for atom in atoms(rule.condition) if isinstance(atom, Regex))
    each = {(atom.pattern, atom.flags) for atom in regexes}
    assert len(each) > 140
    assert [pattern for pattern, flags in each if isinstance(compiled(pattern, flags), Bounded)] == []
