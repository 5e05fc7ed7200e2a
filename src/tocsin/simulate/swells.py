"""Calm and busy stretches: activity swells at several time scales at once, so that plots have a shape."""

from __future__ import annotations

import math
import random

LENGTHS = (400, 3_000, 25_000, 200_000)
"""In events, not seconds: whatever the rate and however long one watches, there is something to see."""

HEIGHT = 0.6
"""Standard deviation of the logarithm of one step function's factor."""


class Swells:
    """A product of step functions of different lengths, 1 on average."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._until = [0] * len(LENGTHS)
        self._factors = [1.0] * len(LENGTHS)

    def now(self, events: int) -> float:
        """Return the factor after so many events."""
        for i, length in enumerate(LENGTHS):
            if events >= self._until[i]:
                self._until[i] = events + int(length * self._rng.uniform(0.5, 1.5))
                # A lognormal factor averages 1 when its logarithm averages minus half its variance.
                self._factors[i] = math.exp(self._rng.gauss(-(HEIGHT**2) / 2, HEIGHT))
        return math.prod(self._factors)
