"""What a reload changes, and what it would cost."""

from dataclasses import replace

from tests.rules.texts import rule_id, rule_of, rule_text
from tocsin.rules import Rule, RuleReport, RuleSet, Status
from tocsin.rules.change import change


def rule(number: int, path: str = "rules.yml", revision: str = "1") -> Rule:
    text = rule_text({"selection": {"a": number}}, id=rule_id(number))
    return replace(rule_of(text), path=path, revision=revision)


def set_of(*rules: Rule, report: tuple[RuleReport, ...] = ()) -> RuleSet:
    return RuleSet(rules, report, "revision")


def mistake(path: str, id_: str | None, status: Status = Status.INVALID) -> RuleReport:
    return RuleReport(status, id_, None, path, 1, "a reason")


def test_rules_are_compared_by_id_and_revision():
    """New, gone and changed ones, told in a few words."""
    found = change(set_of(rule(1), rule(2), rule(3)), set_of(rule(2), rule(3, revision="2"), rule(4)))
    assert found.added == {rule_id(4)}
    assert found.removed == {rule_id(1)}
    assert found.changed == {rule_id(3)}
    assert found.broken == ()
    assert str(found) == "1 new, 1 changed, 1 gone"


def test_a_rule_that_was_taken_away_is_not_broken():
    """Nor are mistakes in files that never gave a rule, or gave the rule from elsewhere."""
    old = set_of(rule(1, "a.yml"), rule(2, "b.yml"))
    other = (mistake("c.yml", None), mistake("b.yml", None), mistake("c.yml", rule_id(2)))
    assert change(old, set_of(rule(2, "b.yml"), report=other)).broken == ()


def test_a_rule_that_an_edit_has_cost_is_broken():
    """Its id has a mistake, cannot be evaluated any more, or its file cannot be read as YAML."""
    old = set_of(rule(1, "a.yml"))
    for entry in (
        mistake("elsewhere.yml", rule_id(1)),
        mistake("a.yml", rule_id(1), Status.UNSUPPORTED),
        mistake("a.yml", None),
    ):
        assert change(old, set_of(report=(entry,))).broken == (entry,)
