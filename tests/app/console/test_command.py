"""`tocsin console`, and the console of `tocsin demo`."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from tests.results.rows import ORIGIN, judged
from tocsin.app.cli import run
from tocsin.app.console import assets
from tocsin.app.console.context import opened
from tocsin.app.console.guard import door_of
from tocsin.app.console.server import application
from tocsin.app.console.serving import Listening, WebServer
from tocsin.app.console.showing import beside
from tocsin.errors import ExitCode, SettingsError
from tocsin.results.sink import ResultsSink

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path) -> Iterator[Start]:
    """Start a command in a folder of the test, without Kafka; what still runs at its end is killed."""
    with ExitStack() as stack:

        def begin(*arguments: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(
                [sys.executable, "-m", "tocsin", *arguments],
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"},
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield begin


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(start, tmp_path, end):
    """Its address is what it prints; without Kafka it serves what is stored."""
    sink = ResultsSink(tmp_path / "found", ORIGIN, "detected", time.time)
    sink.start([0])
    sink.write(judged(range(10), fired=[3]))
    sink.flush()
    process = start("console", "--listen", "127.0.0.1:0", "--no-browser", "--results", "found")
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    deadline = time.monotonic() + 60
    while httpx.get(f"{url}api/live", timeout=30).json()["events"]["total"] != 10:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(end)
    _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.OK, said
    assert "Traceback" not in said


def test_where_others_can_ask_the_address_has_a_new_token(start):
    """Without it, nothing is told; the token is not in what is printed besides."""
    process = start("console", "--listen", "0.0.0.0:0", "--no-browser")
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    found = re.fullmatch(r"(http://127\.0\.0\.1:\d+/)\?token=([\w-]{32})", address)
    assert found, address
    assert httpx.get(f"{found[1]}api/status", timeout=30).status_code == 401
    bearer = {"Authorization": f"Bearer {found[2]}"}
    assert httpx.get(f"{found[1]}api/status", headers=bearer, timeout=30).status_code == 200
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert found[2] not in said


@pytest.mark.parametrize(
    ("listen", "problem"),
    [
        ("nonsense", "expected host:port"),
        ("127.0.0.1:99999", "cannot listen there"),
        (":8600", "expected host:port"),
        ("192.0.2.1:0", "cannot listen there"),
    ],
)
def test_a_place_where_nobody_can_listen_is_told(start, listen, problem):
    """Before anything else is done."""
    process = start("console", "--listen", listen, "--no-browser")
    _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.BAD_SETTINGS
    assert problem in said


def test_the_token_is_never_shown_with_the_settings(tmp_path, monkeypatch, capsys):
    """Wherever it was set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_CONSOLE_TOKEN", "correct-horse-battery")
    assert run(["config", "show"]) == ExitCode.OK
    shown = capsys.readouterr().out
    assert "correct-horse" not in shown
    assert "(secret)" in shown


def test_without_the_extra_it_says_what_to_install(monkeypatch, capsys, tmp_path):
    """Instead of a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tocsin.app.cli.console.is_there", lambda _: False)
    assert run(["console"]) == ExitCode.BAD_SETTINGS
    assert "pip install 'tocsin[console]'" in capsys.readouterr().err


@pytest.mark.slow
def test_the_demo_shows_itself_until_ctrl_c(needs_tansu, start):
    """Also when everything is classified; then it ends in order."""
    if not assets.are_built():
        pytest.skip(assets.HOW_TO_BUILD)
    process = start("demo", "--dir", "d", "--engine", "tansu", "--count", "300", "--rate", "0", "--console")
    assert process.stderr is not None
    said = ""
    while "until Ctrl-C" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    url = re.search(r"console: (http://[\d.:]+/)", said)
    assert url, said
    deadline = time.monotonic() + 60
    while (seen := httpx.get(f"{url[1]}api/live", timeout=30).json()["events"]["total"]) < 300:
        assert time.monotonic() < deadline, seen  # it looks once a second
        time.sleep(0.2)
    assert seen == 300
    assert httpx.get(f"{url[1]}detections", timeout=30).text.lower().startswith("<!doctype html>")
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=90)
    assert process.returncode == ExitCode.OK, rest


def test_pages_that_are_not_built_are_no_console(settings_at, monkeypatch):
    """The demonstration goes on without; one line says what is missing."""
    monkeypatch.setattr("tocsin.app.console.showing.are_built", lambda: False)
    with pytest.raises(SettingsError, match="not built"), beside(settings_at(), print):
        raise AssertionError("there is nothing to show")


def test_where_the_usual_port_is_taken_the_demo_takes_another(settings_at, monkeypatch):
    """Two demonstrations on a machine do not disturb each other."""
    monkeypatch.setattr("tocsin.app.console.showing.are_built", lambda: True)
    with closing(Listening("127.0.0.1:0")) as taken:
        settings = settings_at(console__listen=f"127.0.0.1:{taken.port}")
        with beside(settings, print) as address:
            assert address != taken.url
            assert httpx.get(f"{address}api/status", timeout=30).status_code == 200


def test_who_asks_before_the_server_is_up_waits(settings_at):
    """The address is told when it is taken: a browser that opens it at once is not turned away."""
    with (
        closing(Listening("127.0.0.1:0")) as place,
        closing(socket.create_connection((place.host, place.port), 30)) as early,
        opened(settings_at(), watches=False) as console,
        WebServer(application(console, door_of(place.host, "", [])), place, console.end),
    ):
        early.settimeout(60)
        early.sendall(f"GET /api/status HTTP/1.0\r\nHost: {place.host}:{place.port}\r\n\r\n".encode())
        assert b" 200 " in early.recv(100)
