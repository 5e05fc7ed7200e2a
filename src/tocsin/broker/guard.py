"""Runs a broker as its child and ends it when the process that wanted it is gone, whatever way that went.

A program of its own, started by path with `python -I -S guard.py OWNER GRACE STATE -- COMMAND...`, so that it
starts in milliseconds and imports nothing but the standard library:

- OWNER: process id of who wants the broker. Standard input is a pipe that only the owner holds open. When the
  pipe closes or the owner is no longer our parent, the broker is ended; after the byte `R` on the pipe
  ("release") neither counts any more, and the broker lives until the guard is asked to end it.
- GRACE: seconds between SIGTERM and SIGKILL for the broker. A second SIGTERM to the guard cuts them short.
- STATE: a file that is removed once the broker has ended.

It prints the broker's process id, or `!` and why the broker could not be started. It exits with 0 when the
broker was asked to end, and with 1 when the broker ended by itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

RELEASE = b"R"
"""What the owner writes to let go of the broker."""

_PR_SET_PDEATHSIG = 1
"""Linux, prctl(2): the signal that a process gets when its parent dies."""

_TICK = 1.0
"""Seconds between looks at who our parent is, for the case that a fork of the owner keeps the pipe open."""


class _Wishes:
    """What the owner and the signals want: the number of times that somebody asked for the end."""

    def __init__(self, owner: int) -> None:
        self.asked = 0
        self._owner: int | None = owner
        self._signalled, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, lambda *_: self._ask())
        for ignored in (signal.SIGCHLD, signal.SIGINT, signal.SIGHUP):
            # A handler, not SIG_IGN, which the broker would inherit; SIGCHLD only has to wake `listen`.
            signal.signal(ignored, lambda *_: None)

    def listen(self, seconds: float) -> None:
        """Wait until something happens or the time is over, and note what it was."""
        watched = [self._signalled] if self._owner is None else [self._signalled, 0]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._signalled in ready:
            os.read(self._signalled, 512)
        if 0 in ready:
            word = os.read(0, 1)
            if word != RELEASE:
                self._ask()
            self._owner = None
        elif self._owner is not None and os.getppid() != self._owner:
            self._owner = None
            self._ask()

    def _ask(self) -> None:
        self.asked += 1


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    """Start the broker in a session of its own, with its output where the guard's errors go."""
    guard = os.getpid()

    def die_with_guard() -> None:
        # The kernel kills the broker when the guard itself is killed (Linux only; elsewhere it lives on).
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != guard:
                os._exit(1)

    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        start_new_session=True,
        close_fds=False,  # it shares the lock on the data folder; all else was not inherited by the guard
        preexec_fn=die_with_guard,  # noqa: PLW1509 - safe here: the guard has one thread
    )


def _signal_all(broker: subprocess.Popen[bytes], number: int) -> None:
    """Signal the broker and whatever it started; they are a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(broker.pid, number)


def _see_through(broker: subprocess.Popen[bytes], wishes: _Wishes, grace: float) -> None:
    """Return once the broker has ended, by itself or because somebody asked."""
    deadline: float | None = None
    while broker.poll() is None:
        if wishes.asked and deadline is None:
            deadline = time.monotonic() + grace
            _signal_all(broker, signal.SIGTERM)
        if deadline is not None and (wishes.asked > 1 or time.monotonic() > deadline):
            _signal_all(broker, signal.SIGKILL)
        wishes.listen(_TICK if deadline is None else 0.1)


def main(arguments: list[str]) -> int:
    """Run a broker until it ends."""
    owner, grace, state, _, *command = arguments
    wishes = _Wishes(int(owner))
    try:
        broker = _start(command)
    except OSError as error:
        sys.stdout.write(f"! {command[0]}: {error.strerror}\n")
        return 1
    sys.stdout.write(f"{broker.pid}\n")
    sys.stdout.flush()
    _see_through(broker, wishes, float(grace))
    _signal_all(broker, signal.SIGKILL)
    with contextlib.suppress(OSError):
        Path(state).unlink()
    return 0 if wishes.asked else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
