"""Starts a broker under a guard, so that it cannot outlive the process that wanted it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin.broker import guard
from tocsin.errors import StreamError

GRACE = 20.0
"""Seconds that a broker has to end by itself before it is killed; Apache Kafka takes about two."""

_SLACK = 5.0
"""Seconds more that the guard has to notice, to kill and to exit."""

_released: list[subprocess.Popen[bytes]] = []
"""Guards that run on without us. Kept, because a Popen object warns when it is dropped before its process."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to run a broker.

    Attributes:
        arguments: the program and its arguments.
        folder: working folder.
        environment: all of the process's variables.
        log: file that its output is appended to.
        cluster_id: what the broker will call its cluster.
    """

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    log: Path
    cluster_id: str


class Guarded:
    """A broker that runs under a guard.

    Attributes:
        pid: process id of the broker.
        guard_pid: process id of its guard; SIGTERM to it ends both.
    """

    __slots__ = ("_guard", "_ours", "guard_pid", "pid")

    def __init__(self, guard_process: subprocess.Popen[bytes], pid: int) -> None:
        self._guard = guard_process
        self._ours = True
        self.guard_pid = guard_process.pid
        self.pid = pid

    def alive(self) -> bool:
        """Say whether the broker runs."""
        return self._guard.poll() is None

    def wait(self) -> bool:
        """Wait for the end and return whether somebody asked for it; the broker may also just have died."""
        asked = self._guard.wait() == 0
        self._hang_up()
        return asked

    def stop(self) -> None:
        """End the broker and return when it is gone; nothing after `release`.

        An interrupt while waiting cuts the broker's grace short.
        """
        if not self._ours:
            return
        self._hang_up()
        try:
            self._guard.wait(GRACE + _SLACK)
        except subprocess.TimeoutExpired:
            self._kill()
        except BaseException:
            self._kill()
            raise

    def release(self) -> None:
        """Let go: from now on the broker lives until its guard is asked to end it."""
        assert self._guard.stdin is not None
        self._guard.stdin.write(guard.RELEASE)
        self._hang_up()
        self._ours = False
        _released.append(self._guard)

    def _hang_up(self) -> None:
        for pipe in (self._guard.stdin, self._guard.stdout):
            assert pipe is not None
            pipe.close()

    def _kill(self) -> None:
        """End the broker at once: the guard has heard our hanging up, so a signal is its second call."""
        self._guard.send_signal(signal.SIGTERM)
        try:
            self._guard.wait(_SLACK)
        except subprocess.TimeoutExpired:
            self._guard.kill()  # the kernel kills the broker with it
            self._guard.wait()


def spawn(command: Command, state: Path, keep: Sequence[int] = (), grace: float = GRACE) -> Guarded:
    """Start a broker under a guard.

    Args:
        command: what to run.
        state: a file that the guard removes once the broker has ended.
        keep: open files (such as a lock) that guard and broker hold as long as they live.
        grace: seconds that the broker has to end by itself.

    Raises:
        StreamError: the program cannot be run.
    """
    own = [sys.executable, "-I", "-S", guard.__file__, str(os.getpid()), str(grace), str(state), "--"]
    with command.log.open("ab") as log:
        process = subprocess.Popen(
            [*own, *command.arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=command.folder,
            env=dict(command.environment),
            pass_fds=keep,
            start_new_session=True,  # a terminal's Ctrl-C is for us alone
        )
    assert process.stdout is not None
    answer = process.stdout.readline().decode().strip()
    if not answer.isdigit():
        process.communicate()
        raise StreamError(f"the broker cannot be started: {answer.removeprefix('! ') or 'its guard died'}")
    return Guarded(process, int(answer))
