"""Times as collectors write them come out as ISO 8601 with an offset."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.decode.times import from_milliseconds, iso_8601, zone_between


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("2020-09-04T15:32:11.123Z", "2020-09-04T15:32:11.123Z"),
        ("2020-09-04T15:32:11.1234567Z", "2020-09-04T15:32:11.1234567Z"),
        ("2020-09-04 15:32:11", "2020-09-04T15:32:11Z"),
        ("2020-09-04 15:32:11.132", "2020-09-04T15:32:11.132Z"),
        ("2020-09-04 15:32:11.132 UTC", "2020-09-04T15:32:11.132Z"),
        ("2020-09-04T15:32:11+02:00", "2020-09-04T15:32:11+02:00"),
        ("2020-09-04", "2020-09-04T00:00:00Z"),
        ("20200904T153211", "2020-09-04T15:32:11Z"),
        ("/Date(1599233531000)/", "2020-09-04T15:32:11Z"),
        ("/Date(1599233531000-0400)/", "2020-09-04T15:32:11Z"),
        (1599233531, "2020-09-04T15:32:11Z"),
        (1599233531.5, "2020-09-04T15:32:11.500000Z"),
        (1599233531000, "2020-09-04T15:32:11Z"),
        (1599233531000000000, "2020-09-04T15:32:11Z"),
        ("1599233531", "2020-09-04T15:32:11Z"),
    ],
)
def test_every_way_to_write_a_time_is_understood(written, iso):
    """Blanks, numbers and PowerShell's dates alike; without an offset a time is UTC."""
    assert iso_8601(written) == iso


@pytest.mark.parametrize(
    "written",
    ["", "yesterday", "12345", None, True, {}, float("nan"), float("inf"), -float("inf"), 10**400, "-"],
)
def test_what_is_no_time_is_none(written):
    """None is for the caller to look elsewhere."""
    assert iso_8601(written) is None


@given(st.datetimes(timezones=st.none()) | st.datetimes(timezones=st.timezones()))
def test_what_comes_out_is_the_same_moment(moment):
    """Any time that Python writes is read back as it was, taken as UTC where it has no offset."""
    written = iso_8601(moment.isoformat())
    assert written is not None
    read = datetime.fromisoformat(written)
    assert read.replace(tzinfo=moment.tzinfo) == moment
    assert read.tzinfo is not None


@given(st.integers() | st.floats() | st.text())
def test_nothing_makes_it_raise(value):
    """Whatever stands where a time should be is a time or None."""
    found = iso_8601(value)
    assert found is None or "T" in found


@pytest.mark.parametrize(
    ("local", "universal", "zone"),
    [
        ("2020-09-22 03:45:15", "2020-09-22T07:45:15.427Z", "-04:00"),
        ("2020-09-22 03:45:15", "2020-09-22T07:47:59.000Z", "-04:00"),
        ("2020-09-22 13:15:15", "2020-09-22T07:45:15.427Z", "+05:30"),
        ("2020-09-22 07:45:15", "2020-09-22T07:46:15.427Z", "Z"),
        ("2020-09-22 03:45:15", "2020-09-22T03:45:15-04:00", "Z"),
        ("2020-09-20 03:45:15", "2020-09-22T07:45:15Z", "Z"),
        ("03:45", "2020-09-22T07:45:15Z", "Z"),
        (None, 7, "Z"),
    ],
)
def test_a_collectors_zone_is_seen_from_one_moment_written_twice(local, universal, zone):
    """The difference to the nearest quarter of an hour is the offset, if it can be one."""
    assert zone_between(local, universal) == zone


def test_a_broker_without_timestamps_gives_an_empty_text():
    """Kafka says -1 where there is none."""
    assert from_milliseconds(-1) == ""
    assert from_milliseconds(1599233531123) == "2020-09-04T15:32:11.123000Z"
