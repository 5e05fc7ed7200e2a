"""The whole pipeline against its parts, in one run: Kafka, detection, results, CSV, traces, metrics.

    python benchmarks/pipeline.py [--events 200000] [--shape lab] [--rules builtin:lab ...] [--from FILE ...]
                                  [--bootstrap-servers HOST:PORT] [--rounds 3] [--only MODE ...]

A topic is filled with events as Tocsin's producer writes them; then each mode reads it, in a process of its
own, all modes in turn, several rounds. What counts is events a second of processor time of that process, all
its threads, after the first third (caches are warm then), the median of the rounds: a busy machine changes
that least. The broker, and a collector of traces that takes everything, are processes beside it.

| mode | what |
|---|---|
| poll | a confluent-kafka loop that only polls |
| engine | events in memory: decode and judge, nothing else |
| off, default, all | the pipeline: results, CSV, metrics; traces of none, of a share, of all |
| published | the default, and detections to a topic in transactions |
| loop | one event after the other: json, three spans of OpenTelemetry's SDK, a CSV row and a flush |
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, Message

from tocsin import broker
from tocsin.app import bench_load
from tocsin.app.producing import Feed, Plan, SimulatedFeed, Surroundings, publish_all
from tocsin.app.recorded import RecordedFeed
from tocsin.app.settings import load
from tocsin.app.wire import kafka_worker
from tocsin.detect import Detector
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.kafka.removal import remove
from tocsin.model import Stream
from tocsin.rules import load_rules
from tocsin.simulate.weave import Simulator
from tocsin.sinks import Publisher
from tocsin.sources.files import RecordedFiles
from tocsin.sources.kafka_batch import batch_of
from tocsin.telemetry.logs import Log, Severity

WARM = 1 / 3
"""Share of the events after which it is measured."""

BATCH = 5_000


class Work(msgspec.Struct, frozen=True):
    """What a measuring process is told."""

    mode: str
    bootstrap: str
    topic: str
    events: int
    rules: list[str]
    folder: str


class Speed(msgspec.Struct, frozen=True):
    """What it answers.

    Attributes:
        cpu: events a second of processor time.
        clock: events a second.
    """

    cpu: float
    clock: float


class Watch:
    """Stops the time from the end of the first part on."""

    def __init__(self, events: int) -> None:
        self._events = events
        self._warm = int(events * WARM)
        self._from: tuple[int, float, float] | None = None

    def saw(self, count: int) -> None:
        """Take note of how many events have been done."""
        if self._from is None and count >= self._warm:
            gc.collect()
            gc.freeze()  # as a worker's long-lived objects are, after a while
            self._from = (count, time.process_time(), time.perf_counter())

    def speed(self) -> Speed:
        """Return how fast the rest was."""
        if self._from is None:
            raise SystemExit("there were too few events")
        count, cpu, clock = self._from
        rest = self._events - count
        return Speed(rest / (time.process_time() - cpu), rest / (time.perf_counter() - clock))


# --- the modes


def poll(work: Work) -> Speed:
    """Read the topic, and do nothing with it."""
    watch, count = Watch(work.events), 0
    for messages in _messages(work):
        count += len(messages)
        watch.saw(count)
    return watch.speed()


def engine(work: Work) -> Speed:
    """Decode and judge events in memory."""
    detector = Detector(load_rules(work.rules))
    stream = Stream("topic", work.topic, "topic-id")
    batches = [batch_of(stream, messages) for messages in _messages(work)]
    watch, count = Watch(work.events), 0
    for batch in batches:
        detector.judge(batch)
        count += len(batch)
        watch.saw(count)
    return watch.speed()


def pipeline(work: Work) -> Speed:
    """Run a worker as `tocsin detect` does."""
    name = work.mode
    flags: dict[str, object] = {
        "kafka.bootstrap_servers": work.bootstrap,
        "kafka.topic": work.topic,
        "kafka.group": f"bench-{uuid.uuid4().hex[:8]}",
        "results.dir": f"{work.folder}/{uuid.uuid4().hex[:8]}",
        "results.csv": f"{work.folder}/{uuid.uuid4().hex[:8]}.csv",
        "rules.paths": work.rules,
        "trace.events": {"off": "off", "all": "all"}.get(name, "sampled"),
        "metrics.listen": "127.0.0.1:0",
    }
    if name == "published":
        flags["publish.detections_topic"] = f"{work.topic}-detections"
    watch = Watch(work.events)
    with kafka_worker(load(Path(os.devnull), {}, flags).settings, _log()) as running:

        def finished() -> bool:
            watch.saw(running.progress.snapshot({}).records)
            return running.source.caught_up() and running.worker.settled()

        running.worker.run(finished)
    return watch.speed()


def loop(work: Work) -> Speed:
    """Do what a first consumer does: one event after the other, everything at once for it."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - here only
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - as above
    from opentelemetry.trace import SpanKind  # noqa: PLC0415 - as above

    provider = TracerProvider(resource=Resource.create({"service.name": "loop"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), max_queue_size=1 << 16))
    tracer = provider.get_tracer("loop")
    events = min(work.events, 30_000)  # it is slow enough
    watch, count = Watch(events), 0
    with Path(work.folder, f"{uuid.uuid4().hex}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        for message in _one_by_one(work):
            event = json.loads(message.decode("utf-8"))
            with tracer.start_as_current_span("consume_event", kind=SpanKind.CONSUMER) as span:
                span.set_attribute("event.id", event.get("event_id", ""))
                span.set_attribute("event.type", event.get("event_type", ""))
                span.set_attribute("host.name", event.get("host", ""))
                span.set_attribute("user.name", event.get("user", ""))
                with tracer.start_as_current_span("classify_event"):
                    tactic, technique = _classified(event)
                span.set_attribute("mitre.tactic", tactic)
                span.set_attribute("mitre.technique", technique)
                with tracer.start_as_current_span("write_csv"):
                    writer.writerow([*(event.get(field, "") for field in _FIELDS), tactic, technique])
                    file.flush()
            count += 1
            watch.saw(count)
            if count == events:
                break
        provider.shutdown()
    return watch.speed()


_FIELDS = ("event_id", "timestamp", "user", "host", "source_ip", "event_type")


def _classified(event: dict[str, str]) -> tuple[str, str]:
    """Label an event by three tests."""
    if event.get("event_type") == "process_start":
        command = (event.get("command_line") or "").lower()
        if "encodedcommand" in command:
            return "TA0002", "T1059.001"
        return ("TA0002", "T1059.003") if "cmd.exe" in command else ("TA0002", "T1059")
    if event.get("event_type") == "user_login":
        return ("TA0006", "T1110") if event.get("logon_type") == "failure" else ("TA0001", "T1078")
    return "TA0000", "T0000"


MODES: dict[str, Callable[[Work], Speed]] = {
    "poll": poll,
    "engine": engine,
    "off": pipeline,
    "default": pipeline,
    "all": pipeline,
    "published": pipeline,
    "loop": loop,
}


def _consumer(work: Work) -> Consumer:
    consumer = Consumer(
        {
            "bootstrap.servers": work.bootstrap,
            "group.id": f"bench-{uuid.uuid4().hex[:8]}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([work.topic])
    return consumer


def _messages(work: Work) -> Iterator[list[Message]]:
    """Yield all messages of the topic, some thousands at a time."""
    consumer, left = _consumer(work), work.events
    while left > 0:
        messages = [m for m in consumer.consume(BATCH, 0.1) if m.error() is None]
        if messages:
            left -= len(messages)
            yield messages
    consumer.close()


def _one_by_one(work: Work) -> Iterator[bytes]:
    consumer = _consumer(work)
    while True:
        message = consumer.poll(1.0)
        if message is not None and message.error() is None:
            yield message.value() or b""


def _log() -> Log:
    return Log(_warn, "text", Severity.ERROR)


# --- the run


def main(arguments: argparse.Namespace) -> None:
    """Fill a topic, measure every mode in turn, print a table."""
    with (
        tempfile.TemporaryDirectory(dir=arguments.dir) as folder,
        _kafka(arguments, Path(folder)) as bootstrap,
    ):
        cluster = Cluster(bootstrap)
        topic = topic_of(cluster, f"bench-{uuid.uuid4().hex[:8]}", 4)
        try:
            bytes_each = _fill(cluster, topic, arguments)
            modes = arguments.only or list(MODES)
            found: dict[str, list[Speed]] = {mode: [] for mode in modes}
            with _collector() as endpoint:
                for _ in range(arguments.rounds):
                    for mode in modes:
                        work = Work(mode, bootstrap, topic.name, arguments.events, arguments.rules, folder)
                        found[mode].append(_measured(work, endpoint))
            _table(found, arguments, bytes_each)
        finally:
            remove(cluster, [topic.name, f"{topic.name}-detections"], [])


@contextmanager
def _kafka(arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    if arguments.bootstrap_servers:
        yield arguments.bootstrap_servers
        return
    with broker.start("apache", folder / "broker", 0, _say) as running:
        yield running.bootstrap


def _fill(cluster: Cluster, topic: Topic, arguments: argparse.Namespace) -> float:
    feed: Feed
    if arguments.sources:
        feed = RecordedFeed(RecordedFiles(arguments.sources, sys.stdin.buffer))
    else:
        feed = SimulatedFeed(Simulator(7, arguments.shape, arguments.attack_ratio))
    pool = bench_load.pool_of(feed, arguments.events)
    with Publisher(cluster, topic, None) as publisher:
        publish_all(pool, publisher, Plan(0, count=arguments.events), Surroundings())
    some = pool.take(1_000)
    return sum(len(event.value) for event in some) / len(some)


def _measured(work: Work, endpoint: str) -> Speed:
    environment = {
        **os.environ,
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    command = [sys.executable, __file__, "--work", msgspec.json.encode(work).decode()]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    speed = msgspec.json.decode(done.stdout.splitlines()[-1], type=Speed)
    _say(f"  {work.mode:10} {speed.cpu:12,.0f} events per CPU second {speed.clock:12,.0f} a second")
    return speed


def _table(found: dict[str, list[Speed]], arguments: argparse.Namespace, bytes_each: float) -> None:
    speeds = {mode: statistics.median(s.cpu for s in own) for mode, own in found.items()}
    what = ", ".join(arguments.sources) or f"{arguments.shape}, {arguments.attack_ratio:.0%} attacks"
    _say(f"\n{arguments.events:,} events of {bytes_each:,.0f} bytes ({what}); {', '.join(arguments.rules)}")
    compared = [mode for mode in ("engine", "poll", "loop", "off") if mode in speeds]
    _say(
        "".join(
            [
                f"{'mode':10} {'us/event':>9} {'events/CPU s':>13}",
                *(f"{'x ' + mode:>10}" for mode in compared),
            ]
        )
    )
    for mode, speed in speeds.items():
        ratios = "".join(f"{speed / speeds[other]:10.2f}" for other in compared)
        _say(f"{mode:10} {1e6 / speed:9.2f} {speed:13,.0f}{ratios}")


@contextmanager
def _collector() -> Iterator[str]:
    """Take spans as a collector does, in a process of its own."""
    command = [sys.executable, __file__, "--collect"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


class _Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


def _collect() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Taking)
    _say(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - its output


def _warn(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--shape", choices=["lab", "windows"], default="lab")
    parser.add_argument("--attack-ratio", type=float, default=0.01)
    parser.add_argument("--rules", nargs="+", default=["builtin:lab", "builtin:windows"])
    parser.add_argument("--from", dest="sources", nargs="+", default=[])
    parser.add_argument("--bootstrap-servers", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=MODES)
    parser.add_argument("--dir", default=None)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--collect", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    given = _arguments()
    if given.collect:
        _collect()
    elif given.work:
        told = msgspec.json.decode(given.work, type=Work)
        _say(msgspec.json.encode(MODES[told.mode](told)).decode())
    else:
        main(given)
