"""Every number is what counting by hand gives, from the results table and from the CSV alike."""

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stats.stores import Row, csv_of, results_of
from tocsin.errors import SettingsError
from tocsin.model import Level
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.stats.buckets import named
from tocsin.stats.events import events_of
from tocsin.stats.naming import kill_chain_order
from tocsin.stats.questions import Count, Summary, over_time, summary

LABELS = [
    ("TA0000", "T0000"),
    ("TA0002", "T1059"),
    ("TA0002", "T1059.001"),
    ("TA0006", "T1110"),
    ("TA0001", "T1078"),
]

ROWS = st.builds(
    lambda when, label, user, host, kind, level: Row(
        timestamp=when.isoformat(),
        tactic=label[0],
        technique=label[1],
        user=user,
        host=host,
        event_type=kind,
        level=level,
    ),
    when=st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 3), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    label=st.sampled_from(LABELS),
    user=st.sampled_from(["fin-01", "adm-02", "", "ünïcode", 'a,b"c']),
    host=st.sampled_from(["WS-01", "DC-01"]),
    kind=st.sampled_from(["process_start", "user_login"]),
    level=st.sampled_from([None, *Level]),
)


def summary_of(path: Path, top: int = 10) -> Summary:
    with events_of(path) as events:
        return summary(events, top)


def counted(counts: tuple[Count, ...]) -> dict[str, int]:
    return {count.value: count.count for count in counts}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=60))
def test_both_stores_give_what_counting_by_hand_gives(rows, tmp_path_factory):
    """A plain restatement of each question in Python agrees."""
    folder = tmp_path_factory.mktemp("store")
    for path in (results_of(rows, folder / "results"), csv_of(rows, folder / "out.csv")):
        found = summary_of(path)
        assert found.processing.events == len(rows)
        assert found.processing.labelled == sum(r.tactic != "TA0000" for r in rows)
        assert found.processing.untimed == 0
        assert counted(found.tactics) == Counter(r.tactic for r in rows)
        assert counted(found.techniques.rows) == Counter(r.technique for r in rows)
        assert counted(found.event_types.rows) == Counter(r.event_type for r in rows)
        assert counted(found.users.rows) == Counter(r.user for r in rows)
        assert counted(found.hosts.rows) == Counter(r.host for r in rows)
        assert sum(bucket.count for bucket in found.over_time.rows) == len(rows)
        assert found.processing.first_event == min(datetime.fromisoformat(r.timestamp) for r in rows)
        with events_of(path) as events:
            minutes = Counter(
                (b.start.isoformat(), b.tactic)
                for b in over_time(events, named("minute")).rows
                for _ in range(b.count)
            )
        by_hand = Counter((_minute(r.timestamp), r.tactic) for r in rows)
        assert minutes == by_hand


def _minute(timestamp: str) -> str:
    return datetime.fromisoformat(timestamp).replace(second=0, microsecond=0).isoformat()


def test_the_results_know_levels_and_rules(tmp_path):
    """The CSV has labels only; the table says which rules fired, and how badly."""
    rows = [
        Row("2026-01-01T00:00:00Z", "TA0002", "T1059", level=level)
        for level in (None, Level.LOW, Level.LOW, Level.HIGH)
    ]
    found = summary_of(results_of(rows, tmp_path / "results"))
    assert found.processing.detected == 3
    assert found.processing.levels == {"critical": 0, "high": 1, "medium": 0, "low": 2, "informational": 0}
    assert [(r.title, r.level, r.count) for r in found.rules.rows] == [
        ("A low rule", "low", 2),
        ("A high rule", "high", 1),
    ]
    from_csv = summary_of(csv_of(rows, tmp_path / "out.csv"))
    assert (from_csv.processing.detected, from_csv.rules.rows) == (None, ())


def test_tactics_come_in_kill_chain_order_with_their_names(tmp_path):
    """As a report shows them; what has no tactic comes last."""
    rows = [Row("2026-01-01T00:00:00Z", t) for t in ("TA0000", "TA0040", "TA0002", "TA0043", "TA0006")]
    found = summary_of(csv_of(rows, tmp_path / "out.csv"))
    names = [count.name for count in found.tactics]
    assert names == ["Reconnaissance", "Execution", "Credential Access", "Impact", "No detection"]
    assert sorted(["TA0040", "TA0002"], key=kill_chain_order) == ["TA0002", "TA0040"]


def test_times_of_any_iso_form_count_and_others_are_told(tmp_path):
    """With Z, an offset, no zone (UTC), fractions; what is no time counts everywhere but over time."""
    same = [
        "2026-01-01T12:00:00Z",
        "2026-01-01T13:00:00+01:00",
        "2026-01-01T12:00:00.000",
        "2026-01-01 12:00:00",
    ]
    rows = [Row(text, "TA0002", "T1059") for text in [*same, "yesterday"]]
    found = summary_of(csv_of(rows, tmp_path / "out.csv"))
    assert (found.processing.events, found.processing.untimed) == (5, 1)
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert (found.processing.first_event, found.processing.last_event) == (noon, noon)
    assert sum(bucket.count for bucket in found.over_time.rows) == 4


def test_an_empty_store_has_no_events(tmp_path):
    """A worker that has stored nothing yet is not an error."""
    ResultsSink(tmp_path / "results", Origin("c", "t", "i"), "none", lambda: 0.0)
    found = summary_of(tmp_path / "results")
    assert (found.processing.events, found.tactics, found.span) == (0, (), None)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path / "none", "no such folder or file"),
        (lambda path: path, "an empty folder"),
        (lambda path: _file(path / "x.csv", "event_id,timestamp,user\n1,2,3\n"), "host"),
        (lambda path: _file(path / "x.csv", ""), "x.csv"),
    ],
)
def test_what_is_no_store_is_told(make, said, tmp_path):
    """The message says what was found and what is missing."""
    with pytest.raises(SettingsError) as error:
        summary_of(make(tmp_path))
    assert said in str(error.value)


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("unit", ["second", "minute", "hour", "day", "week"])
def test_buckets_of_every_unit_hold_all_events(unit, tmp_path):
    """Whatever the width, nothing is counted twice or left out."""
    rows = [Row(f"2026-01-{day:02}T{hour:02}:30:15Z") for day in range(1, 15) for hour in range(0, 24, 5)]
    with events_of(csv_of(rows, tmp_path / "out.csv")) as events:
        found = over_time(events, named(unit))
    assert sum(row.count for row in found.rows) == len(rows)
    starts = [row.start_us for row in found.rows]
    assert starts == sorted(starts)
    assert all((b - a) % found.bucket.width == 0 for a, b in pairwise(starts))
