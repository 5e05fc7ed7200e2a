"""The live page follows a pipeline through everything that happens to it."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from tests.results.rows import ORIGIN, judged
from tocsin.app.console.context import opened
from tocsin.app.console.fired import COLUMNS, LONGEST, newest_in
from tocsin.app.console.guard import door_of
from tocsin.app.console.results_watch import ResultsWatch
from tocsin.app.console.server import application
from tocsin.app.console.serving import Listening, WebServer
from tocsin.model import Level
from tocsin.results.location import Location
from tocsin.results.news import TableFollower
from tocsin.results.sink import ResultsSink
from tocsin.results.upkeep import compact


def sink(folder) -> ResultsSink:
    made = ResultsSink(folder, ORIGIN, "detected", time.time)
    made.start([0])
    return made


def store(ours: ResultsSink, first: int, count: int = 10) -> None:
    """Store events, of which the first was rejected and two have a detection."""
    ours.write(judged(range(first, first + count), rejected=[first], fired=[first + 1, first + 2]))
    ours.flush()


def test_it_begins_with_what_is_there_and_goes_on(tmp_path):
    """Totals, rates and the newest detections; a console that starts late has them too."""
    watch = ResultsWatch(Location.of(tmp_path))
    watch.step()
    assert "no results yet" in watch.seen.problem
    ours = sink(tmp_path)
    store(ours, 0)
    watch.step()
    watch.step()
    seen = watch.seen
    assert (seen.problem, seen.events, seen.rejected, seen.detections) == ("", 9, 1, 2)
    assert [row["offset"] for row in seen.recent] == [2, 1]
    store(ours, 10)
    compact(tmp_path)
    store(ours, 20)
    watch.step()
    seen = watch.seen
    assert (seen.events, seen.detections) == (27, 6)
    assert [row["offset"] for row in seen.recent] == [22, 21, 12, 11, 2, 1]
    late = ResultsWatch(Location.of(tmp_path))
    late.step()
    late.step()
    assert (late.seen.events, late.seen.detections) == (27, 6)
    assert [row["offset"] for row in late.seen.recent] == [22, 21, 12, 11, 2, 1]
    now = int(time.time()) + 1
    assert late.rates.levels(now, 60) == watch.rates.levels(now, 60) == {"high": 6}


def test_a_table_made_anew_begins_anew(tmp_path, monkeypatch):
    """As when a topic was made again; until it is there, it is told that there is none."""
    monkeypatch.setattr("tocsin.app.console.results_watch._CHECK", 0.0)
    store(sink(tmp_path), 0)
    watch = ResultsWatch(Location.of(tmp_path))
    watch.step()
    shutil.rmtree(tmp_path)
    for _ in range(2):
        watch.step()
    assert watch.seen.problem
    ours = sink(tmp_path)
    for number in range(3):
        store(ours, number * 10)
    for _ in range(2):
        watch.step()
    assert (watch.seen.problem, watch.seen.events, watch.seen.detections) == ("", 27, 6)


def test_long_values_are_cut_in_the_list(tmp_path):
    """It is sent to every browser each second."""
    ours = sink(tmp_path)
    store(ours, 0)
    follower = TableFollower(tmp_path)
    rows = follower.rows([file for file, _ in follower.start.files], COLUMNS, detected=True)
    place = COLUMNS.index("user")
    long = rows.set_column(place, "user", [["x" * 1_000_000] * rows.num_rows])
    assert [len(str(row["user"])) for row in newest_in(long, 5)] == [LONGEST + 1] * 2
    assert newest_in(rows, 5, Level.HIGH) == []


@pytest.fixture
def serve(settings_at) -> Iterator[Callable[..., str]]:
    """Serve a console, and return its address."""
    with ExitStack() as stack:

        def start(**flags: object) -> str:
            place = stack.enter_context(closing(Listening("127.0.0.1:0")))
            console = stack.enter_context(opened(settings_at(**flags)))
            app = application(console, door_of("127.0.0.1", "", []))
            stack.enter_context(WebServer(app, place, console.end))
            return place.url

        yield start


def messages(answer: httpx.Response) -> Iterator[dict[str, Any]]:
    """Yield the data of the events of a stream."""
    for line in answer.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def test_a_stream_has_the_last_minutes_once_and_goes_on(serve, tmp_path):
    """A moment each second, for each browser from its own begin."""
    ours = sink(tmp_path / "results")
    store(ours, 0)
    url = serve()
    with httpx.stream("GET", f"{url}api/live/stream", timeout=20) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        told = messages(answer)
        first = next(told)
        assert len(first["history"]) == 300
        store(ours, 10)
        following = next(m for m in told if m["events"]["total"] == 18 and m["detections"]["per_minute"] == 4)
        assert following["history"] is None
        assert following["time"] > first["time"]


def test_streams_end_with_the_server(serve_one):
    """At once: nobody has to be killed who waits for browsers to leave."""
    url, end = serve_one
    listening = threading.Semaphore(0)
    ended: list[int] = []

    def listen() -> None:
        with httpx.stream("GET", f"{url}api/live/stream", timeout=60) as answer:
            lines = answer.iter_lines()
            next(lines)
            listening.release()
            ended.append(sum(1 for _ in lines))

    threads = [threading.Thread(target=listen) for _ in range(5)]
    for thread in threads:
        thread.start()
    assert all(listening.acquire(timeout=60) for _ in threads)
    began = time.monotonic()
    end()
    for thread in threads:
        thread.join(30)
    assert len(ended) == 5
    assert time.monotonic() - began < 20, "a browser that watches never leaves by itself"


@pytest.fixture
def serve_one(settings_at):
    """Serve a console; return its address and how to end it."""
    with ExitStack() as stack:
        place = stack.enter_context(closing(Listening("127.0.0.1:0")))
        console = stack.enter_context(opened(settings_at()))
        server = WebServer(application(console, door_of("127.0.0.1", "", [])), place, console.end)
        stack.enter_context(server)
        yield place.url, stack.close


def wait_for(url: str, what: Callable[[dict[str, Any]], object], seconds: float = 60) -> dict[str, Any]:
    """Return the first moment of which something is true."""
    deadline = time.monotonic() + seconds
    while True:
        told = httpx.get(f"{url}api/live", timeout=20).json()
        if what(told):
            return dict(told)
        assert time.monotonic() < deadline, told | {"history": None}
        time.sleep(0.3)


@pytest.mark.kafka
def test_a_pipeline_from_its_first_day_to_a_worker_that_dies(serve, kafka, unique_name, tmp_path):
    """No topic, then no worker, then both, then a worker that was killed: always told, never stuck."""
    url = serve(kafka__bootstrap_servers=kafka, kafka__topic=unique_name, kafka__group=unique_name)
    told = wait_for(url, lambda m: m["kafka"]["state"] == "connected")
    assert "no topic" in told["kafka"]["detail"]
    assert told["results"]["state"] == "missing"
    assert told["lag"]["total"] is None
    arguments = ["--bootstrap-servers", kafka, "--topic", unique_name, "--group", unique_name]
    arguments += ["--results", str(tmp_path / "results"), "--csv", "", "--rules", "builtin:lab"]
    command = [
        sys.executable,
        "-m",
        "tocsin",
        "detect",
        *arguments,
        "--partitions",
        "2",
        "--progress",
        "none",
    ]
    worker = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        told = wait_for(url, lambda m: m["workers"])
        assert [read for w in told["workers"] for read in w["partitions"]] == [0, 1]
        send(kafka, unique_name, 500)
        rates = [0.0]  # of each look: where the last one is late, the rate has sunk by then

        def is_done(told: dict[str, Any]) -> bool:
            rates.append(told["events"]["per_second"])
            return bool(told["events"]["total"] == 500 and told["lag"]["total"] == 0)

        told = wait_for(url, is_done)
        assert told["detections"]["total"] == 500
        assert told["latency_ms"]["stored"]["p50"] > 0
        assert max(rates) > 0
        assert sum(minute["count"] for minute in told["tactics"]) == 500
        assert {row["rule_title"] for row in told["recent"]}
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(20)
    send(kafka, unique_name, 20)
    told = wait_for(url, lambda m: m["lag"]["total"] == 20)
    pipeline = httpx.get(f"{url}api/pipeline", timeout=20).json()
    assert pipeline["source"] == "table"
    wait_for(url, lambda m: m["lag"]["unread"] == 2, 90)
    pipeline = httpx.get(f"{url}api/pipeline", timeout=20).json()
    assert pipeline["bottleneck"] == "poll"
    assert "20 records wait, and no worker reads them" in pipeline["explanation"]


def send(kafka: str, topic: str, count: int) -> None:
    producer = Producer({"bootstrap.servers": kafka})
    login = '{"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "logon_type": "failure"}'
    for number in range(count):
        producer.produce(topic, login, partition=number % 2)
    assert producer.flush(30) == 0


def test_without_kafka_the_results_are_shown_all_the_same(serve, tmp_path):
    """And what is wrong is told in words."""
    store(sink(tmp_path / "results"), 0)
    url = serve()
    told = wait_for(url, lambda m: m["kafka"]["state"] == "away" and m["events"]["total"])
    assert "no Kafka broker answers" in told["kafka"]["detail"]
    assert told["events"]["total"] == 9
    assert httpx.get(f"{url}api/status").json()["kafka"]["state"] == "away"
