"""What of ATT&CK the rules look for."""

from dataclasses import replace

from tests.rules.texts import rule_id, rule_of, rule_text
from tocsin.attack import catalogue
from tocsin.model import Level
from tocsin.rules import Rule
from tocsin.rules.coverage import TechniqueCoverage, tactic_coverage, technique_coverage


def rule(number: int, *tags: str, level: Level = Level.LOW) -> Rule:
    text = rule_text({"selection": {"a": 1}}, id=rule_id(number), tags=list(tags))
    return replace(rule_of(text), level=level, title=f"Rule {number}")


RULES = [
    rule(1, "attack.execution", "attack.t1059.001"),
    rule(2, "attack.execution", "attack.t1059.001", level=Level.HIGH),
    rule(3, "attack.execution", "attack.t1059", "attack.t1059.003"),
    rule(4, "attack.credential-access"),
    rule(5, "cve.2021-44228"),
]


def by_id(found: tuple[TechniqueCoverage, ...]) -> dict[str, TechniqueCoverage]:
    return {each.technique.id: each for each in found}


def test_a_technique_has_the_rules_that_name_it():
    """The worst first; those that name only a part of it are counted beside."""
    found = by_id(technique_coverage(RULES))
    assert [r.title for r in found["T1059.001"].rules] == ["Rule 2", "Rule 1"]
    assert found["T1059.001"].level is Level.HIGH
    assert [r.title for r in found["T1059"].rules] == ["Rule 3"]
    assert found["T1059"].below == 2
    assert len(found) == len(catalogue().techniques)


def test_a_gap_is_what_no_rule_looks_for():
    """A technique of which a part is looked for is none."""
    found = by_id(technique_coverage([rule(1, "attack.t1059.001")]))
    assert [found[id_].is_gap for id_ in ("T1059.001", "T1059", "T1059.003", "T1110")] == [
        False,
        False,
        True,
        True,
    ]


def test_a_tag_of_an_older_attack_covers_the_technique_of_today():
    """T1086 became T1059.001."""
    assert len(by_id(technique_coverage([rule(1, "attack.t1086")]))["T1059.001"].rules) == 1


def test_a_tactic_counts_its_rules_and_techniques():
    """In kill-chain order; a rule that names only the tactic counts, but covers no technique."""
    techniques = technique_coverage(RULES, {"T1059.001": 5, "T1110": 2})
    tactics = tactic_coverage(RULES, techniques)
    assert [t.tactic for t in tactics] == list(catalogue().tactics)
    execution, access = (next(t for t in tactics if t.tactic.id == id_) for id_ in ("TA0002", "TA0006"))
    assert (execution.rules, execution.covered, execution.seen) == (3, 1, 5)
    assert (access.rules, access.covered, access.seen) == (1, 0, 2)
    assert execution.techniques == sum(
        t.parent is None and "TA0002" in t.tactics for t in catalogue().techniques.values()
    )


def test_events_labelled_with_a_withdrawn_id_count_for_its_successor():
    """Results of years ago; what is no technique is left out."""
    found = by_id(technique_coverage([], {"T1086": 2, "T1059.001": 3, "T0000": 7}))
    assert found["T1059.001"].seen == 5
    assert sum(each.seen for each in found.values()) == 5
