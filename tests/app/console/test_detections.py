"""The detections page is told what is stored: lists, groups, bars, one with its event, and its neighbours."""

import json
from datetime import timedelta

import pytest

from tests.app.console.judged import BEGAN, ENCODED, EVENTS, HOSTILE, PACKS, judge
from tocsin.model.identity import is_uuid

RULES = {"rules__paths": PACKS}


@pytest.fixture
def client(asking, tmp_path):
    judge(tmp_path / "results")
    return asking(**RULES)


def told(client, path, **asked):
    found = client.get(path, params=asked)
    assert found.status_code == 200, found.text
    return found.json()


def first(client, **asked):
    return told(client, "/api/detections", **asked)["rows"][0]


def test_without_results_there_are_none(asking):
    """Every list is empty; nothing is an error."""
    client = asking(**RULES)
    page = told(client, "/api/detections")
    assert (page["rows"], page["next"], page["total"], page["total_is_exact"]) == ([], None, 0, True)
    assert told(client, "/api/detections/groups", by="rule") == {"rows": [], "next": None}
    assert told(client, "/api/detections/histogram")["rows"] == []


def test_pages_and_filters(client):
    """Cursors lead through all of it, filters narrow it, and totals say how much it is."""
    whole = told(client, "/api/detections", limit=500)
    assert whole["total"] == len(whole["rows"]) > 3
    rows, cursor = [], ""
    while True:
        page = told(client, "/api/detections", limit=2, **({"cursor": cursor} if cursor else {}))
        rows += page["rows"]
        cursor = page["next"]
        assert page["total"] == whole["total"]
        if cursor is None:
            break
    assert rows == whole["rows"]
    assert {row["host"] for row in told(client, "/api/detections", host="DC-01")["rows"]} == {"DC-01"}
    both = told(client, "/api/detections", host=["DC-01", "WS-01"])["rows"]
    assert {row["host"] for row in both} == {"DC-01", "WS-01"}
    assert told(client, "/api/detections", q="notepad", level="critical")["rows"] == []
    since = (BEGAN + timedelta(minutes=3)).isoformat()
    assert {row["host"] for row in told(client, "/api/detections", since=since)["rows"]} == {"DC-01"}


def test_a_row_has_the_keys_that_it_has_everywhere(client):
    """Those of NDJSON and Kafka, and when it was stored."""
    row = first(client, host="DC-01", technique="T1059.001")
    assert list(row) == [
        *("detection_id", "event_id", "timestamp", "rule_id", "rule_title", "rule_revision", "level"),
        *("tactics", "techniques", "host", "user", "source_ip", "event_type", "matched"),
        *("topic", "partition", "offset", "trace_id", "stored_time"),
    ]
    assert row["stored_time"] == "2026-11-21T12:00:00Z"
    assert is_uuid(row["detection_id"])


def test_groups_and_bars_count_what_the_list_counts(client):
    """Whatever they are grouped by."""
    total = told(client, "/api/detections")["total"]
    for by in ("rule", "host", "user"):
        rows = told(client, "/api/detections/groups", by=by)["rows"]
        assert sum(row["count"] for row in rows) == total
    technique = told(client, "/api/detections/groups", by="technique")["rows"][0]
    assert technique["title"] != technique["key"]
    bars = told(client, "/api/detections/histogram", buckets=3)
    assert sum(sum(bar["by_level"].values()) for bar in bars["rows"]) == total
    assert bars["start"] == bars["rows"][0]["start"] == "2026-11-21T10:00:00Z"
    one = told(client, "/api/detections/groups", by="host", limit=1)
    two = told(client, "/api/detections/groups", by="host", limit=1, cursor=one["next"])
    assert one["rows"][0]["key"] != two["rows"][0]["key"]


