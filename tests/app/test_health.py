"""What a worker answers to whoever looks after it."""

import http.client
import json
import socket
from dataclasses import replace

import pytest

from tocsin.app.health import Connection, HealthServer, Report, health_pages, report
from tocsin.errors import SettingsError
from tocsin.run.loop import State
from tocsin.run.writer import WriterState

RESULTS = WriterState("results", rows=10, bytes=2_000, fill=0.2, busy=0.1, flushed=0.4, trouble="")
WELL = State(turned=0.1, owned=(0, 1), reading=(0, 1), writers=(RESULTS,), revision="rules-1")
JOINED = Connection(joined=True, lag={0: 5, 1: 0}, waiting=None)


def said(state: State = WELL, connection: Connection = JOINED) -> Report:
    return report(state, connection, stuck_seconds=60.0)


def test_a_worker_that_works_is_healthy_and_ready():
    """And tells what it is about."""
    found = said()
    assert (found.healthy, found.ready, found.problems) == (True, True, [])
    assert (found.assigned, found.lag, found.rule_set) == ([0, 1], {0: 5, 1: 0}, "rules-1")
    assert (found.sinks[0].queued_rows, found.sinks[0].commit_age_seconds) == (10, 0.4)


def test_a_loop_that_does_not_turn_is_not_healthy():
    """A restart is what mends it."""
    found = said(replace(WELL, turned=61.0))
    assert (found.healthy, found.ready) == (False, False)
    assert found.problems == ["the loop has not turned for 61 s"]


def test_a_sink_that_is_stuck_is_not_healthy():
    """Beyond the deadline only: a slow one is well."""
    slow, stuck = replace(RESULTS, busy=59.0), replace(RESULTS, busy=61.0)
    assert said(replace(WELL, writers=(slow,))).healthy
    found = said(replace(WELL, writers=(RESULTS, stuck)))
    assert not found.healthy
    assert found.problems == ["the sink results has been at one thing for 61 s"]


@pytest.mark.parametrize(
    ("state", "connection", "problem"),
    [
        (WELL, Connection(joined=False, lag={}, waiting=None), "not a member of the group"),
        (replace(WELL, reading=(0,)), JOINED, "the sinks have not told where to read on"),
        (WELL, Connection(joined=True, lag={}, waiting=12.0), "no broker has answered for 12 s"),
        (
            replace(WELL, writers=(replace(RESULTS, trouble="the disk is full"),)),
            JOINED,
            "the sink results tries again: the disk is full",
        ),
    ],
)
def test_a_worker_that_waits_is_healthy_but_not_ready(state, connection, problem):
    """Restarting it would not help."""
    found = said(state, connection)
    assert (found.healthy, found.ready) == (True, False)
    assert found.problems[0].startswith(problem)


def test_a_worker_without_partitions_is_ready():
    """One too many is a good thing to have."""
    assert said(replace(WELL, owned=(), reading=()), Connection(joined=True, lag={}, waiting=None)).ready


def asked(address: str, path: str) -> tuple[int, dict[str, object]]:
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()) if answer.status != 404 else {}
    finally:
        connection.close()


def test_the_answers_are_codes_and_json():
    """So that an orchestrator needs the code only, and a person sees why."""
    state = [WELL]
    with HealthServer("127.0.0.1:0", health_pages(lambda: said(state[0]))) as server:
        assert asked(server.address, "/healthz")[0] == asked(server.address, "/readyz")[0] == 200
        state[0] = replace(WELL, reading=(0,))
        assert asked(server.address, "/healthz")[0] == 200
        code, body = asked(server.address, "/readyz")
        assert (code, body["problems"]) == (503, ["the sinks have not told where to read on"])
        state[0] = replace(WELL, turned=61.0)
        assert asked(server.address, "/healthz")[0] == 503
        assert asked(server.address, "/other")[0] == 404


def test_whoever_hangs_up_does_not_disturb(capfd):
    """The next one is answered, and nothing is printed."""
    with HealthServer("127.0.0.1:0", health_pages(said)) as server:
        host, _, port = server.address.rpartition(":")
        with socket.create_connection((host, int(port))) as rude:
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            rude.sendall(b"GET /healthz HTTP/1.0\r\n")
        assert asked(server.address, "/healthz")[0] == 200
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("listen", ["8080x", "nonsense", "127.0.0.1:", "127.0.0.1:99999999"])
def test_an_address_that_is_none_is_named(listen):
    """A mistake in the settings is told as one."""
    with pytest.raises(SettingsError, match="expected host:port"):
        HealthServer(listen, {})


def test_a_port_that_is_taken_is_named():
    """With the usual reason."""
    with (
        HealthServer("127.0.0.1:0", health_pages(said)) as server,
        pytest.raises(SettingsError, match="every worker on a machine needs a port of its own"),
    ):
        HealthServer(server.address, {})
