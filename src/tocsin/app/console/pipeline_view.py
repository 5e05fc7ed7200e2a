"""Tells where the pipeline waits: its stages with their rates and times, and the one that holds it up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from tocsin.app.console.kafka_watch import KafkaSeen
from tocsin.app.console.metrics_watch import Step, WorkersSeen
from tocsin.app.lag import total

Name = Literal["produce", "topic", "poll", "decode", "match", "write", "commit", "csv", "detections_topic"]
State = Literal["ok", "slow", "waiting", "unknown"]

_BUSY = 0.7
"""Share of a thread's time from which a stage counts as what holds the others up."""

_FULL = 0.5
"""A queue that is fuller than this is one that the stage behind it does not empty in time."""

_BEHIND_SECONDS = 3.0
"""A lag of less than is stored in so long is one that batches make, not one of a worker that is slow."""

_BEHIND_RECORDS = 500


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the pipeline.

    Attributes:
        label: what a person calls it.
        per_second: records that go through it; null when it is not known.
        seconds_per_batch: that a batch takes in it; null when workers' metrics are not known.
        share: of the time of its thread that it takes, 0 to 1, in the busiest worker.
        backlog: records (of the CSV: commits) that wait for it.
        detail: more, in a sentence.
        state: `waiting` for what comes before it; `slow` when it holds up what does.
    """

    name: Name
    label: str
    per_second: float | None
    seconds_per_batch: float | None
    share: float | None
    backlog: int | None
    detail: str
    state: State


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The pipeline.

    Attributes:
        stages: in the order in which events go through them.
        bottleneck: the stage that holds up the others; null when none does.
        explanation: in a sentence or two.
        source: `metrics` of workers that answer, or the `table` and the topic alone.
    """

    stages: list[Stage]
    bottleneck: Name | None
    explanation: str
    source: Literal["metrics", "table"]


@dataclass(frozen=True, slots=True)
class Sights:
    """All that is known.

    Attributes:
        stored_per_second: events.
        csv_behind: commits that the CSV lacks; None when there is no CSV here.
        detections_topic: its name; empty when none is known.
        detections_per_second: stored.
    """

    kafka: KafkaSeen
    workers: WorkersSeen
    stored_per_second: float
    detections_per_second: float
    csv_behind: int | None
    detections_topic: str


def pipeline_of(sights: Sights) -> Pipeline:
    """Return the stages, and what holds them up."""
    bottleneck, explanation = _verdict(sights)
    stages = [_marked(stage, bottleneck, sights) for stage in _stages(sights)]
    return Pipeline(stages, bottleneck, explanation, "metrics" if sights.workers.answers else "table")


def _stages(sights: Sights) -> Iterator[Stage]:
    kafka, workers, stored = sights.kafka, sights.workers, round(sights.stored_per_second, 1)
    came = _came(kafka)
    lag = _lag(kafka)
    judged = stored if workers.records_per_second is None else round(workers.records_per_second, 1)
    yield _plain("produce", "Producers", came, "records that came into the topic")
    yield _plain("topic", "Topic", came, f"{len(kafka.lags)} partitions; {kafka.detail}", backlog=lag)
    yield _timed("poll", "Poll", judged, workers.steps.get("poll"), "fetch a batch, with waiting for records")
    yield _timed("decode", "Decode", judged, workers.steps.get("decode"), "bytes to events")
    yield _timed("match", "Match", judged, workers.steps.get("match"), "events by all rules")
    yield _timed("write", "Write", stored, workers.steps.get("write results"), "verdicts to rows")
    yield _timed(
        "commit", "Commit", stored, workers.steps.get("flush results"), "rows and positions, at once"
    )
    if sights.csv_behind is not None:
        yield _plain("csv", "CSV", stored, "the lab's file, a view of the results", sights.csv_behind)
    if sights.detections_topic or "flush kafka" in workers.steps:
        rate = round(sights.detections_per_second, 1)
        where = sights.detections_topic or "as the workers are set"
        yield _timed("detections_topic", "Detections", rate, workers.steps.get("flush kafka"), f"to {where}")


def _plain(name: Name, label: str, rate: float | None, detail: str, backlog: int | None = None) -> Stage:
    return Stage(name, label, rate, None, None, backlog, detail, "unknown" if rate is None else "ok")


def _timed(name: Name, label: str, rate: float | None, step: Step | None, detail: str) -> Stage:
    if step is None:
        return _plain(name, label, rate, detail)
    took = None if step.seconds_per_batch is None else round(step.seconds_per_batch, 6)
    return Stage(name, label, rate, took, round(step.share, 3), None, detail, "ok")


