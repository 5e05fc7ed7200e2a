"""Free ports on loopback, and whether one that was asked for is free."""

from __future__ import annotations

import errno
import socket

from tocsin.errors import SettingsError

HOST = "127.0.0.1"
"""The embedded broker has no passwords: it is for this machine alone."""


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def check_free(port: int) -> None:
    """Raise a SettingsError when the broker could not listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the brokers do after a restart
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
            raise SettingsError(f"port {port} {reason}", "--port 0 picks a free one") from error


def answers(port: int) -> bool:
    """Say whether somebody listens on `port`."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False
