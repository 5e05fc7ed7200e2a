"""Cutting time: as many buckets as a person can read, for any span, where people would cut."""

from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import SettingsError
from tocsin.stats.buckets import (
    DAY,
    HOUR,
    MINUTE,
    MOST,
    SECOND,
    UNITS,
    WEEK,
    Bucket,
    Span,
    choose,
    instant,
    minute_or_wider,
    named,
)

YEAR = 365 * DAY
FIRST_YEARS = -62_135_596_800 * SECOND  # the first of January of the year 1
LAST_YEARS = 253_402_214_400 * SECOND
TIMES = st.integers(FIRST_YEARS, LAST_YEARS)


@given(first=TIMES, length=st.integers(2 * SECOND, 10 * YEAR))
def test_any_span_gives_a_readable_number_of_buckets(first, length):
    """From two seconds to ten years there are 20 to 100 buckets."""
    span = Span(first, first + length)
    assert 20 <= len(choose(span).starts(span)) <= MOST


@given(first=TIMES, last=TIMES)
def test_no_span_is_cut_into_too_many(first, last):
    """Not even ten thousand years."""
    span = Span(min(first, last), max(first, last))
    assert 1 <= len(choose(span).starts(span)) <= MOST


@given(first=TIMES, length=st.integers(1, YEAR))
def test_events_in_whole_seconds_are_not_cut_finer(first, length):
    """A comb of empty tenths of a second would say nothing."""
    assert choose(Span(first, first + length, whole_seconds=True)).width >= SECOND


@pytest.mark.parametrize(
    ("length", "width"),
    [
        (0, SECOND),
        (SECOND, 20_000),
        (MINUTE, SECOND),
        (HOUR, MINUTE),
        (DAY, 15 * MINUTE),
        (WEEK, 2 * HOUR),
        (30 * DAY, 12 * HOUR),
        (YEAR, WEEK),
    ],
)
def test_spans_are_cut_where_people_would(length, width):
    """A minute into seconds, an hour into minutes, a week into hours."""
    first = 1_793_700_000 * SECOND
    assert choose(Span(first, first + length)).width == width


@given(at=TIMES, width=st.sampled_from([10_000, SECOND, 5 * MINUTE, 12 * HOUR, WEEK, 52 * WEEK]))
def test_a_time_lies_in_its_bucket(at, width):
    """It starts at or before the time and ends after it, before 1970 too."""
    start = Bucket(width).start(at)
    assert start <= at < start + width


def test_the_database_cuts_as_python_does():
    """SQL's remainder has another sign; the buckets are the same."""
    times = [FIRST_YEARS, -DAY, -1, 0, 1, 4 * DAY, 1_793_700_000_123_456, LAST_YEARS]
    for bucket in (Bucket(10_000), Bucket(SECOND), Bucket(15 * MINUTE), Bucket(WEEK)):
        sql = f"SELECT {bucket.start_sql('us')} FROM (SELECT unnest(?) AS us)"
        assert [row[0] for row in duckdb.execute(sql, [times]).fetchall()] == [bucket.start(t) for t in times]


@given(at=TIMES)
def test_weeks_begin_on_monday(at):
    """As calendars have it."""
    assert instant(named("week").start(at)).weekday() == 0


@pytest.mark.parametrize("unit", UNITS)
def test_units_are_called_by_their_name(unit):
    """And their multiples in the plural."""
    assert named(unit).name == unit
    assert Bucket(named(unit).width * 3).name == f"3 {unit}s"


def test_parts_of_a_second_have_a_name():
    """In milliseconds."""
    assert Bucket(20_000).name == "20 ms"


def test_an_unknown_unit_is_an_error_with_the_nearest():
    """`minutes` is meant to be `minute`."""
    with pytest.raises(SettingsError, match="did you mean 'minute'"):
        named("minutes")


def test_times_are_in_utc():
    """Microseconds since 1970 are an instant, also before."""
    assert instant(-1) == datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("length", "width"), [(0, MINUTE), (7 * DAY, MINUTE), (11 * DAY, 3 * HOUR), (YEAR, WEEK)]
)
def test_minutes_are_counted_unless_there_are_too_many(length, width):
    """A week by the minute can be read by a program; a year by the minute by nobody."""
    assert minute_or_wider(Span(0, length)).width == width


def test_without_a_span_minutes_will_do():
    """There is nothing to count."""
    assert minute_or_wider(None).width == MINUTE
