"""The hosts, users and addresses that detections are about come worst first."""

from tests.stats.stores import Row, csv_of, results_of
from tocsin.model import Level
from tocsin.stats.entities import entities
from tocsin.stats.events import events_of


def row(host: str, level: Level | None, user: str = "u", minute: int = 0) -> Row:
    tactic = ("TA0000", "T0000") if level is None else ("TA0002", "T1059")
    return Row(f"2026-01-01T10:{minute:02}:00Z", *tactic, user=user, host=host, level=level)


def test_one_critical_event_comes_before_a_thousand_low_ones(tmp_path):
    """Equally bad ones are ranked by the next level, then by name."""
    rows = [
        *[row("LOW", Level.LOW)] * 30,
        row("CRITICAL", Level.CRITICAL),
        *[row("HIGHS", Level.HIGH)] * 2,
        row("HIGH", Level.HIGH),
        row("QUIET", None),
    ]
    with events_of(results_of(rows, tmp_path / "results")) as events:
        found = entities(events, 10)
    assert [(e.value, e.level, e.alarming, e.detected, e.count) for e in found.hosts.rows] == [
        ("CRITICAL", "critical", 1, 1, 1),
        ("HIGHS", "high", 2, 2, 2),
        ("HIGH", "high", 1, 1, 1),
        ("LOW", "low", 0, 30, 30),
    ]
    assert (found.alarming_events, found.alarming_hosts) == (4, 3)


def test_a_rank_ends_where_it_should_and_says_how_many_there_are(tmp_path):
    """`top` cuts rows, never the number of all."""
    rows = [row(f"H{i}", Level.HIGH, user="") for i in range(7)]
    with events_of(results_of(rows, tmp_path / "results")) as events:
        found = entities(events, 3)
    assert [e.value for e in found.hosts.rows] == ["H0", "H1", "H2"]
    assert found.hosts.distinct == 7
    assert (found.users.rows, found.users.distinct) == ((), 0)


def test_a_csv_knows_who_has_a_tactic_but_not_how_bad_it_is(tmp_path):
    """What is not known is None or empty, never a zero that looks like good news."""
    with events_of(csv_of([row("A", Level.HIGH), row("B", None)], tmp_path / "out.csv")) as events:
        found = entities(events, 10)
    assert [(e.value, e.level, e.detected) for e in found.hosts.rows] == [("A", "", 1)]
    assert (found.alarming_events, found.alarming_hosts) == (None, None)


def test_first_and_last_are_those_of_detections(tmp_path):
    """Ordinary events before and after do not stretch them."""
    rows = [
        row("A", None),
        row("A", Level.LOW, minute=5),
        row("A", Level.LOW, minute=8),
        row("A", None, minute=9),
    ]
    with events_of(results_of(rows, tmp_path / "results")) as events:
        (host,) = entities(events, 10).hosts.rows
    assert host.first is not None
    assert host.last is not None
    assert (host.first.minute, host.last.minute) == (5, 8)
