"""Starts an embedded broker, waits until it answers, and stops it."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import psutil
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tocsin.broker import folder
from tocsin.broker.apache import has_records, prepare_apache
from tocsin.broker.engine import Engine, Notice, UnavailableError
from tocsin.broker.folder import Process, State
from tocsin.broker.loopback import HOST, answers, check_free, free_port
from tocsin.broker.process import Command, Guarded, spawn
from tocsin.broker.tansu import prepare_tansu
from tocsin.errors import SettingsError, StreamError

Choice = Literal["auto", "apache", "tansu"]

START_TIMEOUT = 90.0
"""Seconds until a broker must answer: Apache Kafka takes 2 on two idle cores, more to recover its log."""

_TRIES = 3
"""Starts in all when somebody else takes a free port before the broker listens there."""


class Running:
    """A broker that runs and answers. A context manager: at its end the broker is stopped.

    Attributes:
        bootstrap: host:port for clients.
        engine: `apache` or `tansu`.
        version: of the broker program.
        pid: process id of the broker.
        data: its data folder.
        log: the file it writes its log to.
        consumer: librdkafka properties that consumers need with this engine, beyond the defaults.
    """

    __slots__ = ("_process", "bootstrap", "consumer", "data", "engine", "log", "pid", "version")

    def __init__(self, process: Guarded, data: Path, state: State) -> None:
        self._process = process
        self.data = data
        self.bootstrap = state.bootstrap
        self.engine = state.engine
        self.version = state.version
        self.pid = process.pid
        self.log = Path(state.log)
        self.consumer: Mapping[str, str] = state.consumer

    def stop(self) -> None:
        """End the broker; returns when it is gone. An interrupt while waiting kills it at once."""
        self._process.stop()

    def release(self) -> None:
        """Let the broker run on when this process ends, until `stop_broker` is called for its folder."""
        self._process.release()

    def wait(self) -> None:
        """Return when the broker was stopped by somebody else.

        Raises:
            StreamError: it ended by itself.
        """
        if not self._process.wait():
            raise _died(self.log, "while it was running")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(engine: Choice, data: Path, port: int, notice: Notice) -> Running:
    """Start a broker on loopback and return when it answers clients.

    Args:
        engine: which one; `auto` is Apache Kafka where it can run, else Tansu.
        data: folder for its data, its log and `broker.json`; what Apache Kafka left there is used again.
        port: for clients; 0 picks a free one.
        notice: is told what takes time, and what the user should know.

    Raises:
        SettingsError: the folder or the port cannot be used, or the engine cannot run here.
        StreamError: the broker ended while starting, or does not answer.
    """
    data = data.expanduser().absolute()
    try:
        with folder.claim(data) as lock:
            _check(port)  # before anything is downloaded
            chosen = _choose(engine, data, notice)
            for _ in range(_TRIES - 1):
                with contextlib.suppress(_PortTakenError):
                    return _start(chosen, data, _check(port), lock)
            return _start(chosen, data, _check(port), lock)
    except OSError as error:  # a full disk, a file in the way, a file system without locks
        problem = f"{error.filename or data}: cannot be used by the broker: {error.strerror or error}"
        raise SettingsError(problem, "--data names another folder") from error


def stop_broker(data: Path, timeout: float = 30.0) -> bool:
    """End the broker of a data folder, whoever started it, and return whether there was one.

    Raises:
        StreamError: it does not end.
    """
    found = folder.look(data)
    if found.state is None or found.condition == "stopped":
        return False
    processes = [p for p in (found.state.guard, found.state.broker) if p.alive()]
    for process in processes[:1]:  # the guard ends the broker; only where there is none, we do
        process.terminate()
    deadline = time.monotonic() + timeout
    while any(p.alive() for p in processes):
        if time.monotonic() > deadline:
            raise StreamError(
                f"{data}: process {found.state.broker.pid} does not end", "see " + found.state.log
            )
        time.sleep(0.05)
    return True


def _check(port: int) -> int:
    """Return the port to use: the one asked for, if it is free."""
    if not port:
        return free_port()
    check_free(port)
    return port


def _choose(engine: Choice, data: Path, notice: Notice) -> Engine:
    """Return an engine that can run here."""
    if engine == "tansu":
        return prepare_tansu()
    try:
        return prepare_apache(notice)
    except UnavailableError as reason:
        if engine == "apache" or has_records(data / "apache"):
            raise
        chosen = prepare_tansu()
        notice(
            f"{reason.problem}. Tansu runs instead: topics are in memory only and gone when it stops, "
            "and it has no exactly-once"
        )
        return chosen


_PORT_TAKEN = re.compile("Address (already )?in use", re.IGNORECASE)
"""How the engines' logs, and the systems' messages in them, tell it."""


class _PortTakenError(StreamError):
    """Somebody took the port between our look and the broker's."""


def _start(engine: Engine, data: Path, port: int, lock: int) -> Running:
    """Run the engine once and wait for it."""
    own = data / engine.name
    own.mkdir(exist_ok=True)
    command = engine.command(own, port)
    if command.log.exists():
        command.log.replace(command.log.with_suffix(".log.1"))
    process = spawn(command, data / folder.STATE, keep=[lock])
    try:
        state = State(
            engine=engine.name,
            version=engine.version,
            broker=_process(process.pid, command.log),
            guard=_process(process.guard_pid, command.log),
            bootstrap=f"{HOST}:{port}",
            cluster_id=command.cluster_id,
            started_at=datetime.now(UTC).isoformat(timespec="seconds"),
            log=str(command.log),
            consumer=engine.consumer,
        )
        folder.write_state(data, state)
        _wait_until_ready(process, port, command)
        folder.write_state(data, replace(state, ready=True))
    except BaseException:
        process.stop()
        raise
    return Running(process, data, state)


def _process(pid: int, log: Path) -> Process:
    try:
        return Process.of(pid)
    except psutil.NoSuchProcess as error:
        raise _died(log, "as soon as it was started") from error


def _wait_until_ready(process: Guarded, port: int, command: Command) -> None:
    """Return when the broker, and no other, answers at `port`."""
    deadline = time.monotonic() + START_TIMEOUT
    _until(lambda: answers(port), process, command.log, deadline)
    quiet = logging.getLogger("tocsin.broker.silent")
    quiet.disabled = True  # a connection that is refused once is no news while the broker starts
    admin = AdminClient({"bootstrap.servers": f"{HOST}:{port}", "socket.timeout.ms": 5000}, logger=quiet)
    _until(lambda: _cluster_at(admin) == command.cluster_id, process, command.log, deadline)


def _until(condition: Callable[[], bool], process: Guarded, log: Path, deadline: float) -> None:
    while not condition():
        if not process.alive():
            raise _died(log, "while starting")
        if time.monotonic() > deadline:
            raise StreamError(f"the broker does not answer after {START_TIMEOUT:.0f} s", f"its log is {log}")
        time.sleep(0.02)


def _cluster_at(admin: AdminClient) -> str | None:
    """Return the id of the cluster that answers with a broker, if one does."""
    try:
        metadata = admin.list_topics(timeout=2.0)
    except KafkaException:
        return None
    return str(metadata.cluster_id) if metadata.brokers else None


def _died(log: Path, when: str) -> StreamError:
    """Return the error for a broker that ended by itself, with the last lines of its log."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    kind = _PortTakenError if any(_PORT_TAKEN.search(line) for line in lines[-200:]) else StreamError
    last = "".join(f"\n  {line[:300]}" for line in lines[-8:])
    return kind(f"the broker ended {when}{':' if last else ''}{last}", f"all of its log is in {log}")
