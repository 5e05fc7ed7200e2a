"""The pace: true to the rate, whatever the clock does."""

from __future__ import annotations

import pytest

from tocsin.simulate.pace import Pace


class Clock:
    """Time that passes only when somebody sleeps or works."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize("rate", [0.5, 1, 7, 100, 3_333, 50_000])
def test_rate(rate: float) -> None:
    """Over ten seconds or more the rate is met to within two percent."""
    clock = Clock()
    pace = Pace(rate, 1_000, clock, clock.sleep)
    span = max(10.0, 50 / rate)
    made = 0
    while clock.now < 100.0 + span:
        made += pace.due()
        clock.now += 1e-4  # the work itself
    assert made / span == pytest.approx(rate, rel=0.02)


def test_small_batches() -> None:
    """Fast rates are met in small batches: 50,000 a second never brings more than a few hundred at once."""
    clock = Clock()
    pace = Pace(50_000, 1_000, clock, clock.sleep)
    batches = [pace.due() for _ in range(200)]
    assert max(batches) <= 600


def test_first_event_is_due_at_once() -> None:
    """Nobody waits for the first event."""
    clock = Clock()
    assert Pace(0.1, 10, clock, clock.sleep).due() == 1


def test_as_fast_as_possible() -> None:
    """Rate 0 never waits and always hands out as many as allowed."""
    clock = Clock()
    pace = Pace(0, 1_000, clock, clock.sleep)
    assert [pace.due() for _ in range(3)] == [1_000] * 3
    assert clock.now == 100.0


def test_stall() -> None:
    """After a stall of a minute, one second's worth is made up for, and then the rate is as before."""
    clock = Clock()
    pace = Pace(100, 1_000, clock, clock.sleep)
    pace.due()
    clock.now += 60.0
    burst = pace.due()
    assert burst <= 102
    before = clock.now
    made = 0
    while clock.now < before + 10.0:
        made += pace.due()
    assert made == pytest.approx(1_000, rel=0.02)


def test_waits_are_short() -> None:
    """A slow rate waits in pieces, so that the caller can look around."""
    clock = Clock()
    pace = Pace(0.01, 1_000, clock, clock.sleep)
    pace.due()
    before = clock.now
    assert pace.due() == 0
    assert clock.now - before < 0.25
