"""How the pipeline did: latencies, dead letters, gaps, rule sets."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.stats.stores import STORED, Row, csv_of, rejected_in, results_of
from tocsin.model import Rejected, RejectReason
from tocsin.stats.events import events_of
from tocsin.stats.health import LIMITS, Latency, health, latency, percentile
from tocsin.stats.selection import Selection

NOON = "2026-01-01T12:00:00Z"


def latency_of(waited: list[float | None], folder) -> Latency | None:
    rows = [Row(NOON, waited=seconds) for seconds in waited]
    with events_of(results_of(rows, folder / "results")) as events:
        return latency(events)


def test_latencies_are_those_of_the_rows(tmp_path):
    """From the record's time to the row's, in seconds; records without a time do not count."""
    found = latency_of([0.01 * i for i in range(1, 101)] + [None], tmp_path)
    assert found is not None
    assert (found.count, found.p50, found.p90, found.p95, found.p99, found.most) == (
        100,
        0.5,
        0.9,
        0.95,
        0.99,
        1.0,
    )
    assert dict(zip(LIMITS, found.up_to, strict=False)) == {
        0.1: 10,
        0.25: 15,
        0.5: 25,
        1.0: 50,
    } | dict.fromkeys(LIMITS[4:], 0)


def test_long_latencies_are_known_to_one_part_in_a_hundred(tmp_path):
    """What took hours is told as well as what took milliseconds; the longest is exact."""
    found = latency_of([12_345.678], tmp_path)
    assert found is not None
    assert found.p99 == pytest.approx(12_345.678, rel=0.01)
    assert found.most == 12_345.678
    assert found.up_to[-1] == 1


def test_a_clock_behind_the_brokers_is_no_time_at_all(tmp_path):
    """Never less than nothing."""
    found = latency_of([-5.0], tmp_path)
    assert found is not None
    assert (found.p50, found.most) == (0.0, 0.0)


def test_without_times_there_is_no_latency(tmp_path):
    """Files have none, and a CSV does not say."""
    assert latency_of([None], tmp_path) is None
    with events_of(csv_of([Row(NOON)], tmp_path / "out.csv")) as events:
        did = health(events)
    assert (did.latency, did.busiest, did.stored_per_second, did.rule_sets) == (None, None, None, ())


@given(st.lists(st.integers(0, 50), min_size=1), st.sampled_from([0.01, 0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_the_nearest_rank(values, share):
    """The least value that enough others do not exceed, whatever the counts are."""
    counts = [(float(value), values.count(value)) for value in sorted(set(values))]
    found = percentile(counts, share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_dead_letters_and_gaps_are_told_apart(tmp_path):
    """By reason, most first; a gap with its place and what was lost."""
    folder = results_of([Row(NOON)], tmp_path / "results")
    lost = Rejected(RejectReason.LOST, "offsets 5 to 8 were gone")
    rejected_in(folder, [*[Rejected(RejectReason.NOT_JSON, "no")] * 2, lost])
    with events_of(folder) as events:
        did = health(events)
    assert list(did.rejected.items()) == [("not_json", 2), ("lost", 1)]
    assert did.gap_count == 1
    (gap,) = did.gaps
    assert (gap.partition, gap.offset, gap.detail) == (0, 3, "offsets 5 to 8 were gone")
    assert gap.noticed == datetime.fromtimestamp(STORED, UTC)


def test_dead_letters_are_of_the_time_that_is_meant(tmp_path):
    """They have no event's time: that of their record counts, or else when they were noticed."""
    folder = results_of([Row(NOON)], tmp_path / "results")
    rejected_in(folder, [Rejected(RejectReason.NOT_JSON, "no")])
    stored = int(STORED * 1e6)
    for meant, count in ((Selection(since=stored), 1), (Selection(until=stored), 0)):
        with events_of(folder, meant) as events:
            assert sum(events.rejected.values()) == count


def test_the_rule_sets_by_which_events_were_judged(tmp_path):
    """With how many events, and since when."""
    with events_of(results_of([Row(NOON)] * 4, tmp_path / "results")) as events:
        did = health(events)
    assert [(used.revision, used.events) for used in did.rule_sets] == [("rules", 4)]
    assert did.busiest is not None
    assert did.busiest.events == 4
