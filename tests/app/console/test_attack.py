"""Each technique stands once per tactic, with the numbers that rules coverage and the lists have."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.app.console.judged import PACKS, judge
from tocsin import load_rules
from tocsin.attack import catalogue
from tocsin.rules.coverage import tactic_coverage, technique_coverage
from tocsin.stats.events import events_of
from tocsin.stats.questions import techniques


@pytest.fixture
def client(asking, tmp_path):
    judge(tmp_path / "results")
    return asking(rules__paths=PACKS)


def told(client, path, **asked):
    found = client.get(path, params=asked)
    assert found.status_code == 200, found.text
    return found.json()


def cells(matrix: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for tactic in matrix["tactics"]:
        for technique in tactic["techniques"]:
            yield technique
            yield from technique["subtechniques"]


def test_it_is_the_matrix_of_the_catalogue(client):
    """Every technique stands under each of its tactics, every sub-technique under its technique."""
    matrix = told(client, "/api/attack")
    assert matrix["version"] == catalogue().version
    assert [tactic["id"] for tactic in matrix["tactics"]] == [tactic.id for tactic in catalogue().tactics]
    assert {cell["id"] for cell in cells(matrix)} == set(catalogue().techniques)


def test_its_numbers_are_those_of_rules_coverage(client, tmp_path):
    """Rules per technique, events per technique, and how much is covered."""
    rules = load_rules(PACKS).rules
    with events_of(tmp_path / "results") as events:
        seen = {count.value: count.count for count in techniques(events, 10_000).rows}
    matrix = told(client, "/api/attack")
    by_id = {cell["id"]: cell for cell in cells(matrix)}
    found = technique_coverage(rules, seen)
    for covered in found:
        cell = by_id[covered.technique.id]
        assert (cell["rules"], cell["events"]) == (len(covered.rules) + covered.below, covered.seen)
    assert sum(cell["events"] for cell in by_id.values()) > 0
    for tactic, column in zip(tactic_coverage(rules, found), matrix["tactics"], strict=True):
        assert tactic.covered == sum(cell["rules"] > 0 for cell in column["techniques"])
        assert tactic.techniques == len(column["techniques"])
    assert matrix["unlabelled_rules"] == sum(not rule.techniques for rule in rules)
    assert matrix["totals"]["rules"] == len(rules)


def test_a_click_leads_to_as_many_detections(client):
    """The number in a cell is the total of the list narrowed to it; of a technique with its parts."""
    matrix = told(client, "/api/attack")
    shown = {cell["id"]: cell for cell in cells(matrix) if cell["detections"]}
    assert {"T1059", "T1059.001"} <= set(shown)
    for id_, cell in shown.items():
        assert told(client, "/api/detections", technique=id_)["total"] == cell["detections"]
        assert cell["hosts"] == len(told(client, "/api/detections/groups", by="host", technique=id_)["rows"])
        assert cell["last_seen"] is not None
    assert matrix["totals"]["detections"] == told(client, "/api/detections")["total"]


@pytest.mark.parametrize("kind", ["coverage", "observed"])
def test_a_layer_is_one_that_the_navigator_opens(client, kind):
    """It has the version of the catalogue, and a score for each technique that has one."""
    found = client.get("/api/attack/layer", params={"kind": kind})
    assert found.headers["Content-Disposition"] == f'attachment; filename="tocsin-{kind}.json"'
    layer = json.loads(found.content)
    assert layer["domain"] == "enterprise-attack"
    by_id = {cell["id"]: cell for cell in cells(told(client, "/api/attack"))}
    scores = {each["techniqueID"]: each["score"] for each in layer["techniques"]}
    assert scores
    for id_, score in scores.items():
        assert 0 < score <= by_id[id_]["rules" if kind == "coverage" else "events"]


def test_without_results_coverage_stands_alone(asking):
    """Nothing was observed, and that is no error."""
    matrix = told(asking(rules__paths=PACKS), "/api/attack")
    assert matrix["totals"]["observed"] == 0
    assert matrix["totals"]["covered"] > 0


def test_rules_that_are_not_there_are_told(asking):
    """The path is named, with a hint."""
    found = asking(rules__paths=["builtin:nothing"]).get("/api/attack")
    assert found.status_code == 503
    assert "nothing" in found.json()["error"]
