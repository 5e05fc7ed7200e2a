"""A Sigma rule's tag is understood, whichever version of ATT&CK it was written for."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.corpora import corpus
from tocsin.attack import Kind, catalogue


@pytest.mark.parametrize(
    ("tag", "kind", "tactics", "technique"),
    [
        ("attack.execution", Kind.TACTIC, ("TA0002",), None),
        ("attack.Command_And_Control", Kind.TACTIC, ("TA0011",), None),
        ("attack.ta0002", Kind.TACTIC, ("TA0002",), None),
        ("attack.stealth", Kind.TACTIC, ("TA0005",), None),
        ("attack.defense-impairment", Kind.TACTIC, ("TA0112",), None),
        ("attack.t1059", Kind.TECHNIQUE, ("TA0002",), "T1059"),
        ("ATTACK.T1059.001", Kind.TECHNIQUE, ("TA0002",), "T1059.001"),
        (" attack.t1078 ", Kind.TECHNIQUE, ("TA0001", "TA0003", "TA0004", "TA0005"), "T1078"),
        ("attack.g0049", Kind.REFERENCE, (), None),
        ("attack.s0002", Kind.REFERENCE, (), None),
        ("attack.c0001", Kind.REFERENCE, (), None),
        ("attack.ds0017", Kind.REFERENCE, (), None),
        ("attack.m1038", Kind.REFERENCE, (), None),
        ("cve.2021-44228", Kind.FOREIGN, (), None),
        ("detection.emerging-threats", Kind.FOREIGN, (), None),
        ("", Kind.FOREIGN, (), None),
    ],
)
def test_a_current_tag(tag: str, kind: Kind, tactics: tuple[str, ...], technique: str | None) -> None:
    """Current tags resolve without a note; what is no tactic or technique says what it is instead."""
    read = catalogue().tag(tag)
    assert (read.text, read.kind, read.tactics, read.technique) == (tag, kind, tactics, technique)
    assert read.note == ""


@pytest.mark.parametrize(
    "tag", ["attack.defense-evasion", "attack.defense_evasion", "attack.Defense Evasion"]
)
def test_the_tactic_that_was_split_is_both_of_its_heirs(tag: str) -> None:
    """v19 made Stealth and Defense Impairment of Defense Evasion; the tag alone cannot say which."""
    read = catalogue().tag(tag)
    assert (read.kind, read.tactics) == (Kind.TACTIC, ("TA0005", "TA0112"))
    assert "Stealth (TA0005) and Defense Impairment (TA0112)" in read.note


def test_a_withdrawn_technique_is_its_successor() -> None:
    """The rule keeps working, and its author is told."""
    read = catalogue().tag("attack.t1562.001")
    assert (read.kind, read.technique, read.tactics) == (Kind.TECHNIQUE, "T1685", ("TA0112",))
    assert "T1562.001 is T1685" in read.note


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("attack.t1043", "withdrawn from ATT&CK without a successor"),
        ("attack.t9999", "T9999 is not in Enterprise ATT&CK v19"),
        ("attack.exection", "did you mean 'execution'?"),
        ("attack.defence-evasion", "did you mean 'defense-evasion'?"),
        ("attack.", "'' is not in"),
    ],
)
def test_an_unknown_tag_says_so(tag: str, said: str) -> None:
    """A slip of the pen is named, with the nearest tactic."""
    read = catalogue().tag(tag)
    assert (read.kind, read.tactics, read.technique) == (Kind.UNKNOWN, (), None)
    assert said in read.note


@given(st.one_of(st.text(), st.text().map("attack.{}".format), st.from_regex(r"attack\.[a-z]{1,2}[0-9.]+")))
def test_any_text_has_a_meaning(tag: str) -> None:
    """A rule's tags never stop a rule from loading."""
    read = catalogue().tag(tag)
    assert read.text == tag
    assert bool(read.tactics) == (read.kind in {Kind.TACTIC, Kind.TECHNIQUE})
    assert (read.technique is not None) == (read.kind is Kind.TECHNIQUE)


@given(st.sampled_from(sorted(catalogue().techniques)))
def test_every_technique_resolves_to_itself(technique: str) -> None:
    """In upper and lower case."""
    assert catalogue().tag(f"attack.{technique}").technique == technique
    assert catalogue().tag(f"attack.{technique.lower()}").technique == technique


def test_all_tags_of_the_public_rules_are_current() -> None:
    """SigmaHQ's rules follow this version: not one tag is unknown, withdrawn or split."""
    tags = {tag for tags in sigmahq_tags() for tag in tags}
    read = [catalogue().tag(tag) for tag in tags]
    assert len([r for r in read if r.kind is Kind.TECHNIQUE]) == 400
    assert [r for r in read if r.note or (r.kind is Kind.FOREIGN and r.text.startswith("attack"))] == []


def sigmahq_tags() -> Iterator[list[str]]:
    with zipfile.ZipFile(corpus("sigmahq/sigmahq-rules.zip")) as rules:
        for name in rules.namelist():
            if name.endswith(".yml"):
                # Only the tags are read: parsing 3,780 rules whole would take half a minute.
                block = rules.read(name).decode().partition("\ntags:")[2]
                lines = []
                for line in block.splitlines()[1:]:
                    if line.strip() and not line.lstrip().startswith(("-", "#")):
                        break
                    lines.append(line)
                yield yaml.safe_load("\n".join(lines)) or []
