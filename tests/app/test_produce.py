"""`tocsin produce` from the command line: what it publishes, says, and how it ends."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.ends import is_end

MakeTopic = Callable[..., str]


def start(*arguments: str) -> subprocess.Popen[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
    return subprocess.Popen(
        [sys.executable, "-m", "tocsin", "produce", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean,
    )


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and stderr; stdout must stay empty."""
    process = start(*arguments)
    out, err = process.communicate(timeout=60)
    assert out == ""
    return process.returncode, err


def values(bootstrap: str, topic: str) -> list[bytes]:
    """The payloads of a topic with one partition."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "t", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    found: list[bytes] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        messages = consumer.consume(10_000, 1.0)
        found += [m.value() or b"" for m in messages if not m.error()]
        if any(is_end(m) for m in messages):
            consumer.close()
            return found
    raise AssertionError("the end of the topic was never reached")


@pytest.mark.kafka
def test_what_is_saved_is_what_is_published(kafka: str, make_topic: MakeTopic, tmp_path: Path) -> None:
    """A seed and a start give the same events in the topic, in the saved table, and from that table again."""
    one, two = make_topic(kafka), make_topic(kafka)
    table = tmp_path / "raw_packets.csv"
    common = ["--bootstrap-servers", kafka, "--rate", "0", "--topic"]
    made = ["--seed", "5", "--count", "2000", "--start", "2026-01-06T08:00:00Z", "--span", "8h"]
    code, said = run(*common, one, *made, "--save", str(table))
    assert code == 0
    assert "published 2,000 events" in said
    assert run(*common, two, "--from", str(table))[0] == 0
    events = [json.loads(v) for v in values(kafka, one)]
    assert [json.loads(v) for v in values(kafka, two)] == events
    with table.open(encoding="utf-8", newline="") as file:
        assert [{k: v for k, v in row.items() if v} for row in csv.DictReader(file)] == events
    assert events[0]["timestamp"] >= "2026-01-06T08"
    assert events[-1]["timestamp"] <= "2026-01-06T16:00:00.000Z"


def first_report(lines: Iterable[str]) -> dict[str, float]:
    """The next line that is a report."""
    return dict(json.loads(next(line for line in lines if line.startswith("{"))))


@pytest.mark.kafka
def test_stops_in_order(kafka: str, make_topic: MakeTopic) -> None:
    """SIGTERM ends an endless run: everything handed over is delivered, the summary says how much, exit 0."""
    topic = make_topic(kafka)
    arguments = ["--bootstrap-servers", kafka, "--topic", topic, "--rate", "500", "--progress", "ndjson"]
    arguments += ["--log-format", "text"]
    with start(*arguments) as process:
        assert process.stderr is not None
        reports = [first_report(process.stderr) for _ in range(2)]
        while reports[-1]["per_second"] != pytest.approx(
            500, rel=0.15
        ):  # it makes up for moments without a core
            assert len(reports) < 60, reports
            reports.append(first_report(process.stderr))
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert set(reports[0]) == {"produced", "per_second", "failed", "waiting"}
    reports += [json.loads(line) for line in rest.splitlines() if line.startswith("{")]
    assert reports[-1]["produced"] == len(values(kafka, topic))
    assert f"published {reports[-1]['produced']:,} events" in rest


@pytest.mark.kafka
def test_answers_prometheus_and_logs_like_a_worker(kafka: str, make_topic: MakeTopic) -> None:
    """While it runs; what it says is JSON where nobody watches, and the address is in it."""
    arguments = ["--bootstrap-servers", kafka, "--topic", make_topic(kafka), "--rate", "200"]
    with start(*arguments, "--metrics-listen", "127.0.0.1:0") as process:
        assert process.stderr is not None
        told = (json.loads(line)["message"] for line in process.stderr)
        address = next(m for m in told if m.startswith("metrics: ")).removeprefix("metrics: ")
        deadline = time.monotonic() + 60
        acknowledged = 0.0
        while not acknowledged and time.monotonic() < deadline:
            with urllib.request.urlopen(address, timeout=20) as answer:
                page = answer.read().decode()
            (said,) = re.findall(r"^tocsin_producer_records_total (\S+)$", page, re.MULTILINE)
            acknowledged = float(said)
        process.send_signal(signal.SIGTERM)
        rest = [json.loads(line) for line in process.stderr]
    assert process.returncode == 0
    assert acknowledged > 0
    assert "tocsin_producer_target_rate 200.0" in page
    assert rest[-1].keys() == {"time", "level", "message"}
    assert rest[-1]["message"].startswith("published ")


@pytest.mark.kafka
def test_undelivered_records(kafka: str, make_topic: MakeTopic, tmp_path: Path) -> None:
    """Bad rows are named with their lines; a record too large is named and makes the exit code 4."""
    topic = make_topic(kafka, max_message_bytes="2000")
    table = tmp_path / "raw_packets.csv"
    row = "2026-01-31T12:00:00Z,dev-01,WS-DEV-01,10.0.0.1,process_start,a.exe,"
    table.write_text(
        "timestamp,user,host,source_ip,event_type,process_name,command_line\n"
        f"{row}short\nbad\n{row}{'x' * 3_000}\n{row}short\n",
        encoding="utf-8",
    )
    code, said = run("--bootstrap-servers", kafka, "--topic", topic, "--rate", "0", "--from", str(table))
    assert code == 4
    assert f"{table}:3: 1 cells, but 7 columns" in said
    assert "1 not delivered: larger than the topic takes" in said
    assert "1 of 3 records were not delivered" in said
    assert len(values(kafka, topic)) == 2


def test_nobody_there() -> None:
    """Without a broker: exit 4 with one sentence and a hint, no stack trace, no chatter."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    code, said = run("--bootstrap-servers", address, "--seed", "1", "--log-format", "text")
    assert code == 4
    assert said.splitlines()[0] == f"error: no Kafka broker answers at {address}"
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--span", "1h"], "--span needs --count"),
        (["--span", "soon", "--count", "5"], "not a duration"),
        (["--start", "soon"], "not a time"),
        (["--rate", "-1"], "--rate"),
        (["--cuont", "5"], "--count"),
        (["--from", "no-such.csv"], "no-such.csv"),
    ],
)
def test_bad_flags(arguments: list[str], said: str) -> None:
    """A flag that cannot be meant is exit 3, said before anything is sent."""
    code, err = run(*arguments)
    assert code == 3
    assert said in err