def test_one_detection_has_its_event_its_rule_and_its_techniques(client):
    """The event as it came and as it was read, the rule's text, links to ATT&CK."""
    row = first(client, host="DC-01", technique="T1059.001")
    found = told(client, f"/api/detections/{row['detection_id']}")
    assert found["detection"] == row
    assert (found["event"]["text"].encode(), found["event"]["kept"]) == (EVENTS[3], True)
    assert found["event"]["format"] == "lab"
    assert found["event"]["fields"]["pid"] == str(2**60 + 1)
    assert found["techniques"][0]["url"].startswith("https://attack.mitre.org/techniques/T1059/001")
    assert found["rule"]["id"] == row["rule_id"]
    assert f"id: {row['rule_id']}" in found["rule"]["yaml"]
    assert found["rule"]["changed"] is False


def test_why_it_fired(client):
    """The explanation is the one that `tocsin explain` prints."""
    row = first(client, host="DC-01", technique="T1059.001")
    found = told(client, f"/api/detections/{row['detection_id']}/explanation")
    assert (found["rule_id"], found["fires"]) == (row["rule_id"], True)
    assert any(ENCODED in value["value"] for value in found["values"])


def test_why_there_is_no_explanation(asking, tmp_path):
    """The event was not kept, the rule is not loaded, or there is no such detection: 404 says which."""
    judge(tmp_path / "results", keep="none")
    client = asking(**RULES)
    row = first(client)
    detail = told(client, f"/api/detections/{row['detection_id']}")
    assert detail["event"] == {"format": None, "text": None, "fields": None, "kept": False}
    assert detail["rule"] is not None
    found = client.get(f"/api/detections/{row['detection_id']}/explanation")
    assert (found.status_code, "not kept" in found.json()["error"]) == (404, True)
    assert "--keep-events" in found.json()["hint"]
    other = asking(rules__paths=["builtin:windows"])
    assert told(other, f"/api/detections/{row['detection_id']}")["rule"] is None
    for id_ in ("0" * 32, "no-id", "'; DROP TABLE detections"):
        found = client.get(f"/api/detections/{id_}")
        assert (found.status_code, found.json()["error"]) == (404, "there is no such detection")


def test_other_events_of_a_host(client):
    """Within minutes, in order of time, with and without detections; of no other host."""
    around = (BEGAN + timedelta(minutes=1)).isoformat()
    found = told(client, "/api/hosts/WS-01/events", around=around)
    assert [row["timestamp"] for row in found["rows"]] == [json.loads(e)["timestamp"] for e in EVENTS[:2]]
    fired, quiet = found["rows"]
    assert fired["rules"]
    assert fired["technique"] == "T1059.001"
    assert (quiet["level"], quiet["technique"]) == (None, None) or quiet["rules"]
    assert told(client, "/api/hosts/WS-01/events", around=around, minutes=0.5)["rows"] == [quiet]
    assert told(client, "/api/hosts/WS-01/events", around=around, limit=1)["truncated"]
    assert told(client, "/api/hosts/nobody/events", around=around)["rows"] == []
    assert told(client, "/api/hosts/a/b/events", around="0001-01-01T00:00:00Z")["rows"] == []


def test_hostile_values_stay_json(client):
    """Marks, NUL and HTML arrive as they are, and can be asked for."""
    found = client.get("/api/detections", params={"host": HOSTILE})
    assert found.headers["Content-Type"] == "application/json"
    row = found.json()["rows"][0]
    assert row["host"] == HOSTILE
    assert (
        HOSTILE in told(client, f"/api/detections/{row['detection_id']}")["event"]["fields"]["command_line"]
    )
    groups = told(client, "/api/detections/groups", by="host")["rows"]
    assert HOSTILE in {group["key"] for group in groups}


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": 501},
        {"limit": 0},
        {"since": "yesterday"},
        {"level": "terrible"},
        {"cursor": "nonsense"},
        {"q": "x" * 2_001},
    ],
)
def test_wrong_parameters_are_told(client, asked):
    """In one sentence, with 422."""
    found = client.get("/api/detections", params=asked)
    assert found.status_code == 422
    assert found.json()["error"]
