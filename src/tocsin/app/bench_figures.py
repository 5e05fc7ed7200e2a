"""Figures and curves of a benchmark, from what was seen of every event: nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from tocsin.app.bench_step import Sample, Seen
from tocsin.results.commits import Commit
from tocsin.stats.latency import Series

Times = np.ndarray[Any, np.dtype[np.float64]]

QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}

_SLICE = 0.5
"""Seconds between two points of a curve."""

_MIDDLE = (0.2, 0.8)
"""Shares of a full topic between which its speed is measured: neither the start nor the last stragglers."""

_NS_PER_MS = 1e6


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds after Kafka's timestamp."""

    p50: float
    p95: float
    p99: float
    p999: float


class Figures(msgspec.Struct, frozen=True):
    """What a step gave; the line that `tocsin bench --format ndjson` prints.

    Attributes:
        workers: at once.
        rate: events a second that were asked for; None for a topic that was full.
        events: in the results.
        sent: to the topic, and acknowledged.
        sent_per_second: while it was measured.
        stored_per_second: the same of what became durable.
        stored: until the row was committed; None for a topic that was full, where it says nothing.
        csv: until its line was in the CSV, to 50 ms.
        published: until a reader of the detections topic had the message.
        detections: messages in that topic.
        lag_most: records created and not stored yet, at worst.
        lag_end: the same when the load ended.
        cpu: cores that the workers used, all together.
        memory_mb: the most that a worker held in memory.
    """

    workers: int
    rate: float | None
    events: int
    sent: int
    sent_per_second: float | None
    stored_per_second: float
    stored: Latency | None
    csv: Latency | None
    published: Latency | None
    detections: int
    lag_most: int
    lag_end: int
    cpu: float | None
    memory_mb: float | None


def figures(seen: Seen) -> Figures:
    """Return the figures of a step."""
    begin, end = seen.window[0] * 1e3, max(seen.window[1], seen.window[0] + 0.001) * 1e3
    created = seen.created.astype(np.float64)
    stored, lines = _times(seen, seen.commits), _times(seen, seen.lines)
    inside = (created >= begin) & (created < end)
    full = seen.step.rate is None
    told_at, told_of = _published(seen)
    counted = (told_of >= begin) & (told_of < end)
    behind = _lag(created, stored, np.arange(begin, end, 100.0)) if not full else np.zeros(1)
    return Figures(
        workers=seen.step.workers,
        rate=seen.step.rate,
        events=len(created),
        sent=seen.sent,
        sent_per_second=None if full else round(float(inside.sum()) / (end - begin) * 1e3, 1),
        stored_per_second=round(_speed(stored) if full else _within(stored, begin, end), 1),
        stored=None if full else _latency((stored - created)[inside]),
        csv=None if full else _latency((lines - created)[inside]),
        published=None if full else _latency((told_at - told_of)[counted]),
        detections=len(told_at),
        lag_most=int(behind.max(initial=0)),
        lag_end=int(behind[-1]) if len(behind) else 0,
        cpu=_cores(seen.samples, *seen.window),
        memory_mb=max((s.memory_bytes / 1e6 for samples in seen.samples for s in samples), default=None),
    )


def series(seen: Seen) -> Series:
    """Return the curves of a step."""
    created, stored = seen.created.astype(np.float64), _times(seen, seen.commits)
    told_at, told_of = _published(seen)
    first, last = (moment * 1e3 for moment in seen.window)
    full = seen.step.rate is None
    begin = first if full else min(float(created.min(initial=first)), first)
    end = max(last, float(np.nanmax(stored, initial=begin)))
    edges = np.arange(begin, end + _SLICE * 1e3, _SLICE * 1e3)
    latency = {
        "stored": _over_time(created, stored - created, edges),
        "published": _over_time(told_of, told_at - told_of, edges),
    }
    return Series(
        name=_name(seen),
        counts_from=(first - begin) / 1e3,
        counts_to=(last - begin) / 1e3,
        seconds=((edges[:-1] - begin) / 1e3).tolist(),
        sent=(np.histogram(created, edges)[0] / _SLICE).tolist(),
        stored=(np.histogram(stored, edges)[0] / _SLICE).tolist(),
        lag=_lag(created, stored, edges[:-1]).tolist(),
        latency={} if full else latency,
    )


