"""Measures the pipeline as it is used: load at a stated rate, workers as processes, a real Kafka in between.

What is measured is what a user would see from outside: a record's timestamp in Kafka against the moment at
which its row was committed, its line was in the CSV, and a reader of the detections topic had the message.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tocsin import broker
from tocsin.app.bench_figures import Figures, figures, series
from tocsin.app.bench_step import Step, measured
from tocsin.app.producing import Feed
from tocsin.kafka import Cluster
from tocsin.stats.latency import Series

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Of the rate, where it is to be reached in steps."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        folder: everything is left here, a folder per step.
        cluster: where; None for an embedded broker.
        engine: of the embedded broker.
        workers: how many at once, one series of steps for each.
        rate: events a second; None for as many as the workers can take.
        ramp: the rate in steps; with no rate, shares of what was found to be possible.
        seconds: each step lasts so long.
        warm_up: seconds before it that do not count.
        count: events for the step without a rate.
        partitions: of the topic; never fewer than workers.
        detect: further arguments of the workers.
    """

    folder: Path
    cluster: Cluster | None
    engine: Literal["auto", "apache", "tansu"] = "auto"
    workers: Sequence[int] = (1,)
    rate: float | None = None
    ramp: bool = False
    seconds: float = 10.0
    warm_up: float = 10.0
    count: int = 200_000
    partitions: int = 4
    detect: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step gave.

    Attributes:
        figures: for the table.
        series: for the plot.
    """

    figures: Figures
    series: Series


Tell = Callable[[str], None]


def run(plan: Plan, feed: Feed, stop: threading.Event, tell: Tell) -> Iterator[Outcome]:
    """Measure step by step; when `stop` is set, what is under way is finished with what it has.

    Args:
        plan: what.
        feed: endless.
        stop: ends it early.
        tell: called with sentences for the person watching.

    Raises:
        StreamError: the broker or a worker failed.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    with _cluster(plan, tell) as (cluster, consumer):
        run_id = uuid.uuid4().hex[:8]
        for workers in plan.workers:
            most: float | None = None
            for number, share in enumerate(_shares(plan)):
                if stop.is_set():
                    return
                rate = plan.rate * (share or 1.0) if plan.rate else (most or 0.0) * (share or 0.0) or None
                name = f"{workers}-workers-{number}"
                step = Step(
                    name=f"tocsin-bench-{run_id}-{name}",
                    folder=plan.folder / name,
                    cluster=cluster,
                    workers=workers,
                    rate=rate,
                    seconds=plan.seconds,
                    warm_up=plan.warm_up,
                    count=plan.count,
                    partitions=max(plan.partitions, workers),
                    consumer=consumer,
                    detect=plan.detect,
                )
                seen = measured(step, feed, stop, tell)
                if seen is None:
                    return
                outcome = Outcome(figures(seen), series(seen))
                if rate is None:
                    most = outcome.figures.stored_per_second
                yield outcome


def _shares(plan: Plan) -> Sequence[float | None]:
    """Return the shares of the rate to be measured; None is whatever there is to be had."""
    if not plan.ramp:
        return (1.0,) if plan.rate else (None,)
    return SHARES if plan.rate else (None, *SHARES)


@contextmanager
def _cluster(plan: Plan, tell: Tell) -> Iterator[tuple[Cluster, Mapping[str, str]]]:
    """Yield a cluster, and what its consumers need."""
    if plan.cluster is not None:
        yield plan.cluster, {}
        return
    with broker.start(plan.engine, plan.folder / "broker", 0, tell) as running:
        tell(f"broker: {running.engine} {running.version} at {running.bootstrap}")
        yield Cluster(running.bootstrap), running.consumer
