"""Answers `/healthz`, `/readyz` and `/metrics`, beside the loop, to whoever looks after a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Self

import msgspec

from tocsin.errors import SettingsError
from tocsin.run.loop import State


class Sink(msgspec.Struct, frozen=True):
    """A sink in a report.

    Attributes:
        queued_rows, queued_bytes: that wait for it.
        queue_fill: of the bounds, 1 is full.
        busy_seconds: since when it is at one thing.
        commit_age_seconds: since its last commit; None before the first.
        trouble: why it tries again and again; empty when it works.
    """

    name: str
    queued_rows: int
    queued_bytes: int
    queue_fill: float
    busy_seconds: float
    commit_age_seconds: float | None
    trouble: str


class Report(msgspec.Struct, frozen=True):
    """The JSON body of both answers.

    Attributes:
        healthy: the loop turns and no sink is stuck; restart the worker when it is not so.
        ready: a member of the group that reads all partitions it was given.
        problems: why not, in sentences.
        turn_age_seconds: since the loop last turned.
        assigned: partitions of this worker.
        reading: those of them whose position the sinks have told.
        lag: partition -> records not yet read.
        waiting_for_kafka_seconds: since when no broker answers; None when one does.
        rule_set: its revision.
    """

    healthy: bool
    ready: bool
    problems: list[str]
    turn_age_seconds: float
    assigned: list[int]
    reading: list[int]
    lag: dict[int, int]
    waiting_for_kafka_seconds: float | None
    sinks: list[Sink]
    rule_set: str


class Connection(msgspec.Struct, frozen=True):
    """What the source knows of the group and the cluster."""

    joined: bool
    lag: dict[int, int]
    waiting: float | None


def report(state: State, connection: Connection, stuck_seconds: float) -> Report:
    """Return what to say of a worker.

    Args:
        state: of its loop.
        connection: of its source.
        stuck_seconds: the loop, or a sink, that has been at one thing for longer is stuck.
    """
    stuck = [f"the sink {w.name} has been at one thing for {w.busy:.0f} s" for w in state.writers]
    stuck = [text for text, w in zip(stuck, state.writers, strict=True) if w.busy > stuck_seconds]
    if state.turned > stuck_seconds:
        stuck.append(f"the loop has not turned for {state.turned:.0f} s")
    unready = [f"the sink {w.name} tries again: {w.trouble}" for w in state.writers if w.trouble]
    if connection.waiting is not None:
        unready.append(f"no broker has answered for {connection.waiting:.0f} s")
    if not connection.joined:
        unready.append("not a member of the group yet")
    elif state.owned != state.reading:
        unready.append("the sinks have not told where to read on")
    return Report(
        healthy=not stuck,
        ready=not stuck and not unready,
        problems=stuck + unready,
        turn_age_seconds=round(state.turned, 3),
        assigned=list(state.owned),
        reading=list(state.reading),
        lag=connection.lag,
        waiting_for_kafka_seconds=connection.waiting,
        sinks=[
            Sink(w.name, w.rows, w.bytes, round(w.fill, 3), round(w.busy, 3), w.flushed, w.trouble)
            for w in state.writers
        ],
        rule_set=state.revision,
    )


@dataclass(frozen=True, slots=True)
class Page:
    """An answer over HTTP."""

    status: HTTPStatus
    content_type: str
    body: bytes


Pages = Mapping[str, Callable[[str], Page]]
"""Path -> what makes its page of the request's Accept header; called on the server's threads."""


def health_pages(look: Callable[[], Report]) -> Pages:
    """Return the pages on the state of a worker.

    Args:
        look: returns the report of the moment.
    """

    def shown(found: Report, *, passes: bool) -> Page:
        body = msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"
        return Page(HTTPStatus.OK if passes else HTTPStatus.SERVICE_UNAVAILABLE, "application/json", body)

    def healthz(_: str) -> Page:
        found = look()
        return shown(found, passes=found.healthy)

    def readyz(_: str) -> Page:
        found = look()
        return shown(found, passes=found.ready)

    return {"/healthz": healthz, "/readyz": readyz}


class HealthServer:
    """A small HTTP server on a thread. A context manager: it answers until its end.

    Args:
        listen: host:port; port 0 takes a free one.
        pages: what it answers; anything else is not found.
        key: of the setting that named the address, for errors.

    Raises:
        SettingsError: nobody can listen there.
    """

    def __init__(self, listen: str, pages: Pages, key: str = "health.listen") -> None:
        host, _, port = listen.rpartition(":")
        try:
            self._server = _Server((host, int(port)), _handler(pages))
        except (ValueError, OverflowError) as error:
            raise SettingsError(f"{key} = {listen!r}: expected host:port") from error
        except OSError as error:
            raise SettingsError(
                f"{key} = {listen!r}: cannot listen there: {error.strerror or error}",
                "every worker on a machine needs a port of its own",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def address(self) -> str:
        """Return the host:port it listens at."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingTCPServer):
    """Not the standard library's HTTP server, which asks the name service for its own name at first."""

    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: whoever asked has hung up."""


def _handler(pages: Pages) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10.0  # a client that says nothing does not keep a thread

        def do_GET(self) -> None:
            make = pages.get(self.path.partition("?")[0])
            if make is None:
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            page = make(self.headers.get("Accept", ""))
            self.send_response(page.status)
            self.send_header("Content-Type", page.content_type)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Stay silent: whoever asks every second is no news."""

    return Handler
