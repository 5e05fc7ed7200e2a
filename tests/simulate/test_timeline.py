"""The timeline: events spread over a stretch of time like an organisation's day."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tocsin.simulate.timeline import spread

TUESDAY = int(datetime.fromisoformat("2026-01-06T00:00:00Z").timestamp() * 1_000)
DAY = 86_400_000


@given(
    start=st.integers(0, 4 * 10**12),
    span=st.integers(1, 400 * DAY),
    count=st.integers(0, 3_000),
)
def test_within_the_span(start: int, span: int, count: int) -> None:
    """Exactly as many times as wanted, rising, none outside the span."""
    times = list(spread(start, span, count))
    assert len(times) == count
    assert all(a <= b for a, b in pairwise(times))
    assert all(start <= t <= start + span for t in times)


def test_noon_is_busier_than_night() -> None:
    """On a weekday the hour before noon has several times the events of an hour at night."""
    hours = [0] * 24
    for time in spread(TUESDAY, DAY, 50_000):
        hours[(time - TUESDAY) // 3_600_000] += 1
    assert hours[10] > 3 * hours[2]
    assert min(hours) > 100
