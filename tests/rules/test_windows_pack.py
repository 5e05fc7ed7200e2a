"""The pack `builtin:windows`: in order, correctly labelled, and each rule does what it says and no more."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.corpora import corpus
from tests.rules.windows_pack.cases import events_of
from tests.rules.windows_pack.count import COUNTS, counted
from tests.rules.windows_pack.table import DOCUMENT, document
from tocsin.attack import attribution, catalogue
from tocsin.detect import Detector
from tocsin.model import Level
from tocsin.rules import Rule, RuleSet, Status, load_rules, read_rules
from tocsin.simulate.timeline import spread
from tocsin.simulate.weave import Simulator

PACK = "builtin:windows"
NOON = 1_795_262_400_000  # 21 November 2026, 12:00 UTC
HOUR = 3_600_000
HERE = Path(__file__).parent / "windows_pack"

SEEN_ON_ENDPOINTS = (
    "initial-access", "execution", "persistence", "privilege-escalation", "stealth", "defense-impairment",
    "credential-access", "discovery", "lateral-movement", "collection", "command-and-control", "exfiltration",
    "impact",
)  # fmt: skip
"""Tactics that telemetry of Windows machines can show: all but the two before an intruder is near one."""


@cache
def pack() -> RuleSet:
    return load_rules([PACK], strict=True)


@cache
def detector() -> Detector:
    return Detector(pack())


def stem(rule: Rule) -> str:
    return Path(rule.path).stem


RULES = {stem(rule): rule for rule in pack().rules}
CASES: dict[str, Any] = yaml.safe_load((HERE / "events.yml").read_text(encoding="utf-8"))

each_rule = pytest.mark.parametrize("rule", [pytest.param(r, id=name) for name, r in RULES.items()])


def test_all_in_order():
    """Every file is a rule that can be evaluated, and nothing needs to be said about any of them."""
    assert [
        entry for entry in read_rules([PACK]).report if entry.status is not Status.OK or entry.reason
    ] == []


def test_enough_of_them():
    """There are at least sixty."""
    assert len(RULES) == len(pack().rules) >= 60


def test_titles_are_unique():
    """An analyst can tell two rules apart by their titles."""
    assert [t for t, n in Counter(rule.title for rule in pack().rules).items() if n > 1] == []


def test_tactics_are_covered():
    """Every tactic that these logs can show has rules that alert."""
    alerting = {tactic for rule in pack().rules if rule.level >= Level.MEDIUM for tactic in rule.tactics}
    wanted = [catalogue().tactic(name) for name in SEEN_ON_ENDPOINTS]
    assert {tactic.id for tactic in wanted if tactic} <= alerting
    assert None not in wanted


@each_rule
def test_described(rule):
    """Who wrote it, what it finds, how far it can be trusted, and when it is wrong."""
    assert uuid.UUID(rule.id).version == 4
    assert rule.author == "The Tocsin authors"
    assert rule.status in {"stable", "test"}
    assert len(rule.title) <= 100
    assert len(rule.description.strip()) >= 60
    assert rule.false_positives
    assert all(text.strip() for text in rule.false_positives)
    assert rule.level >= Level.LOW


@each_rule
def test_labelled(rule):
    """Tags are current; each tactic owns one of the techniques, each technique serves one of the tactics."""
    found = attribution(rule.tags)
    assert found.notes == ()
    assert found.tactics
    assert found.techniques
    techniques = catalogue().techniques
    serves = {technique: set(techniques[technique].tactics) for technique in found.techniques}
    assert all(any(tactic in served for served in serves.values()) for tactic in found.tactics)
    assert all(served & set(found.tactics) for served in serves.values())


@each_rule
def test_references(rule):
    """All techniques are referred to, and nothing but techniques and Microsoft's documentation."""
    techniques = catalogue().techniques
    urls = {techniques[t].url for t in rule.techniques}
    assert urls <= set(rule.references)
    others = set(rule.references) - urls
    assert all(url.startswith("https://learn.microsoft.com/") for url in others)


@each_rule
def test_no_lookaround(rule):
    """Regular expressions keep to what engines without backtracking understand."""
    text = resources.files("tocsin.rules").joinpath(f"packs/windows/{stem(rule)}.yml").read_text("utf-8")
    assert not re.search(r"\(\?[=!<]", text)


def test_every_rule_has_events():
    """Events on which it fires and others on which it must not."""
    assert sorted(CASES) == sorted(RULES)
    assert all(case["fires"] and case["silent"] for case in CASES.values())


def cases(kind: str) -> Iterator[Any]:
    for name, case in CASES.items():
        for number, spec in enumerate(case[kind], 1):
            for shape, event in events_of(spec):
                yield pytest.param(name, event, id=f"{name}-{number}-{shape}")


@pytest.mark.parametrize(("name", "event"), [*cases("fires")])
def test_fires(name, event):
    """The rule fires on the event, in every shape in which the event can be written."""
    assert RULES[name].id in detections(event)


@pytest.mark.parametrize(("name", "event"), [*cases("silent")])
def test_silent(name, event):
    """The rule does not fire on the event, which looks much like those on which it does."""
    assert RULES[name].id not in detections(event)


@pytest.mark.slow
def test_recorded_events():
    """On the recorded attacks each rule fires as often as when its hits were last read one by one.

    After reading the new hits, rewrite the counts: `python -m tests.rules.windows_pack.count`.
    """
    assert counted(corpus("windows-events")) == json.loads(COUNTS.read_text(encoding="utf-8"))


@pytest.mark.parametrize("shape", ["lab", "windows"])
def test_simulated_attacks(shape):
    """At least 95 % of the steps of simulated attacks are found, at most 0.1 % of other events accused."""
    simulator = Simulator(seed=20_261_121, shape=shape, attack_ratio=0.2)
    happenings = simulator.take(list(spread(NOON, HOUR, 12_000)))
    found: dict[tuple[int, str], bool] = {}
    ordinary = accused = 0
    for happening, verdict in zip(
        happenings, detector().judge_lines([h.value for h in happenings]), strict=True
    ):
        alert = any(detection.level >= Level.MEDIUM for detection in verdict.detections)
        if happening.origin is None:
            ordinary += 1
            accused += alert
        else:
            step = (happening.origin.run, happening.origin.step)
            found[step] = found.get(step, False) or alert
    assert len(found) > 100
    assert sum(found.values()) >= 0.95 * len(found)
    assert accused <= 0.001 * ordinary


def test_documented():
    """The documentation lists every rule as it is.

    To write it anew: `python -m tests.rules.windows_pack.table`.
    """
    assert DOCUMENT.read_text(encoding="utf-8") == document(pack())


def detections(event: dict[str, Any]) -> set[str]:
    (verdict,) = detector().judge_lines([json.dumps(event).encode()])
    assert verdict.rejected is None
    return {detection.rule_id for detection in verdict.detections}