def _marked(stage: Stage, bottleneck: Name | None, sights: Sights) -> Stage:
    """Return a stage with its state: what holds the others up, and what waits for it."""
    state = stage.state
    if stage.name == bottleneck:
        state = "slow"
    elif sights.kafka.state != "connected" and stage.name in ("produce", "topic"):
        state = "unknown"
    elif stage.per_second == 0 or (stage.name == "poll" and bottleneck is None and (stage.share or 0) > 0.5):
        state = "waiting"
    return replace(stage, state=state)


Verdict = tuple[Name | None, str]


def _verdict(sights: Sights) -> Verdict:
    """Return what holds the pipeline up, and how that is known."""
    kafka, came, lag = sights.kafka, _came(sights.kafka), _lag(sights.kafka)
    if kafka.state != "connected" or lag is None:
        return _without_topic(kafka)
    if not any(one.worker for one in kafka.lags):
        return _without_workers(lag)
    if came is None:
        return None, "Rates are being measured."
    if lag <= max(_BEHIND_RECORDS, _BEHIND_SECONDS * sights.stored_per_second):
        return _of_followers(sights) or (None, _keeps_pace(came, sights.stored_per_second))
    return _of_workers(sights, lag, came)


def _without_topic(kafka: KafkaSeen) -> Verdict:
    if kafka.state == "not_asked":
        return None, "Kafka is being asked for the first time."
    if kafka.state == "away":
        return "topic", f"Kafka does not answer, so nothing can be read: {kafka.detail}."
    return None, f"{kafka.detail}. Start a producer or a worker, and it will be made."


def _without_workers(lag: int) -> Verdict:
    if lag:
        return "poll", f"{lag:,} records wait, and no worker reads them: start 'tocsin detect'."
    return None, "Nothing waits. No worker is running, and none is needed yet."


def _keeps_pace(came: float, stored: float) -> str:
    if came < 1 and stored < 1:
        return "Nothing comes in, and everything is stored."
    return f"The workers keep pace: {came:,.0f} events a second come, and they wait for more."


def _of_followers(sights: Sights) -> tuple[Name, str] | None:
    """Return whether what follows the results is behind."""
    if sights.workers.queue_fill.get("kafka", 0.0) > _FULL:
        fill = sights.workers.queue_fill["kafka"]
        return "detections_topic", f"Messages wait for Kafka to take them: the queue is {fill:.0%} full."
    if sights.csv_behind is not None and sights.csv_behind > 20:
        return "csv", f"The CSV lacks {sights.csv_behind} commits of the results; the results are complete."
    return None


def _of_workers(sights: Sights, lag: int, came: float) -> tuple[Name, str]:
    """Return which stage of the workers holds up the others, if they say."""
    workers, stored = sights.workers, sights.stored_per_second
    behind = (
        f"{lag:,} records wait{_trend(came, stored)}: {came:,.0f} a second come, {stored:,.0f} are stored"
    )
    if not workers.answers:
        return "poll", f"{behind}. Which stage it is, the workers' metrics tell: name them with --metrics."
    flush = workers.steps.get("flush results")
    if workers.queue_fill.get("results", 0.0) > _FULL or (flush is not None and flush.share > _BUSY):
        share = flush.share if flush is not None else 0.0
        return "commit", f"{behind}. Storing takes {share:.0%} of its thread's time: a faster disk helps."
    shares = {name: workers.steps[name].share for name in _JUDGING if name in workers.steps}
    if sum(shares.values()) > _BUSY:
        longest = max(shares, key=lambda name: shares[name])
        share = min(1.0, sum(shares.values()))  # a long batch counts where it ends
        return longest, f"{behind}. Judging takes {share:.0%} of the time: {_more_workers(sights)}."
    return "poll", f"{behind}. The workers wait for Kafka, which delivers too slowly."


_JUDGING: tuple[Name, ...] = ("decode", "match")
"""The stages that take turns on a worker's main thread."""


def _trend(came: float, stored: float) -> str:
    if stored > 1.05 * came:
        return ", fewer and fewer"
    return ", more and more" if stored < 0.95 * came else ""


def _more_workers(sights: Sights) -> str:
    readers = len({one.worker for one in sights.kafka.lags if one.worker})
    room = len(sights.kafka.lags) - readers
    if room > 0:
        more = "one more worker" if room == 1 else f"{room} more workers"
        return f"there is room for {more}, as each partition has one"
    return "the topic needs more partitions before more workers help"


def _came(kafka: KafkaSeen) -> float | None:
    return total(kafka.lags)["produced_per_second"] if kafka.lags else None


def _lag(kafka: KafkaSeen) -> int | None:
    return sum(one.lag for one in kafka.lags) if kafka.lags else None
