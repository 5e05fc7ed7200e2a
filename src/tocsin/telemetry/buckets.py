"""A histogram that is fed whole arrays: observing a batch costs one pass of NumPy, not a call per event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Example:
    """One observation with the trace of its event (an exemplar in OpenMetrics).

    Attributes:
        trace: 32 hex digits.
        value: what was observed.
        at: seconds since 1970.
    """

    trace: str
    value: float
    at: float


class Buckets:
    """Counts of observations up to each bound, and for each bucket the latest example.

    Args:
        bounds: upper ones, rising; a last one without bound is added.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = np.zeros(len(bounds) + 1, dtype=np.int64)
        self.sum = 0.0
        self.examples: dict[int, Example] = {}
        self._edges: Numbers = np.asarray(bounds, dtype=np.float64)

    def add(self, value: float) -> None:
        """Count one observation."""
        self.counts[int(np.searchsorted(self._edges, value))] += 1
        self.sum += value

    def add_all(self, values: Numbers) -> None:
        """Count many."""
        if len(values):
            places = np.searchsorted(self._edges, values)
            self.counts += np.bincount(places, minlength=len(self.counts))
            self.sum += float(values.sum())

    def show(self, example: Example) -> None:
        """Take an example of the bucket that its value is in; it has been counted already."""
        self.examples[int(np.searchsorted(self._edges, example.value))] = example

    def cumulated(self) -> list[tuple[str, int, Example | None]]:
        """Return (upper bound, observations up to it, example of the bucket) for each bucket."""
        names = [*(str(float(bound)) for bound in self.bounds), "+Inf"]
        totals = np.cumsum(self.counts).tolist()
        return [
            (name, total, self.examples.get(place))
            for place, (name, total) in enumerate(zip(names, totals, strict=True))
        ]
