"""What is stored is counted second by second, and no more is held than is shown."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from tocsin.app.console.rates import KEPT, Rates, by_level
from tocsin.results.schema import DETECTION

BEGIN = datetime(2026, 11, 21, 10, tzinfo=UTC)
NOW = int(BEGIN.timestamp())


def rows(latencies: list[float | None], tactic: str = "TA0002", stored: datetime = BEGIN) -> pa.Table:
    """Return events that took so many milliseconds; None for records without a time."""
    sent = [None if took is None else stored - timedelta(milliseconds=took) for took in latencies]
    kind = pa.timestamp("ms", "UTC")
    return pa.table(
        {
            "tactic": pa.array([tactic] * len(sent)),
            "record_time": pa.array(sent, kind),
            "stored_time": pa.array([stored] * len(sent), kind),
        }
    )


def detected(levels: list[str], stored: datetime = BEGIN) -> pa.Table:
    """Return one event with detections of these levels."""
    fired = [{"level": level, "tactics": [], "techniques": [], "matched": []} for level in levels]
    return pa.table(
        {
            "detections": pa.array([fired] if fired else [], pa.list_(DETECTION)),
            "stored_time": pa.array([stored] if fired else [], pa.timestamp("ms", "UTC")),
        }
    )


def test_rates_are_over_a_window_that_ends_now():
    """The edges belong to one side only."""
    rates = Rates()
    for second in range(10):
        rates.add(rows([1.0] * 3), detected(["high"]), NOW + second)
    assert rates.per_second(NOW + 9, 5) == 3
    assert rates.per_second(NOW + 12, 5) == pytest.approx(6 / 5)
    assert rates.levels(NOW + 9, 4) == {"high": 4}
    assert rates.per_second(NOW + 60, 5) == 0


def test_percentiles_are_as_exact_as_is_shown():
    """To two per cent, from a millisecond to hours; records without a time of their own do not count."""
    rates = Rates()
    rates.add(rows([*range(1, 101), None]), detected([]), NOW)
    found = rates.latency(NOW, 60)
    assert found is not None
    assert (found.p50, found.p95, found.p99) == pytest.approx((50, 95, 99), rel=0.02)
    rates = Rates()
    rates.add(rows([7_200_000.0, -500.0]), detected([]), NOW)
    slow = rates.latency(NOW, 60)
    assert slow is not None
    assert slow.p99 == pytest.approx(7_200_000, rel=0.02)
    assert slow.p50 <= 1.1, "a clock that is ahead makes no negative latency"
    assert rates.latency(NOW + 100, 60) is None


def test_tactics_are_counted_by_minute_and_those_without_are_left_out():
    """They would dwarf all others."""
    rates = Rates()
    rates.add(rows([1.0], "TA0002"), detected([]), NOW)
    rates.add(rows([1.0, 1.0], "TA0006"), detected([]), NOW + 59)
    rates.add(rows([1.0], "TA0002"), detected([]), NOW + 60)
    rates.add(rows([1.0] * 50, "TA0000"), detected([]), NOW + 61)
    assert list(rates.tactics(NOW + 61)) == [(NOW, "TA0002", 1), (NOW, "TA0006", 2), (NOW + 60, "TA0002", 1)]


def test_what_was_stored_before_is_counted_by_its_own_time():
    """A console that starts late shows the last minutes all the same."""
    rates = Rates()
    earlier = BEGIN - timedelta(seconds=7)
    rates.add(
        pa.concat_tables([rows([1.0]), rows([1.0] * 4, stored=earlier)]),
        pa.concat_tables([detected(["low", "high"]), detected(["high"], earlier)]),
    )
    assert rates.per_second(NOW - 7, 1) == 4
    assert rates.per_second(NOW, 1) == 1
    assert rates.levels(NOW - 7, 1) == {"high": 1}
    assert rates.levels(NOW, 60) == {"high": 2, "low": 1}


def test_no_more_is_held_than_is_shown():
    """However long the console runs."""
    rates = Rates()
    for second in range(0, 3 * KEPT, 7):
        rates.add(rows([1.0]), detected([]), NOW + second)
        rates.forget(NOW + second)
    assert len(rates._seconds) <= KEPT


def test_all_levels_are_told_the_highest_first():
    """A page that shows bars needs those of zero too."""
    assert list(by_level(Rates().levels(NOW, 60))) == ["critical", "high", "medium", "low", "informational"]
