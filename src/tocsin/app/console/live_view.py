"""Puts together what the live page shows from what was seen of Kafka and of the results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tocsin.app.console.kafka_watch import KafkaSeen
from tocsin.app.console.live_record import (
    DetectionsNow,
    EventsNow,
    KafkaNow,
    LagNow,
    Latency,
    LatencyNow,
    Live,
    Moment,
    PartitionNow,
    ResultsNow,
    TacticMinute,
    WorkerNow,
)
from tocsin.app.console.rates import KEPT, Rates, by_level
from tocsin.app.console.results_watch import ResultsSeen
from tocsin.app.lag import Lag, total
from tocsin.attack import catalogue

HISTORY = 300
"""Seconds of history."""

_SMOOTH = 5
"""Seconds over which events a second are shown: commits come in lumps."""

_WINDOW = 60
"""Seconds over which latencies are shown."""

_MOST_PARTITIONS = 100
"""Partitions that are sent to every browser each second; of more, those with the most lag."""


def live_of(now: int, kafka: KafkaSeen, results: ResultsSeen, rates: Rates) -> Live:
    """Return the pipeline at one moment, without its history.

    Args:
        now: seconds since 1970; the last whole second is shown.
        kafka: as last seen.
        results: as last seen.
        rates: of what was stored.
    """
    last = now - 1
    return Live(
        time=_instant(now),
        kafka=KafkaNow(kafka.state, kafka.detail),
        results=ResultsNow(
            "missing" if results.problem else "there",
            results.problem + (f" ({results.hint})" if results.hint else ""),
        ),
        events=EventsNow(results.events, round(rates.per_second(last, _SMOOTH), 1), results.rejected),
        detections=DetectionsNow(
            results.detections, rates.levels(last, 60).total(), by_level(rates.levels(last, KEPT))
        ),
        lag=_lag(kafka),
        latency_ms=LatencyNow(_latency(rates, last), _WINDOW),
        tactics=[
            TacticMinute(_instant(minute), tactic, catalogue().name(tactic), count)
            for minute, tactic, count in rates.tactics(last)
        ],
        workers=_workers(kafka),
        recent=results.recent or results.newest,
        history=None,
    )


def history_of(now: int, rates: Rates, lags: Mapping[int, int]) -> list[Moment]:
    """Return the last minutes, second by second.

    Args:
        now: seconds since 1970.
        rates: of what was stored.
        lags: second -> lag.
    """
    return [_moment(second, rates, lags) for second in range(now - HISTORY, now)]


def _moment(second: int, rates: Rates, lags: Mapping[int, int]) -> Moment:
    found, latency = rates.at(second), rates.latency(second, _SMOOTH)
    return Moment(
        time=_instant(second),
        per_second=round(rates.per_second(second, _SMOOTH), 1),
        lag=lags.get(second),
        p99_ms=latency.p99 if latency else None,
        detections=found.levels.total() if found else 0,
    )


def _latency(rates: Rates, last: int) -> Latency | None:
    found = rates.latency(last, _WINDOW)
    return None if found is None else Latency(found.p50, found.p95, found.p99)


def _lag(kafka: KafkaSeen) -> LagNow:
    whole = total(kafka.lags)
    shown = list(kafka.lags)
    if len(shown) > _MOST_PARTITIONS:
        shown = sorted(shown, key=lambda one: (-one.lag, one.partition))[:_MOST_PARTITIONS]
    return LagNow(
        total=int(whole["lag"] or 0) if kafka.lags else None,
        partitions=[_partition(one) for one in shown],
        left_out=len(kafka.lags) - len(shown),
        unread=sum(one.worker is None for one in kafka.lags),
        seconds_left=whole["seconds_left"] if kafka.lags else None,
    )


def _partition(one: Lag) -> PartitionNow:
    position = one.position if one.position is not None else one.committed
    return PartitionNow(one.topic, one.partition, position, one.log_end, one.lag, one.worker, one.per_second)


def _workers(kafka: KafkaSeen) -> Sequence[WorkerNow]:
    partitions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in kafka.lags:
        if one.worker is not None:
            partitions[one.worker, one.host or ""].append(one.partition)
    return [WorkerNow(id_, host, read, kafka.group) for (id_, host), read in sorted(partitions.items())]


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
