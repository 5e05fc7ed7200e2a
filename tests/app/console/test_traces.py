"""The way of an event is told from its spans where there are some, else from the times in its row."""

import json

import pytest

from tests.app.console.judged import BEGAN, EVENTS, PACKS, STORED, judge
from tocsin.model.identity import trace_id

RULES = {"rules__paths": PACKS}
IDS = [json.loads(event)["event_id"] for event in EVENTS]


def told(client, event_id):
    found = client.get(f"/api/events/{event_id}/trace")
    assert found.status_code == 200, found.text
    return found.json()


def test_kept_spans_are_shown_as_a_tree(asking, tmp_path):
    """Each after the one that it hangs below, with its attributes."""
    judge(tmp_path / "results", traced=True)
    found = told(asking(**RULES), IDS[0])
    assert (found["source"], found["trace_id"]) == ("store", trace_id(IDS[0]))
    names = [span["name"] for span in found["spans"]]
    assert names[0] == "consume_event"
    assert {"classify_event", "write_delta"} <= set(names)
    seen = set()
    for span in found["spans"]:
        assert span["parent"] is None or span["parent"] in seen
        assert span["duration_ms"] >= 0
        seen.add(span["span_id"])
    assert found["spans"][0]["kind"] == "consumer"
    assert found["spans"][0]["attributes"]["host.name"] == "WS-01"


@pytest.mark.parametrize("number", [0, 1])
def test_without_spans_the_times_tell_the_way(asking, tmp_path, number):
    """Whether or not something was detected on the event; marked as such."""
    judge(tmp_path / "results")
    found = told(asking(**RULES), IDS[number])
    assert found["source"] == "times"
    last = found["spans"][-1]
    assert last["name"] == "to the results"
    arrived = BEGAN.timestamp() * 1_000 + number * 60_000
    assert last["start_ms"] == arrived
    assert last["start_ms"] + last["duration_ms"] == STORED.timestamp() * 1_000


def test_a_trace_id_does_as_well(asking, tmp_path):
    """It is what other programs know."""
    judge(tmp_path / "results")
    assert told(asking(**RULES), trace_id(IDS[2]))["trace_id"] == trace_id(IDS[2])


def test_jaeger_is_linked_where_it_is_named(asking, tmp_path):
    """With the trace's id; nowhere else."""
    judge(tmp_path / "results")
    assert told(asking(**RULES), IDS[0])["jaeger_url"] is None
    client = asking(console__jaeger_url="http://localhost:16686/", **RULES)
    assert told(client, IDS[0])["jaeger_url"] == f"http://localhost:16686/trace/{trace_id(IDS[0])}"


@pytest.mark.parametrize("event_id", ["nobody", "a/b", "%00", "x" * 5_000])
def test_an_event_that_nobody_knows_is_not_found(asking, tmp_path, event_id):
    """Also where there are no results at all."""
    assert asking(**RULES).get(f"/api/events/{event_id}/trace").status_code == 404
    judge(tmp_path / "results")
    found = asking(**RULES).get(f"/api/events/{event_id}/trace")
    assert (found.status_code, bool(found.json()["error"])) == (404, True)
