"""The rules page knows every rule file and what each rule found; the tester judges as workers do."""

import json
import time
from pathlib import Path

import pytest

from tests.app.console.judged import ENCODED, HOSTILE, PACKS, judge, lab_event
from tocsin import Detector, load_rules
from tocsin.app.console import trying
from tocsin.stats.events import events_of
from tocsin.stats.questions import rules as rules_counted

RULE = """title: Calculator started
id: 11111111-1111-4111-8111-111111111111
status: test
description: A test
date: 2026-11-21
logsource:
    product: windows
    category: process_creation
detection:
    selection:
        CommandLine|contains: 'calc'
    condition: selection
level: low
tags:
    - attack.t1059.001
"""
CALC = json.dumps(
    {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "CommandLine": "calc.exe"}
)


def told(client, path, **asked):
    found = client.get(path, params=asked)
    assert found.status_code == 200, found.text
    return found.json()


def try_(client, **trial):
    return client.post("/api/rules/test", json=trial)


@pytest.fixture
def client(asking, tmp_path):
    judge(tmp_path / "results")
    return asking(rules__paths=PACKS)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A folder with a rule, an invalid one, one that is not supported, and one that is no YAML."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "good.yml").write_text(RULE)
    (folder / "bad.yml").write_text(RULE.replace("1111", "2222").replace("level: low", "level: terrible"))
    (folder / "broken.yml").write_text("title: [")
    (folder / "twice.yml").write_text(RULE)
    return folder


def test_every_rule_has_a_row_with_what_it_found(client, tmp_path):
    """Counts are those of statistics, and those that never fired are told apart."""
    whole = told(client, "/api/rules", limit=500)
    rules = load_rules(PACKS)
    assert {row["id"] for row in whole["rows"]} == set(rules.by_id)
    with events_of(tmp_path / "results") as events:
        counted = {rule.rule_id: rule.count for rule in rules_counted(events, 1_000).rows}
    assert {row["id"]: row["matches"] for row in whole["rows"] if row["matches"]} == counted
    assert whole["totals"] == {
        "ok": len(rules.rules),
        "unsupported": 0,
        "invalid": 0,
        "fired": len(counted),
        "never_fired": len(rules.rules) - len(counted),
    }
    assert all((row["last_fired"] is None) == (row["matches"] == 0) for row in whole["rows"])
    assert whole["rows"][0]["matches"] == max(counted.values())


def test_rows_can_be_narrowed_and_paged(client):
    """By text, level, status and whether they fired."""
    whole = told(client, "/api/rules", limit=500)["rows"]
    rows, cursor = [], ""
    while cursor is not None:
        found = told(client, "/api/rules", limit=3, **({"cursor": cursor} if cursor else {}))
        rows += found["rows"]
        cursor = found["next"]
    assert rows == whole
    for asked, holds in [
        ({"q": "t1059"}, lambda row: any(t.startswith("T1059") for t in row["techniques"])),
        ({"level": "high"}, lambda row: row["level"] == "high"),
        ({"fired": "true"}, lambda row: row["matches"] > 0),
        ({"fired": "false"}, lambda row: row["matches"] == 0),
        ({"status": "invalid"}, lambda row: False),
    ]:
        assert told(client, "/api/rules", limit=500, **asked)["rows"] == [r for r in whole if holds(r)]


def test_what_does_not_run_says_why(asking, mixed):
    """File, line and reason; each has an id by which its text can be read."""
    client = asking(rules__paths=[str(mixed)])
    found = told(client, "/api/rules")
    assert (found["totals"]["ok"], found["totals"]["invalid"]) == (1, 3)
    for row in found["rows"]:
        detail = told(client, f"/api/rules/{row['id']}")
        assert {key: detail[key] for key in row} == row
        assert detail["yaml"] == Path(row["file"]).read_text().strip("\n")
        if row["status"] == "invalid":
            assert row["reason"]
            assert row["line"] >= 1
    good = next(row for row in found["rows"] if row["status"] == "ok")
    assert told(client, f"/api/rules/{good['id']}")["date"] == "2026-11-21"


def test_only_rule_files_can_be_read(client):
    """An id is looked up among the rules; it is never taken for a path."""
    for id_ in ("/etc/passwd:1", "..%2f..%2fetc%2fpasswd", "builtin:lab/nothing.yml:1", "%2e%2e/x"):
        assert client.get(f"/api/rules/{id_}").status_code == 404


def test_a_rule_has_its_newest_detections(client):
    """They are those of the list that is narrowed to it."""
    row = told(client, "/api/rules")["rows"][0]
    detail = told(client, f"/api/rules/{row['id']}")
    assert detail["recent"] == told(client, "/api/detections", rule=row["id"], limit=20)["rows"]
    assert f"id: {row['id']}" in detail["yaml"]


