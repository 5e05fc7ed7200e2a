"""Engine `apache`: the real Apache Kafka as one KRaft node, run from its published jars."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tocsin.broker.engine import Name, Notice
from tocsin.broker.java import Java, find_java
from tocsin.broker.kafka_jars import VERSION, fetch_jars
from tocsin.broker.loopback import free_port
from tocsin.broker.process import Command
from tocsin.errors import StreamError

HEAP = "512m"
"""Ample for a laptop: a million records in and out leave the whole process at 300 MB."""

_RECORDS = "records"
"""Folder of the topics. Paths are relative to the broker's folder, whose own name may then be anything."""

_FIXED: Final[Mapping[str, str]] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "log.dirs": _RECORDS,
    # One node: nothing can be replicated, and few partitions keep the start quick.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    # A laptop's groups are complete at once; waiting for more members only delays the first record.
    "group.initial.rebalance.delay.ms": "0",
    # After a crash the controller, which has the broker registered, waits this long for the one that is dead.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
    # A misspelt topic is an error, not a new topic.
    "auto.create.topics.enable": "false",
    # The default of 128 MB is a quarter of our heap; this one still cleans a million keys in one pass.
    "log.cleaner.dedupe.buffer.size": str(32 * 2**20),
    "num.network.threads": "2",
    "num.io.threads": "4",
}


@dataclass(frozen=True, slots=True)
class Apache:
    """Apache Kafka, with the Java that runs it and its jars."""

    java: Java
    jars: tuple[Path, ...]
    name: Name = "apache"
    version: str = VERSION

    @property
    def consumer(self) -> Mapping[str, str]:
        """Return nothing: librdkafka's defaults are made for this broker."""
        return {}

    def command(self, folder: Path, port: int) -> Command:
        """Write `server.properties`, format the folder if it is new, and return how to run the broker."""
        properties = folder / "server.properties"
        properties.write_text(_properties(port, free_port()), encoding="ascii")
        cluster_id = _cluster_id(folder)
        if cluster_id is None:
            # No dash: at the beginning, Kafka's tool would take it for an option.
            cluster_id = base64.b64encode(uuid.uuid4().bytes, b"__").decode().rstrip("=")
            self._format(folder, cluster_id)
        arguments = [*self._java(), f"-Xmx{HEAP}", "kafka.Kafka", properties.name]
        return Command(arguments, folder, _environment(), folder / "broker.log", cluster_id)

    def _format(self, folder: Path, cluster_id: str) -> None:
        tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", cluster_id]
        done = subprocess.run(
            [*self._java(), "-XX:TieredStopAtLevel=1", *tool, "-c", "server.properties"],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            told = (done.stderr or done.stdout).strip().splitlines()
            raise StreamError(f"{folder}: cannot be formatted for Apache Kafka: {' '.join(told[-3:])}")

    def _java(self) -> list[str]:
        """Return the program with the options that both of Kafka's programs need."""
        options = [
            "-Djava.awt.headless=true",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        ]
        if self.java.major >= 24:  # JEP 472 and 498: else each start warns of what Kafka's libraries do
            options += ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"]
        return [str(self.java.program), *options, "-cp", os.pathsep.join(map(str, self.jars))]


def prepare_apache(notice: Notice) -> Apache:
    """Find Java and have the jars, fetching them when this machine has none yet.

    Raises:
        UnavailableError: no Java, or no jars and no way to fetch them.
        SettingsError: a jar is not the one that was published.
    """
    java = find_java()
    return Apache(java, fetch_jars(notice))


def has_records(folder: Path) -> bool:
    """Say whether an Apache Kafka has run in `folder` before."""
    return _cluster_id(folder) is not None


def _properties(port: int, controller: int) -> str:
    client = f"PLAINTEXT://127.0.0.1:{port}"
    properties = {
        **_FIXED,
        "listeners": f"{client},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": client,
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
    }
    return "".join(f"{key}={value}\n" for key, value in properties.items())


def _cluster_id(folder: Path) -> str | None:
    """Return the cluster id that a formatted folder carries."""
    try:
        text = (folder / _RECORDS / "meta.properties").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    match = re.search(r"^cluster\.id=(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else None


def _environment() -> dict[str, str]:
    """Return our variables; a UTF-8 locale, without which Java cannot open folders with other letters."""
    return {**os.environ, "LC_ALL": "C.UTF-8"}
