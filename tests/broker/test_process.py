"""The guard: no broker outlives its owner, whichever way the owner goes, unless it was let go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tocsin.broker import look, stop_broker
from tocsin.broker.process import Command, Guarded, spawn
from tocsin.errors import StreamError

DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('deaf', flush=True); time.sleep(99)"
)
"""A broker that does not listen to SIGTERM."""


def gone(pid: int, seconds: float = 60.0) -> bool:
    """Wait until a process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def run_python(code: str, folder: Path, grace: float = 20.0) -> Guarded:
    """Run a few lines of Python as if they were a broker."""
    command = Command([sys.executable, "-c", code], folder, os.environ, folder / "log", "")
    return spawn(command, folder / "state", grace=grace)


def owner(code: str) -> subprocess.Popen[str]:
    """Start a process that starts a broker, prints its id and runs on; `code` comes before it waits."""
    script = "import os, sys, time\nfrom pathlib import Path\n" + textwrap.dedent(code) + "\ntime.sleep(99)\n"
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


def killed(process: subprocess.Popen[str], lines: int = 1) -> list[int]:
    """Kill an owner once it has printed process ids, and return those."""
    assert process.stdout is not None
    pids = [int(process.stdout.readline()) for _ in range(lines)]
    process.kill()
    process.wait()
    process.stdout.close()
    return pids


@pytest.mark.parametrize(
    "engine", [pytest.param("apache", marks=[pytest.mark.kafka, pytest.mark.slow]), "tansu"]
)
def test_killing_the_owner_ends_the_broker(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """After SIGKILL of the process that started a real broker, that broker is gone within seconds."""
    request.getfixturevalue(f"needs_{engine}")
    process = owner(f"""
        from tocsin.broker import start
        broker = start({engine!r}, Path({str(tmp_path)!r}), 0, lambda text: None)
        print(broker.pid, flush=True)
    """)
    (pid,) = killed(process)
    assert gone(pid)
    assert until(lambda: not (tmp_path / "broker.json").exists())


def test_broker_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """After its grace, a broker is killed, and what it started with it."""
    children = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])"
    )
    broker = run_python(f"{children}; {DEAF}", tmp_path, grace=0.2)
    assert until(lambda: "deaf" in (tmp_path / "log").read_text())
    (child,) = psutil.Process(broker.pid).children()
    broker.stop()
    assert gone(broker.pid)
    assert gone(child.pid)


def test_fork_of_the_owner_does_not_keep_the_broker(tmp_path: Path) -> None:
    """A forked child of the owner, which has inherited the pipe to the guard, does not count as the owner."""
    process = owner(f"""
        from tocsin.broker.process import Command, spawn
        folder = Path({str(tmp_path)!r})
        sleep = [sys.executable, "-c", "import time; time.sleep(99)"]
        broker = spawn(Command(sleep, folder, os.environ, folder / "log", ""), folder / "state")
        fork = os.fork()
        if fork:
            print(broker.pid, flush=True)
            print(fork, flush=True)
    """)
    pid, fork = killed(process, lines=2)
    try:
        assert gone(pid)
        assert not gone(fork, 0.1)
    finally:
        os.kill(fork, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_killing_the_guard_ends_the_broker(tmp_path: Path) -> None:
    """The guard itself is no weak point."""
    broker = run_python(DEAF, tmp_path)
    os.kill(broker.guard_pid, signal.SIGKILL)
    assert gone(broker.pid)
    assert not broker.wait()


def test_interrupt_while_stopping_kills(tmp_path: Path) -> None:
    """A second Ctrl-C does not wait for a broker that takes its time, and leaves nothing behind."""
    broker = run_python(DEAF, tmp_path, grace=60)
    assert until(lambda: "deaf" in (tmp_path / "log").read_text())
    started = time.monotonic()

    def interrupted() -> None:
        threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
        broker.stop()

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert gone(broker.pid)
    assert time.monotonic() - started < 40, "it has waited for the broker's grace"


def test_end_that_was_asked_for_is_told_from_a_death(tmp_path: Path) -> None:
    """SIGTERM to the guard, from anywhere, is a wish; a broker that ends by itself has died."""
    broker = run_python("import time; time.sleep(99)", tmp_path)
    os.kill(broker.guard_pid, signal.SIGTERM)
    assert broker.wait()
    assert not run_python("pass", tmp_path).wait()


def test_state_file_goes_with_the_broker(tmp_path: Path) -> None:
    """The guard removes it even when the broker has just died."""
    (tmp_path / "state").write_text("{}")
    run_python("pass", tmp_path).wait()
    assert not (tmp_path / "state").exists()


def test_program_that_cannot_run_is_told(tmp_path: Path) -> None:
    """A missing program is one clear sentence."""
    command = Command([str(tmp_path / "nowhere")], tmp_path, os.environ, tmp_path / "log", "")
    with pytest.raises(StreamError, match="nowhere: No such file"):
        spawn(command, tmp_path / "state")


@pytest.mark.usefixtures("needs_tansu")
def test_released_broker_outlives_its_owner_until_it_is_stopped(tmp_path: Path) -> None:
    """A broker that was let go survives the death of who started it, and ends when asked by its folder."""
    process = owner(f"""
        from tocsin.broker import start
        broker = start("tansu", Path({str(tmp_path)!r}), 0, lambda text: None)
        broker.release()
        print(broker.pid, flush=True)
    """)
    (pid,) = killed(process)
    assert not gone(pid, 1.5)
    assert look(tmp_path).condition == "running"
    assert stop_broker(tmp_path)
    assert gone(pid, 0.1)
    assert look(tmp_path).condition == "stopped"
    assert not stop_broker(tmp_path)
