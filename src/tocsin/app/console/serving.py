"""Serves the console over HTTP from a thread: listens, tells where, and ends in order."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from tocsin.errors import SettingsError

_LAST_ANSWERS = 3
"""Seconds that answers have when the console ends."""

_START = 10.0

_WAITING = 128
"""Connections that may wait until the server takes them."""


class Listening:
    """A place where the console will answer; it is taken at once, so that a mistake is told at once.

    Args:
        listen: host:port; port 0 takes a free one.

    Raises:
        SettingsError: not a place, or nobody can listen there.
    """

    def __init__(self, listen: str) -> None:
        name, _, port = listen.rpartition(":")
        self.host = name.strip("[]")
        if not self.host or not port.isdecimal():
            raise SettingsError(f"console.listen = {listen!r}: expected host:port")
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((self.host, int(port)))
            self.socket.listen(_WAITING)  # who asks before the server is up waits, and is not turned away
        except (OSError, OverflowError) as error:
            self.close()
            reason = getattr(error, "strerror", None) or error
            raise SettingsError(
                f"console.listen = {listen!r}: cannot listen there: {reason}",
                "--listen 127.0.0.1:0 takes a free port",
            ) from error
        self.port: int = self.socket.getsockname()[1]

    def close(self) -> None:
        """Give the place up."""
        self.socket.close()

    @property
    def url(self) -> str:
        """Return the address to open in a browser on this machine."""
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://{f'[{shown}]' if ':' in shown and '[' not in shown else shown}:{self.port}/"


class WebServer:
    """An HTTP server on a thread. A context manager: it answers until its end.

    Args:
        app: the application.
        at: where; closed at the end.
        ending: called when no more is to be answered; streams have to end then.
    """

    def __init__(self, app: ASGIApp, at: Listening, ending: Callable[[], None]) -> None:
        settings = uvicorn.Config(
            app,
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # an address may have the token in it
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_LAST_ANSWERS,
        )
        self._server = uvicorn.Server(settings)
        self._at = at
        self._ending = ending
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)

    @property
    def running(self) -> bool:
        """Say whether it answers."""
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._ending()
        self._thread.join(_LAST_ANSWERS + _START)
        self._at.close()

    def _run(self) -> None:
        asyncio.run(self._server.serve([self._at.socket]))
