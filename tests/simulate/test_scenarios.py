"""The attacks: chains of catalogued techniques, other ones with every seed, in both shapes, documented."""

from __future__ import annotations

import random
from collections import defaultdict
from pathlib import Path

import pytest

from tocsin.attack import catalogue
from tocsin.simulate.actions import Logon, LogonType, ProcessStart
from tocsin.simulate.lab import LabShape
from tocsin.simulate.organisation import Organisation, found
from tocsin.simulate.scenarios import SCENARIOS, Act, Cast, Scenario
from tocsin.simulate.windows import WindowsShape

DOCUMENTED = Path(__file__).parents[2] / "docs" / "scenarios.md"
RUNS = 40

everyone = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    return found(random.Random(1))


def play(scenario: Scenario, organisation: Organisation, seed: int) -> list[Act]:
    return list(scenario.play(Cast(organisation, random.Random(seed))))


def runs(scenario: Scenario, organisation: Organisation) -> list[Act]:
    return [act for seed in range(RUNS) for act in play(scenario, organisation, seed)]


def test_enough_of_them() -> None:
    """There are at least twelve scenarios with names of their own."""
    names = {scenario.name for scenario in SCENARIOS}
    assert len(names) == len(SCENARIOS) >= 12


@everyone
def test_a_chain(scenario: Scenario, organisation: Organisation) -> None:
    """Every run is a chain of at least two steps and three events."""
    for seed in range(RUNS):
        acts = play(scenario, organisation, seed)
        assert len({act.step for act in acts}) >= 2
        assert len(acts) >= 3


@everyone
def test_techniques_are_current(scenario: Scenario, organisation: Organisation) -> None:
    """Each step has one technique, whatever the seed, and the catalogue has it under that id."""
    techniques = defaultdict(set)
    for act in runs(scenario, organisation):
        techniques[act.step].add(act.technique)
    assert all(len(found) == 1 for found in techniques.values())
    known = catalogue()
    assert all(known.technique(t) is not None for found in techniques.values() for t in found)


@everyone
def test_seeds_vary(scenario: Scenario, organisation: Organisation) -> None:
    """Two seeds never give the same run; the same seed always does."""
    assert play(scenario, organisation, 1) == play(scenario, organisation, 1)
    assert play(scenario, organisation, 1) != play(scenario, organisation, 2)


@everyone
def test_both_shapes_see_it(scenario: Scenario, organisation: Organisation) -> None:
    """Each step leaves an event in the Windows logs, and each run leaves events of the lab's shape."""
    windows, lab = WindowsShape(organisation, random.Random(2)), LabShape()
    for seed in range(10):
        acts = play(scenario, organisation, seed)
        assert all(windows.drafts(act.action) for act in acts)
        assert sum(bool(lab.drafts(act.action)) for act in acts) >= 2


@everyone
def test_documented(scenario: Scenario, organisation: Organisation) -> None:
    """The documentation lists every step of the scenario with its technique."""
    text = DOCUMENTED.read_text(encoding="utf-8")
    section = text.partition(f"\n## {scenario.name}\n")[2].partition("\n## ")[0]
    assert scenario.title in section
    for act in runs(scenario, organisation):
        name = catalogue().name(act.technique)
        assert f"| `{act.step}` | {act.technique} {name} |" in section


def test_programs_are_where_they_belong(organisation: Organisation) -> None:
    """A program's path is absolute, and its command line begins with the program or is a path of its own."""
    for scenario in SCENARIOS:
        for act in runs(scenario, organisation):
            if isinstance(act.action, ProcessStart):
                assert act.action.image[1:3] == ":\\", act
                assert act.action.parent[1:3] == ":\\", act
                assert act.action.command_line.strip() == act.action.command_line != ""


def test_strangers_come_from_outside(organisation: Organisation) -> None:
    """Guessed passwords come from the intruder's address; success comes last."""
    brute_force = next(s for s in SCENARIOS if s.name == "brute-force")
    logons = [a.action for a in play(brute_force, organisation, 3) if isinstance(a.action, Logon)]
    assert len({logon.address for logon in logons}) == 1
    assert not logons[0].address.startswith("10.")
    assert [logon.success for logon in logons] == [False] * (len(logons) - 1) + [True]
    assert logons[0].type in {LogonType.NETWORK, LogonType.REMOTE}
