"""Events whose clock was years off do not stretch the plot; all others are believed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stats.stores import Row, csv_of
from tocsin.stats.buckets import Span, instant
from tocsin.stats.events import events_of
from tocsin.stats.questions import summary
from tocsin.stats.strays import main_span
from tocsin.stats.timeline import timeline

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def hour(count: int) -> list[datetime]:
    return [NOON + timedelta(hours=1) * i / (count - 1) for i in range(count)]


def span_of(times: list[datetime], folder) -> Span | None:
    with events_of(csv_of([Row(time.isoformat()) for time in times], folder / "out.csv")) as events:
        return main_span(events)


@pytest.mark.parametrize(
    "strays",
    [
        [datetime(1601, 1, 1, tzinfo=UTC)],
        [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)],
        [datetime(1, 1, 1, tzinfo=UTC), datetime(1601, 1, 1, tzinfo=UTC), datetime(2106, 2, 7, tzinfo=UTC)],
    ],
)
def test_a_few_clocks_years_off_are_left_out(strays, tmp_path):
    """A Windows time of zero, the epoch, the end of 32 bits: the hour remains."""
    found = span_of([*hour(61), *strays], tmp_path)
    assert found is not None
    assert (instant(found.first), instant(found.last)) == (NOON, NOON + timedelta(hours=1))
    assert found.whole_seconds


def test_many_are_no_strays(tmp_path):
    """A tenth of the events is worth four hundred years of axis."""
    old = datetime(1601, 1, 1, tzinfo=UTC)
    found = span_of([*hour(90), *[old] * 10], tmp_path)
    assert found is not None
    assert instant(found.first) == old


def test_within_a_year_nothing_is_left_out(tmp_path):
    """What is rare may be what one looks for: one event half a year before the others."""
    early = NOON - timedelta(days=180)
    found = span_of([early, *hour(100)], tmp_path)
    assert found is not None
    assert instant(found.first) == early


def test_few_events_are_all_believed(tmp_path):
    """Of two events, neither is a stray."""
    found = span_of([datetime(1970, 1, 1, tzinfo=UTC), NOON], tmp_path)
    assert found is not None
    assert found.length > 50 * 365 * 86_400 * 1_000_000


def test_the_plot_says_how_many_it_leaves_out(tmp_path):
    """They stay in every count."""
    rows = [Row(time.isoformat()) for time in [*hour(100), datetime(1601, 1, 1, tzinfo=UTC)]]
    with events_of(csv_of(rows, tmp_path / "out.csv")) as events:
        found = summary(events)
    line = timeline(found)
    assert line is not None
    assert (line.outside, sum(map(sum, line.lanes.values()))) == (1, 100)
    assert sum(row.count for row in found.over_time.rows) == found.processing.events == 101


TIMES = st.datetimes(datetime(1601, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(TIMES, min_size=1, max_size=80))
def test_no_more_than_the_promised_share_is_left_out(times, tmp_path_factory):
    """Whatever the times: at most three, and at most one in twenty."""
    found = span_of(times, tmp_path_factory.mktemp("store"))
    assert found is not None
    inside = sum(instant(found.first) <= time <= instant(found.last) for time in times)
    assert len(times) - inside <= min(3, len(times) // 20)
