"""What a worker counts about itself, batch by batch, and shows to Prometheus."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from tocsin.attack import catalogue
from tocsin.model import NO_LABEL, Judged, Level, RejectReason, Verdict
from tocsin.telemetry import metric_names as names
from tocsin.telemetry.buckets import Buckets, Example
from tocsin.telemetry.exposition import Exposition, Family, Labels, Values, family
from tocsin.telemetry.metric_names import METRICS, Metric

Figures = Mapping[Metric, Values]
"""Metric -> its labels' values -> the value of the moment."""

MOST_RULES = 1_000
"""Rules with a time series of their own; what fires beyond them is counted as one rule, `OTHER_RULES`."""

OTHER_RULES = ("other", "other rules", "any")

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Of a stage; a batch is judged in about a second at most, and a slow store may take longer."""

_LATENCY = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600)
"""Fine around the two promises, 250 ms to a message and 3 s to a row; coarse where a worker catches up."""

_RECORDS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)

_BOUNDS = {names.STAGE: _SECONDS, names.LATENCY: _LATENCY, names.BATCH: _RECORDS}


class Metrics:
    """The figures of one process. Methods may be called from any thread; each is one short step.

    Args:
        look: asked at each scrape for what is not counted, but looked at.

    Attributes:
        page: see `Exposition.page`.
    """

    def __init__(self, look: Callable[[], Figures] = dict) -> None:
        self.look = look
        self._lock = threading.Lock()
        self._counters: dict[Metric, Counter[Labels]] = {
            metric: Counter[Labels]() for metric in METRICS if metric.type == "counter"
        }
        self._histograms: dict[Metric, dict[Labels, Buckets]] = {metric: {} for metric in _BOUNDS}
        self._histograms[names.BATCH][()] = Buckets(_RECORDS)
        self._refused = False
        self._begin_at_zero()
        self.page = Exposition(self.families).page

    def _begin_at_zero(self) -> None:
        """Have what can be named beforehand at 0: a series that begins with 1 hides that from rates."""
        known: dict[Metric, Iterable[str]] = {
            names.VERDICTS: [NO_LABEL.tactic, *(tactic.id for tactic in catalogue().tactics)],
            names.DETECTIONS: [str(level) for level in Level],
            names.REJECTED: [reason.value for reason in RejectReason],
            names.REBALANCES: ["assigned", "revoked", "lost"],
            names.RELOADS: ["swapped", "unchanged", "refused"],
            names.SPANS: ["exported", "stored", "dropped"],
        }
        for metric, values in known.items():
            self._counters[metric].update({(value,): 0 for value in values})
        for metric in (names.RECORDS, names.LOGS_SUPPRESSED):
            self._counters[metric][()] = 0

    # --- what is counted

    def count(self, metric: Metric, *labels: str, by: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            self._counters[metric][labels] += by

    def time(self, stage: str, seconds: float, sink: str = "") -> None:
        """Take note of how long a batch took in a stage."""
        with self._lock:
            self._of(names.STAGE, (stage, sink)).add(seconds)

    def judged(self, judged: Judged) -> None:
        """Count a judged batch: verdicts are shared, so only different ones are looked at."""
        records, different = len(judged.verdicts), judged.different
        with self._lock:
            self._counters[names.RECORDS][()] += records
            self._histograms[names.BATCH][()].add(records)
            for verdict, times in zip(different.verdicts, different.counts, strict=True):
                self._count(verdict, times)

    def _count(self, verdict: Verdict, times: int) -> None:
        if verdict.rejected is not None:
            self._counters[names.REJECTED][verdict.rejected.reason.value,] += times
            return
        self._counters[names.VERDICTS][verdict.label.tactic,] += times
        rules = self._counters[names.RULE_DETECTIONS]
        for detection in verdict.detections:
            labels = (detection.rule_id, detection.rule_title, str(detection.level))
            self._counters[names.DETECTIONS][labels[2:]] += times
            rules[labels if labels in rules or len(rules) < MOST_RULES else OTHER_RULES] += times

    def stored(self, sink: str, seconds: np.ndarray[Any, np.dtype[np.float64]], records: int) -> None:
        """Count records that became durable.

        Args:
            sink: where.
            seconds: since the records' timestamps, of those that have one.
            records: how many in all.
        """
        with self._lock:
            self._counters[names.STORED][sink,] += records
            self._of(names.LATENCY, (sink,)).add_all(seconds)

    def show(self, sink: str, example: Example) -> None:
        """Take the trace of an event as an example for how long events take."""
        with self._lock:
            self._of(names.LATENCY, (sink,)).show(example)

    def reloaded(self, outcome: str) -> None:
        """Count a reload, and remember whether the rules on disk are those that judge."""
        with self._lock:
            self._counters[names.RELOADS][outcome,] += 1
            self._refused = outcome == "refused"

    def _of(self, metric: Metric, labels: Labels) -> Buckets:
        found = self._histograms[metric].get(labels)
        if found is None:
            found = self._histograms[metric][labels] = Buckets(_BOUNDS[metric])
        return found

    # --- what is shown

    def families(self) -> Iterator[Family]:
        """Yield every metric in the order of the list."""
        looked: Figures = {names.RELOAD_FAILED: {(): self._refused}, **self.look()}
        for metric in METRICS:
            with self._lock:
                values = looked.get(metric, {})
                if metric.type == "counter":
                    values = {**self._counters[metric], **values}
                found = family(metric, self._histograms[metric] if metric in _BOUNDS else values)
            yield found
