"""A selection leaves out exactly the events that are not meant, in every store and in every number."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stats.stores import Row, csv_of, results_of
from tocsin.errors import SettingsError
from tocsin.model import Level
from tocsin.stats.events import events_of
from tocsin.stats.questions import summary
from tocsin.stats.selection import Selection

DAY = 86_400_000_000
START = 20_454 * DAY
"""2026-01-01, in microseconds since 1970."""


def is_meant(row: Row, meant: Selection) -> bool:
    """Restate the choice: the rows below have whole days and hours only."""
    day, hour = int(row.timestamp[8:10]), int(row.timestamp[11:13])
    at = START + (day - 1) * DAY + hour * DAY // 24
    return (
        (meant.since is None or at >= meant.since)
        and (meant.until is None or at < meant.until)
        and (not meant.hosts or row.host in meant.hosts)
        and (meant.level is None or (row.level is not None and row.level >= meant.level))
    )


TIMES = st.none() | st.integers(0, 6).map(lambda half_days: START + half_days * DAY // 2)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.builds(
            Row,
            timestamp=st.builds("2026-01-{:02}T{:02}:00:00Z".format, st.integers(1, 3), st.integers(0, 23)),
            tactic=st.just("TA0002"),
            technique=st.just("T1059"),
            host=st.sampled_from(["A", "b'c", "", "\u6f22"]),
            level=st.sampled_from([None, *Level]),
        ),
        min_size=1,
        max_size=40,
    ),
    meant=st.builds(
        Selection,
        since=TIMES,
        until=TIMES,
        hosts=st.lists(st.sampled_from(["A", "b'c", "", "nobody"]), max_size=2).map(tuple),
        level=st.none() | st.sampled_from(list(Level)),
    ),
)
def test_it_is_what_a_plain_restatement_leaves(rows, meant, tmp_path_factory):
    """Events, hosts and levels; whatever a host is called."""
    left = [row for row in rows if is_meant(row, meant)]
    folder = tmp_path_factory.mktemp("store")
    with events_of(results_of(rows, folder / "results"), meant) as events:
        found = summary(events, 100)
    assert found.processing.events == len(left)
    assert {count.value: count.count for count in found.hosts.rows} == {
        host: sum(row.host == host for row in left) for host in {row.host for row in left}
    }
    assert {level: count for level, count in found.processing.levels.items() if count} == {
        str(level): count for level in Level if (count := sum(row.level is level for row in left))
    }
    if meant.level is None:
        with events_of(csv_of(rows, folder / "out.csv"), meant) as events:
            assert summary(events).processing.events == len(left)


def test_rules_below_the_level_are_left_out(tmp_path):
    """Asked for high ones, nobody wants to read of the low one that fired beside it."""
    rows = [Row("2026-01-01T00:00:00Z", "TA0002", "T1059", level=level) for level in (Level.LOW, Level.HIGH)]
    with events_of(results_of(rows, tmp_path / "results"), Selection(level=Level.HIGH)) as events:
        found = summary(events)
    assert [rule.level for rule in found.rules.rows] == ["high"]


def test_a_csv_cannot_choose_by_level(tmp_path):
    """It does not say which rules fired; to act as if none had would be a lie."""
    path = csv_of([Row("2026-01-01T00:00:00Z")], tmp_path / "out.csv")
    with pytest.raises(SettingsError, match="no level can be chosen"):
        events_of(path, Selection(level=Level.LOW))


def test_it_says_itself_in_words():
    """As the report does."""
    meant = Selection(START, START + DAY, ("A", "B"), Level.HIGH)
    assert str(meant) == (
        "since 2026-01-01 00:00:00 UTC, until 2026-01-02 00:00:00 UTC, on A, B, of level high or above"
    )
    assert str(Selection()) == ""