def test_changed_rules_are_loaded(asking, mixed, monkeypatch):
    """Without a restart; when they are all gone, the ones before stay."""
    monkeypatch.setattr("tocsin.app.console.rule_shelf._SECONDS", 0.0)
    client = asking(rules__paths=[str(mixed)])
    assert told(client, "/api/rules")["totals"]["ok"] == 1
    (mixed / "more.yml").write_text(RULE.replace("1111", "3333"))
    assert told(client, "/api/rules")["totals"]["ok"] == 2
    assert told(client, "/api/status")["rules"]["count"] == 2
    mixed.rename(mixed.with_name("gone"))
    assert told(client, "/api/rules")["totals"]["ok"] == 2


def test_an_event_is_judged_as_by_a_worker(client):
    """The same label and the same detections as the detector gives, with reasons."""
    event = lab_event(7, f"{ENCODED} {HOSTILE}").decode()
    found = try_(client, event=event).json()
    verdict = Detector(load_rules(PACKS)).judge_lines([event.encode()])[0]
    assert verdict.detections
    assert [row["rule_id"] for row in found["detections"]] == [d.rule_id for d in verdict.detections]
    assert (found["label"]["tactic"], found["label"]["technique"]) == (
        verdict.label.tactic,
        verdict.label.technique,
    )
    explained = {one["rule_id"]: one for one in found["explanations"]}
    assert all(explained[d.rule_id]["fires"] for d in verdict.detections)
    assert found["rejected"] is None


def test_one_rule_is_explained_whether_or_not_it_fires(client):
    """Nothing else is tried then."""
    rule = load_rules(PACKS).rules[0]
    found = try_(client, event=lab_event(7, "notepad").decode(), rule_id=rule.id).json()
    assert [one["rule_id"] for one in found["explanations"]] == [rule.id]
    assert try_(client, event="{}", rule_id="nothing").status_code == 404
    assert try_(client, event="{}", rule_id=rule.id, rule=RULE).status_code == 422


@pytest.mark.parametrize("text", ["", "no json", "[1, 2]", '{"a": ', "\ud800", '{"Records": [{}, {}]}'])
def test_what_is_no_event_is_rejected_with_a_reason(client, text):
    """As in the dead letters; it is no error of the question."""
    found = client.post(
        "/api/rules/test",
        content=json.dumps({"event": text}),
        headers={"Content-Type": "application/json"},
    )
    assert found.status_code == 200
    assert found.json()["rejected"]["reason"]
    assert found.json()["detections"] == []


def test_a_pasted_rule_is_tried_alone(client):
    """Whether or not it is among those that are loaded."""
    found = try_(client, event=CALC, rule=RULE).json()
    assert [row["rule_title"] for row in found["detections"]] == ["Calculator started"]
    assert found["label"]["technique"] == "T1059.001"
    nothing = try_(client, event=CALC, rule=RULE.replace("'calc'", "'paint'")).json()
    assert nothing["detections"] == []
    assert nothing["explanations"][0]["fires"] is False


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("title: [", "not valid YAML"),
        ("", "empty"),
        ("just text", "not a Sigma rule"),
        (RULE.replace("selection\n", "nothing\n"), "nothing"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
            + "".join(
                f"{y}: &{y} [{','.join([f'*{x}'] * 10)}]\n"
                for x, y in zip("abcdefgh", "bcdefghi", strict=True)
            )
            + RULE,
            "",
        ),
        ("!!python/object/apply:os.system ['true']\n", ""),
        ("[" * 100_000, "nested"),
        ("x" * 300_000, "larger than"),
    ],
)
def test_a_hostile_rule_is_refused_quickly(client, rule, said):
    """Bombs of aliases, depth and size end in a sentence."""
    started = time.monotonic()
    found = try_(client, event=CALC, rule=rule)
    if rule:
        assert found.status_code == 422
        assert said in found.json()["error"]
    else:
        assert found.json()["rejected"] is None, "no rule was sent: all are tried"
    assert time.monotonic() - started < 60


def test_a_rule_that_takes_for_ever_is_ended(client, monkeypatch):
    """Its process is, and the console goes on."""
    monkeypatch.setattr(trying, "SECONDS", 0.05)
    found = try_(client, event=CALC, rule=RULE)
    assert found.status_code == 422
    assert "takes longer" in found.json()["error"]


def test_time_runs_out_with_a_notice(client, monkeypatch):
    """What was found until then is told."""
    monkeypatch.setattr(trying, "SECONDS", -1.0)
    found = try_(client, event=lab_event(1, ENCODED).decode()).json()
    assert "stopped after" in found["notices"][0]
