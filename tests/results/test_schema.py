"""Rows say what was concluded, whatever the producers sent."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.results.rows import ORIGIN, judged
from tocsin.model.identity import trace_id
from tocsin.results.dead_letters import Choice, find
from tocsin.results.schema import verdict_rows
from tocsin.results.sink import ResultsSink
from tocsin.results.table import dataset

NOW = datetime(2026, 11, 21, tzinfo=UTC)

USUAL = "30ab1c2e-174e-4f4b-aeb8-f85f1e10553b"
ODD = ["00000000-0000-0000-0000-000000000000", USUAL.replace("-", ""), "record 7", "", f"{USUAL}\n", "-" * 36]


@pytest.mark.parametrize("ids", [[USUAL], [USUAL, USUAL.upper()], *([USUAL, odd] for odd in ODD)])
def test_trace_ids_are_those_of_the_contract(ids):
    """They are found for many events at once, and are the same as for one."""
    given = judged(range(len(ids)))
    rows = verdict_rows(replace(given, events=replace(given.events, ids=ids)), NOW, "none")
    assert rows["trace_id"].to_pylist() == [trace_id(event_id) for event_id in ids]


def test_the_trace_is_that_of_the_records_own_context():
    """So that a row leads to the trace that a foreign producer began."""
    given = judged(range(2))
    own = [("traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01")]
    rows = verdict_rows(replace(given, batch=replace(given.batch, headers=[own, ()])), NOW, "none")
    assert rows["trace_id"].to_pylist() == ["a" * 32, trace_id(given.events.ids[1])]


@pytest.mark.parametrize(
    ("sent", "kept"), [(1_700_000_000_000, 1_700_000_000_000), (-1, -1), (10**15, -1), (2**63 - 1, -1)]
)
def test_a_time_that_is_none_stops_nobody(tmp_path, sent, kept):
    """A producer that takes microseconds for milliseconds must stop neither the worker nor a reader."""
    given = judged(range(2), rejected=[1])
    sink = ResultsSink(tmp_path, ORIGIN, "none", lambda: 0.0)
    sink.start([0])
    sink.write(replace(given, batch=replace(given.batch, timestamps=[sent] * 2)))
    sink.flush()
    (letter,) = find(tmp_path, Choice())
    assert letter.record.timestamp == kept
    (row,) = dataset(tmp_path).to_table(columns=["record_time"]).to_pylist()
    assert (row["record_time"] is None) == (kept < 0)
