"""Sigma filters narrow the rules they are for, and no others."""

from pathlib import Path

import pytest

from tests.rules.texts import ID, rule_id, rule_text
from tocsin import load_rules
from tocsin.detect.oracle import matcher
from tocsin.detect.reading import Reading
from tocsin.rules import RuleSet, Status

RULE = rule_text({"selection": {"a": 1}}, name="named")


def filter_text(rules: str, logsource: str = "{product: windows}", condition: str = "not admins") -> str:
    return f"""\
title: Not the admins
logsource: {logsource}
filter:
  rules: {rules}
  admins: {{user|startswith: adm}}
  others: {{user: root}}
  condition: {condition}
"""


def loaded(folder: Path, *filters: str) -> RuleSet:
    (folder / "rule.yml").write_text(RULE)
    for number, text in enumerate(filters):
        (folder / f"filter{number}.yml").write_text(text)
    return load_rules([folder])


def fires_for(found: RuleSet, user: str) -> bool:
    return matcher(found.rules[0].condition)(Reading({"a": 1, "user": user}))


@pytest.mark.parametrize(
    "rules", ["any", "ANY", "[]", ID, f"[{ID.upper()}]", "named", f"[{rule_id(9)}, named]"]
)
def test_a_filter_applies_to_the_rules_it_names(tmp_path, rules):
    """By id, by name, or to any of its log source."""
    found = loaded(tmp_path, filter_text(rules))
    assert not fires_for(found, "admin")
    assert fires_for(found, "joe")
    assert any("filtered by" in notice for notice in found.rules[0].notices)


@pytest.mark.parametrize(
    ("rules", "logsource"),
    [(rule_id(9), "{product: windows}"), ("any", "{product: linux}"), (ID, "{product: windows, service: x}")],
)
def test_a_filter_for_others_changes_nothing_and_says_so(tmp_path, rules, logsource):
    """A filter whose log source the rule's does not say is not for it; one that fits no rule is a notice."""
    found = loaded(tmp_path, filter_text(rules, logsource))
    assert fires_for(found, "admin")
    assert [entry.reason for entry in found.report] == ["no rule that is loaded fits it", ""]


def test_a_filter_may_be_anywhere_and_changes_the_revision(tmp_path):
    """Whatever the order of files, the same rules and filters have the same revision."""
    plain = loaded(tmp_path).revision
    one, other = filter_text("any"), filter_text("any", condition="not 1 of them")
    both = loaded(tmp_path, one, other).revision
    assert both != plain
    assert loaded(tmp_path, other, one).revision == both


def test_them_in_a_filter_are_its_own_detections(tmp_path):
    """A filter's names and the rule's do not meet."""
    found = loaded(tmp_path, filter_text("any", condition="not 1 of them"))
    assert [fires_for(found, user) for user in ("admin", "root", "joe")] == [False, False, True]


def test_a_filter_is_reported_as_a_document_of_its_own(tmp_path):
    """It is ok, but no rule."""
    found = loaded(tmp_path, filter_text("any"))
    assert [(entry.title, entry.status) for entry in found.report] == [
        ("Not the admins", Status.OK),
        ("A rule", Status.OK),
    ]
    assert len(found.rules) == 1
