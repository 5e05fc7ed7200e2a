"""`tocsin broker` as users and scripts run it: in a process of its own, with signals and exit codes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

TOCSIN = [sys.executable, "-c", "from tocsin.app.cli import main; main()"]


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose broker, if a test leaves one, is stopped."""
    yield tmp_path / "data"
    tocsin("broker", "stop", "--data", str(tmp_path / "data"))


def tocsin(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TOCSIN, *arguments], capture_output=True, text=True, timeout=100, check=False)


def foreground(data: Path, engine: str = "tansu") -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start a broker in the foreground; returns when it is ready, with the row that it printed."""
    command = ["broker", "start", "--engine", engine, "--port", "0", "--data", str(data)]
    process = subprocess.Popen([*TOCSIN, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return how a process ended, and what it said on stderr."""
    _, talk = process.communicate(timeout=40)
    return process.returncode, talk


def runs(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("engine", [pytest.param("apache", marks=pytest.mark.kafka), "tansu"])
def test_detached_broker_is_seen_and_stopped(engine: str, data: Path, request: pytest.FixtureRequest) -> None:
    """`start --detach` returns with a running broker, `status` shows it, `stop` ends it."""
    request.getfixturevalue(f"needs_{engine}")
    where = ["--data", str(data)]
    assert tocsin("broker", "status", *where).returncode == 4
    started = tocsin("broker", "start", "--engine", engine, "--detach", "--port", "0", *where)
    assert started.returncode == 0, started.stderr
    row = json.loads(started.stdout)
    assert f"listens at {row['bootstrap']}" in started.stderr
    seen = tocsin("broker", "status", *where)
    shown = json.loads(seen.stdout)
    assert seen.returncode == 0
    assert (shown["status"], shown["engine"], shown["pid"]) == ("running", engine, row["pid"])
    assert tocsin("broker", "stop", *where).returncode == 0
    assert not runs(row["pid"])
    stopped = tocsin("broker", "status", *where)
    assert (stopped.returncode, json.loads(stopped.stdout)["status"]) == (4, "stopped")


@pytest.mark.usefixtures("needs_tansu")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_foreground_broker_ends_cleanly(number: signal.Signals, data: Path) -> None:
    """Ctrl-C, a polite kill and a closed terminal end broker and command, with exit code 0."""
    process, row = foreground(data)
    assert runs(row["pid"])
    process.send_signal(number)
    code, talk = finished(process)
    assert code == 0, talk
    assert "Traceback" not in talk
    assert not runs(row["pid"])


@pytest.mark.kafka
@pytest.mark.usefixtures("needs_apache")
def test_second_ctrl_c_leaves_no_orphan(data: Path) -> None:
    """Two quick interrupts kill a broker that is about to stop; nothing is left."""
    process, row = foreground(data, "apache")
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    code, talk = finished(process)
    assert code in {0, 130}, talk
    assert "Traceback" not in talk
    assert not runs(row["pid"])


@pytest.mark.kafka
@pytest.mark.usefixtures("needs_apache")
def test_ctrl_c_while_starting_leaves_no_orphan(data: Path) -> None:
    """An interrupt before the broker answers ends it as well."""
    command = ["broker", "start", "--engine", "apache", "--port", "0", "--data", str(data)]
    process = subprocess.Popen([*TOCSIN, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    state = data / "broker.json"
    while not state.exists():
        assert process.poll() is None
        time.sleep(0.01)
    pid = json.loads(state.read_text())["broker"]["pid"]
    process.send_signal(signal.SIGINT)
    code, talk = finished(process)
    assert (code, "Traceback" in talk) == (130, False)
    assert not runs(pid)


@pytest.mark.usefixtures("needs_tansu")
def test_stop_ends_a_foreground_broker(data: Path) -> None:
    """The command in the other terminal says that it was stopped, and ends with 0."""
    process, _ = foreground(data)
    assert tocsin("broker", "stop", "--data", str(data)).returncode == 0
    code, talk = finished(process)
    assert code == 0
    assert "the broker was stopped" in talk


@pytest.mark.usefixtures("needs_tansu")
def test_broker_that_dies_ends_the_command_with_4(data: Path) -> None:
    """A broker that is killed under its command is a lost stream, told with where its log is."""
    process, row = foreground(data)
    psutil.Process(row["pid"]).kill()
    code, talk = finished(process)
    assert code == 4
    assert "ended while it was running" in talk
    assert row["log"] in talk


def test_stop_where_nothing_runs_is_no_error(data: Path) -> None:
    """Stopping twice is fine: what was wanted is so."""
    stopped = tocsin("broker", "stop", "--data", str(data))
    assert stopped.returncode == 0
    assert "no broker runs here" in stopped.stderr


@pytest.mark.usefixtures("needs_tansu")
def test_second_start_on_a_folder_is_exit_3(data: Path) -> None:
    """The refusal is a sentence and a hint, not a stack trace."""
    start = ["broker", "start", "--engine", "tansu", "--detach", "--port", "0", "--data", str(data)]
    row = json.loads(tocsin(*start).stdout)
    refused = tocsin(*start)
    assert refused.returncode == 3
    assert f"process {row['pid']}" in refused.stderr
    assert "tocsin broker stop" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_table_shows_one_line_a_fact(data: Path) -> None:
    """On a terminal a long path stays in one piece."""
    table = tocsin("broker", "status", "--data", str(data), "--format", "table").stdout
    assert "stopped" in table
    assert "status" in table