def _name(seen: Seen) -> str:
    workers = f"{seen.step.workers} worker" + ("s" if seen.step.workers > 1 else "")
    return f"{workers}, {'full topic' if seen.step.rate is None else f'{seen.step.rate:,.0f} events/s'}"


def _times(seen: Seen, commits: Sequence[Commit]) -> Times:
    """Return when each event was there, in milliseconds since 1970; NaN for not known."""
    found = np.full(len(seen.offsets), np.nan)
    for partition in np.unique(seen.partitions).tolist():
        moves = [(c.positions[partition], c.time) for c in commits if partition in c.positions]
        if not moves:
            continue
        ends, times = np.array(moves, np.int64).T
        rows = seen.partitions == partition
        at = np.searchsorted(ends, seen.offsets[rows], side="right")  # the first commit beyond the offset
        known = np.append(times / _NS_PER_MS, np.nan)
        found[rows] = known[at]
    return found


def _published(seen: Seen) -> tuple[Times, Times]:
    """Return when each message was seen, and when its event was created; milliseconds since 1970."""
    partitions, offsets = np.array(seen.published.partitions), np.array(seen.published.offsets)
    at = np.array(seen.published.times, np.float64) / _NS_PER_MS
    of = np.full(len(at), np.nan)
    for partition in np.unique(partitions).tolist():
        there, rows = seen.partitions == partition, partitions == partition
        known = seen.offsets[there]
        if not len(known):
            continue
        place = np.minimum(np.searchsorted(known, offsets[rows]), len(known) - 1)
        match = known[place] == offsets[rows]
        of[rows] = np.where(match, seen.created[there][place], np.nan)
    return at, of


def _latency(milliseconds: Times) -> Latency | None:
    known = milliseconds[~np.isnan(milliseconds)]
    if not len(known):
        return None
    return Latency(*(round(float(q), 1) for q in np.quantile(known, list(QUANTILES.values()))))


def _over_time(created: Times, milliseconds: Times, edges: Times) -> dict[str, list[float]]:
    """Return quantiles by when records were created."""
    slots = np.digitize(created, edges) - 1
    found: dict[str, list[float]] = {name: [] for name in QUANTILES}
    for slot in range(len(edges) - 1):
        some = milliseconds[(slots == slot) & ~np.isnan(milliseconds)]
        for name, quantile in QUANTILES.items():
            found[name].append(float(np.quantile(some, quantile)) if len(some) else float("nan"))
    return found


def _lag(created: Times, stored: Times, moments: Times) -> Times:
    """Return how many records were created and not stored at these moments."""
    done = np.sort(stored[~np.isnan(stored)])
    waiting = np.searchsorted(np.sort(created), moments) - np.searchsorted(done, moments)
    return waiting.astype(np.float64)


def _within(times: Times, begin: float, end: float) -> float:
    return float(((times >= begin) & (times < end)).sum()) / (end - begin) * 1e3


def _speed(times: Times) -> float:
    """Return events a second in the middle of a full topic; commits are steps, so from step to step."""
    done = np.sort(times[~np.isnan(times)])
    if not len(done):
        return 0.0
    low, high = (float(done[int(len(done) * share)]) for share in _MIDDLE)
    seconds = (high - low) / 1e3
    return float(((done > low) & (done <= high)).sum()) / seconds if seconds > 0 else 0.0


def _cores(samples: Sequence[Sequence[Sample]], begin: float, end: float) -> float | None:
    """Return the cores used between two moments, as far as samples are there."""
    used = 0.0
    for own in samples:
        inside = [s for s in own if begin <= s.time <= end]
        if len(inside) < 2:
            return None
        used += (inside[-1].cpu_seconds - inside[0].cpu_seconds) / (inside[-1].time - inside[0].time)
    return round(used, 2)


Row = Mapping[str, object]


def row_of(found: Figures) -> Row:
    """Return the figures as one flat row of the table."""
    return {
        "workers": found.workers,
        "rate": "full" if found.rate is None else f"{found.rate:,.0f}",
        "events/s": int(found.stored_per_second),
        "ms to the results": _shown(found.stored),
        "ms to the CSV": _shown(found.csv),
        "ms to the topic": _shown(found.published),
        "lag": found.lag_end,
        "cores": None if found.cpu is None else f"{found.cpu:.2f}",
        "MB": None if found.memory_mb is None else int(found.memory_mb),
    }


def _shown(found: Latency | None) -> str:
    return "" if found is None else " / ".join(f"{getattr(found, name):,.0f}" for name in QUANTILES)
