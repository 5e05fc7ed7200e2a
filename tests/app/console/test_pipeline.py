"""Where the pipeline waits is told rightly, and in words, from whatever is known."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest

from tocsin.app.console.kafka_watch import KafkaSeen
from tocsin.app.console.metrics_watch import MetricsWatch, Step, WorkersSeen, addresses_of
from tocsin.app.console.pipeline_view import Pipeline, Sights, pipeline_of
from tocsin.app.health import HealthServer, Page
from tocsin.app.lag import Lag
from tocsin.telemetry.metrics import Metrics


def lag(partition: int, waits: int, stored: float, came: float, worker: str | None = "w-1") -> Lag:
    return Lag(
        topic="t",
        partition=partition,
        position=100,
        committed=100,
        log_start=0,
        log_end=100 + waits,
        lag=waits,
        missed=0,
        per_second=stored,
        produced_per_second=came,
        seconds_left=None,
        worker=worker,
        host="h" if worker else None,
    )


def told(
    *lags: Lag,
    workers: WorkersSeen | None = None,
    stored: float = 0.0,
    csv: int | None = None,
    state="connected",
) -> Pipeline:
    kafka = KafkaSeen(state, "broker:9092", lags, "stable")
    return pipeline_of(Sights(kafka, workers or WorkersSeen(), stored, 0.0, csv, ""))


def seen(steps: dict[str, float], queues: dict[str, float] | None = None) -> WorkersSeen:
    """Return what busy workers say: stage -> share of its thread's time."""
    found = {name: Step(10.0, share / 10, share) for name, share in steps.items()}
    return WorkersSeen(
        asked=1, steps=found, records_per_second=1000.0, queue_fill=queues or {}, prefetched_bytes=0
    )


def test_a_pipeline_that_keeps_pace_has_no_bottleneck():
    """However fast it is; some records always wait for the next batch."""
    found = told(lag(0, 900, 1000, 1000), stored=1000.0)
    assert found.bottleneck is None
    assert "keep pace" in found.explanation
    assert [stage.name for stage in found.stages] == [
        *("produce", "topic", "poll", "decode", "match", "write", "commit")
    ]
    assert found.source == "table"


def test_without_events_nothing_is_wrong():
    """It waits for producers."""
    found = told(lag(0, 0, 0, 0))
    assert (found.bottleneck, found.explanation) == (None, "Nothing comes in, and everything is stored.")
    assert {stage.state for stage in found.stages} == {"waiting"}


def test_records_that_nobody_reads_are_the_first_thing_to_know():
    """And what to do."""
    found = told(lag(0, 7, 0, 0, None), lag(1, 0, 0, 0, None))
    assert found.bottleneck == "poll"
    assert "7 records wait, and no worker reads them: start 'tocsin detect'" in found.explanation


def test_kafka_that_is_away_stops_everything():
    """Its reason is repeated."""
    found = told(state="away")
    assert found.bottleneck == "topic"
    assert "broker:9092" in found.explanation


@pytest.mark.parametrize(
    ("workers", "bottleneck", "words"),
    [
        (seen({"match": 0.95, "flush results": 0.2}), "match", "Judging takes 95%"),
        (seen({"match": 0.4, "flush results": 0.9}), "commit", "Storing takes 90%"),
        (seen({"match": 0.4, "flush results": 0.6}, {"results": 0.9}), "commit", "Storing takes 60%"),
        (seen({"match": 0.1, "flush results": 0.1}), "poll", "wait for Kafka"),
        (WorkersSeen(), "poll", "name them with --metrics"),
    ],
)
def test_a_lag_is_laid_at_the_door_of_the_busiest_stage(workers, bottleneck, words):
    """From what workers measure of themselves; without that, no stage is accused."""
    found = told(lag(0, 60_000, 1000, 3000), lag(1, 0, 0, 0, "w-2"), workers=workers, stored=1000.0)
    assert found.bottleneck == bottleneck
    assert words in found.explanation
    assert "60,000 records wait, more and more: 3,000 a second come, 1,000 are stored" in found.explanation
    assert [stage.name for stage in found.stages if stage.state == "slow"] == [bottleneck]


