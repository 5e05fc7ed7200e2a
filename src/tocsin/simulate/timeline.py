"""Spreads events over a stretch of time as an organisation's day would: many at noon, few at night."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.simulate.routine import bustle

STRETCHES = 1_440
"""Pieces with a rate of their own; a day's minutes."""


def spread(start: int, span: int, count: int) -> Iterator[int]:
    """Yield `count` rising times from `start` on, all within `span`, in milliseconds.

    The stretch is cut into equal pieces; each gets events in proportion to how much goes on in its middle.
    """
    piece = span / STRETCHES
    weights = [bustle(int(start + (i + 0.5) * piece)) for i in range(STRETCHES)]
    each = sum(weights) / count if count else 0.0
    done, passed = 0, 0.0
    for i, weight in enumerate(weights):
        while done < count and (done + 0.5) * each < passed + weight:
            yield int(start + (i + ((done + 0.5) * each - passed) / weight) * piece)
            done += 1
        passed += weight
    yield from (int(start + span) for _ in range(count - done))  # what rounding left over
