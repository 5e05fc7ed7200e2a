"""The data folder of an embedded broker: one broker at a time, and a file that says which one runs."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from tocsin.errors import SettingsError

STATE = "broker.json"
_LOCK = "broker.lock"

Condition = Literal["running", "starting", "stopped"]


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told from a later one of the same id by when it was created (seconds since the epoch)."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return the running process of that id.

        Raises:
            psutil.NoSuchProcess: it has ended.
        """
        return cls(pid, psutil.Process(pid).create_time())

    def alive(self) -> bool:
        """Say whether this very process still runs."""
        try:
            process = psutil.Process(self.pid)
            # The kernel counts from boot; setting the clock moves the result by a little.
            return abs(process.create_time() - self.created) < 2 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def terminate(self) -> None:
        """Ask the process to end; nothing if it has.

        Raises:
            SettingsError: it is another user's.
        """
        try:
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(self.pid).terminate()
        except psutil.AccessDenied as error:
            raise SettingsError(f"process {self.pid} belongs to another user") from error


@dataclass(frozen=True, slots=True)
class State:
    """What `broker.json` tells of a broker.

    Attributes:
        broker: the broker's process.
        guard: the process to signal when the broker shall end.
        bootstrap: host:port for clients.
        consumer: librdkafka properties that consumers need with this engine.
        started_at: ISO 8601, UTC.
        ready: whether the broker has answered.
    """

    engine: str
    version: str
    broker: Process
    guard: Process
    bootstrap: str
    cluster_id: str
    started_at: str
    log: str
    consumer: Mapping[str, str] = field(default_factory=dict)
    ready: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen in a data folder; a state without a process is what a killed machine left behind."""

    condition: Condition
    state: State | None = None


def look(data: Path) -> Look:
    """Return what runs in a data folder."""
    state = read_state(data)
    if state is None or not (state.broker.alive() or state.guard.alive()):
        return Look("stopped", state)
    return Look("running" if state.ready else "starting", state)


def read_state(data: Path) -> State | None:
    """Return what the state file says; None when there is none, or none that can be understood."""
    try:
        told = json.loads((data / STATE).read_text(encoding="utf-8"))
        told |= {name: Process(**told[name]) for name in ("broker", "guard")}
        return State(**told)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write_state(data: Path, state: State) -> None:
    """Replace the state file in one step."""
    new = data / f".{STATE}.{os.getpid()}"
    new.write_text(json.dumps(asdict(state), indent=2) + "\n", encoding="utf-8")
    new.replace(data / STATE)


@contextlib.contextmanager
def claim(data: Path) -> Iterator[int]:
    """Hold the lock of a data folder, which is made if need be; yields the open lock file.

    A process that inherits the open file holds the lock, too, until it ends: so a broker's folder is free
    exactly when no process of that broker is left, however it ended.

    Raises:
        SettingsError: a broker uses the folder.
        OSError: the folder cannot be made, written or locked.
    """
    data.mkdir(parents=True, exist_ok=True)
    lock = os.open(data / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(data, lock)
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        yield lock
    finally:
        os.close(lock)


def _lock(data: Path, lock: int) -> None:
    """Take the lock, or raise a SettingsError that says who has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        state = look(data).state
        pid = str(state.broker.pid) if state else os.read(lock, 20).decode().strip()
        where = f" at {state.bootstrap}" if state else ""
        raise SettingsError(
            f"{data}: a broker already uses this folder: process {pid}{where}",
            "end it with `tocsin broker stop`, or name another folder with --data",
        ) from error