def test_more_workers_are_advised_only_where_they_would_help():
    """Each partition is read by one."""
    busy = seen({"match": 0.99})
    one = told(lag(0, 60_000, 1, 1), lag(1, 0, 1, 1), workers=busy, stored=1.0)
    assert "room for one more worker," in one.explanation
    full = told(lag(0, 60_000, 1, 1, "w-1"), lag(1, 0, 1, 1, "w-2"), workers=busy, stored=1.0)
    assert "needs more partitions" in full.explanation


def test_what_follows_the_results_may_be_behind_alone():
    """The results are complete then, and it is said."""
    csv = told(lag(0, 0, 9, 9), stored=9.0, csv=50)
    assert csv.bottleneck == "csv"
    assert [stage.backlog for stage in csv.stages if stage.name == "csv"] == [50]
    messages = told(lag(0, 0, 9, 9), stored=9.0, workers=seen({"flush kafka": 0.9}, {"kafka": 0.8}))
    assert messages.bottleneck == "detections_topic"
    assert "80% full" in messages.explanation


@pytest.fixture
def worker() -> Iterator[tuple[Metrics, str]]:
    """Metrics of a worker, and where they are answered."""
    metrics = Metrics()

    def page(accept: str) -> Page:
        kind, body = metrics.page(accept)
        return Page(HTTPStatus.OK, kind, body)

    with HealthServer("127.0.0.1:0", {"/metrics": page}) as server:
        yield metrics, f"http://{server.address}/metrics"


def test_workers_tell_where_their_time_goes(worker, monkeypatch):
    """From two looks at their counters."""
    metrics, url = worker
    clock = iter([0.0, 10.0])
    monkeypatch.setattr("tocsin.app.console.metrics_watch.time.monotonic", lambda: next(clock))
    watch = MetricsWatch([url])
    watch.step()
    assert not watch.seen.answers
    for _ in range(20):
        metrics.time("match", 0.25)
        metrics.time("flush", 0.1, "results")
    watch.step()
    found = watch.seen
    assert found.answers
    match = found.steps["match"]
    assert (match.per_second, match.seconds_per_batch, match.share) == pytest.approx((2.0, 0.25, 0.5))
    assert found.steps["flush results"].share == pytest.approx(0.2)
    assert not found.problems


def test_a_worker_that_does_not_answer_is_told_and_asked_again():
    """The others still count."""
    watch = MetricsWatch(["http://127.0.0.1:1/metrics", "nonsense"])
    watch.step()
    one, other = watch.seen.problems
    assert "no worker answers" in one
    assert "expected http://" in other
    assert not watch.seen.answers


def test_what_is_no_metrics_is_told():
    """Such as another program's page."""

    def page(_: str) -> Page:
        return Page(HTTPStatus.OK, "text/html", b"<html>\x00")

    with HealthServer("127.0.0.1:0", {"/metrics": page}) as server:
        watch = MetricsWatch([f"http://{server.address}/metrics"])
        watch.step()
        assert "does not answer as a worker does" in watch.seen.problems[0]


def test_a_name_with_several_addresses_is_several_workers(monkeypatch):
    """As in Compose; counters of different workers must not be taken for those of one."""
    found = [(2, 1, 6, "", ("10.0.0.2", 9464)), (2, 1, 6, "", ("10.0.0.1", 9464))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: found)
    assert addresses_of("http://worker:9464/metrics") == [
        "http://10.0.0.1:9464/metrics",
        "http://10.0.0.2:9464/metrics",
    ]
    assert addresses_of("https://worker/metrics") == ["https://worker/metrics"]
    assert addresses_of("http://worker:port/metrics") == ["http://worker:port/metrics"]
