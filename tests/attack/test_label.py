"""The label of a rule, from its tactics and techniques or from its tags as they stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.attack import attribution, catalogue, label_of
from tocsin.model import Label

TECHNIQUES = sorted(catalogue().techniques)
TACTICS = [tactic.id for tactic in catalogue().tactics]


@pytest.mark.parametrize(
    ("tactics", "techniques", "label"),
    [
        (["TA0002"], ["T1059.001"], Label("TA0002", "T1059.001")),
        (["TA0006"], ["T1110"], Label("TA0006", "T1110")),
        (["TA0001"], ["T1078"], Label("TA0001", "T1078")),
        (["TA0004"], ["T1078"], Label("TA0004", "T1078")),
        (["TA0040", "TA0004", "TA0003"], ["T1078"], Label("TA0003", "T1078")),
        (["TA0040"], ["T1078"], Label("TA0001", "T1078")),
        ([], ["T1078"], Label("TA0001", "T1078")),
        (["TA0002"], ["T1059", "T1059.003", "T1059.001"], Label("TA0002", "T1059.001")),
        (["TA0006", "TA0002"], ["T1003", "T1059.001"], Label("TA0002", "T1059.001")),
        (["TA0002"], ["T1086"], Label("TA0002", "T1059.001")),
        (["ta0002"], ["t1059.001"], Label("TA0002", "T1059.001")),
        (["TA0006"], ["T9999", "T1043"], Label("TA0006", "T0000")),
        (["TA0040", "TA0002"], [], Label("TA0002", "T0000")),
        (["TA9999"], ["T9999"], None),
        ([], [], None),
    ],
)
def test_the_label(tactics: list[str], techniques: list[str], label: Label | None) -> None:
    """The most specific technique, and the rule's tactic that it serves."""
    assert label_of(tactics, techniques) == label


@given(st.lists(st.sampled_from(TACTICS)), st.lists(st.sampled_from(TECHNIQUES), min_size=1))
def test_the_labels_technique_always_serves_its_tactic(tactics: list[str], techniques: list[str]) -> None:
    """And it is the rule's own tactic whenever one of them fits."""
    label = label_of(tactics, techniques)
    assert label is not None
    serves = catalogue().techniques[label.technique].tactics
    assert label.technique in techniques
    assert label.tactic in serves
    assert label.tactic in tactics or not set(serves) & set(tactics)


@given(st.permutations(["TA0003", "TA0004", "TA0005"]), st.permutations(["T1078", "T1059.001", "T1003.001"]))
def test_the_order_of_tags_does_not_matter(tactics: list[str], techniques: list[str]) -> None:
    """Two rules with the same tags have the same label."""
    assert label_of(tactics, techniques) == Label("TA0006", "T1003.001")


@pytest.mark.parametrize(
    ("tags", "tactics", "techniques", "label"),
    [
        (
            ["attack.persistence", "attack.execution", "attack.t1053.005", "cve.2021-1", "attack.g0049"],
            ("TA0002", "TA0003"),
            ("T1053.005",),
            Label("TA0002", "T1053.005"),
        ),
        # Defense Evasion becomes whichever of its heirs the technique serves,
        (["attack.defense-evasion", "attack.t1562.001"], ("TA0112",), ("T1685",), Label("TA0112", "T1685")),
        (["attack.defense_evasion", "attack.t1036"], ("TA0005",), ("T1036",), Label("TA0005", "T1036")),
        (
            ["attack.defense-evasion", "attack.t1036", "attack.t1685.005"],
            ("TA0005", "TA0112"),
            ("T1036", "T1685.005"),
            Label("TA0112", "T1685.005"),
        ),
        # nothing beside another tactic where the technique serves neither,
        (
            ["attack.defense-evasion", "attack.privilege-escalation", "attack.t1548.002"],
            ("TA0004",),
            ("T1548.002",),
            Label("TA0004", "T1548.002"),
        ),
        # the technique's own where it was the only one,
        (
            ["attack.defense-evasion", "attack.t1550.002"],
            ("TA0008",),
            ("T1550.002",),
            Label("TA0008", "T1550.002"),
        ),
        # and the heir that kept its id when there is no technique to tell.
        (["attack.defense-evasion"], ("TA0005",), (), Label("TA0005", "T0000")),
        (["attack.t1059"], (), ("T1059",), Label("TA0002", "T1059")),
        (["attack.g0049", "tlp.clear"], (), (), None),
        ([], (), (), None),
    ],
)
def test_tags_together(
    tags: list[str], tactics: tuple[str, ...], techniques: tuple[str, ...], label: Label | None
) -> None:
    """Tactics in kill-chain order, techniques sorted, and the label of both."""
    found = attribution(tags)
    assert (found.tactics, found.techniques, found.label) == (tactics, techniques, label)


def test_notes_are_kept_for_tags_that_need_the_authors_eye() -> None:
    """One for each tag that is out of date or unknown, in the rule's order."""
    found = attribution(["attack.execution", "attack.t1086", "attack.exfiltraton", "attack.t1105"])
    assert [note.partition(" ")[0] for note in found.notes] == ["T1086", "'exfiltraton'"]
    assert found.label == Label("TA0002", "T1059.001")


@given(st.lists(st.one_of(st.text(), st.sampled_from(TECHNIQUES).map("attack.{}".format))))
def test_any_tags_can_be_read(tags: list[str]) -> None:
    """There is a label exactly when some tag names a tactic or a technique."""
    found = attribution(tags)
    assert (found.label is not None) == bool(found.tactics or found.techniques)
