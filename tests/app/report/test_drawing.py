"""Axes are labelled in round steps, and labels fit."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.report.drawing import count_ticks, fitted, time_ticks

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def us(time: datetime) -> int:
    return int(time.timestamp()) * 1_000_000


@given(st.integers(1, 10**15))
def test_count_ticks_are_few_round_and_reach_the_top(most):
    """From 0, in steps of 1, 2 or 5 times a power of ten."""
    ticks = count_ticks(most)
    assert ticks[0] == 0
    assert ticks[-1] >= most > ticks[-2]
    assert len(ticks) <= 5 + 1
    assert str(ticks[1]).rstrip("0") in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("length", "label"),
    [
        (timedelta(seconds=8), "12:00:01"),
        (timedelta(minutes=8), "12:01"),
        (timedelta(hours=8), "13:00"),
        (timedelta(days=8), "22 Nov"),
        (timedelta(days=3000), "Oct 2027"),
    ],
)
def test_time_labels_tell_what_their_distance_needs(length, label):
    """Seconds for seconds, years for years."""
    ticks = time_ticks(us(NOON), us(NOON + length))
    assert 3 <= len(ticks) <= 9
    assert label in [text for _, text in ticks]
    assert all(us(NOON) <= at <= us(NOON + length) for at, _ in ticks)


def test_labels_are_cut_to_their_room():
    """Wide signs count double; what fits is left alone."""
    assert fitted("Execution", 100) == "Execution"
    assert fitted("W" * 100, 100).endswith("\u2026")
    assert len(fitted("\u6f22" * 100, 100)) < len(fitted("W" * 100, 100))
