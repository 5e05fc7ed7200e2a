"""Other `tocsin` commands run as processes of their own, with their progress read from stderr."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, Any, cast

from tocsin.app.settings import NOT_SETTINGS
from tocsin.errors import StreamError

_PATIENCE = 40.0
"""Seconds that a process has to finish what it holds, before it is killed."""


def _neutral(environment: Mapping[str, str]) -> dict[str, str]:
    """Leave out what sets something."""
    return {k: v for k, v in environment.items() if not k.startswith("TOCSIN_") or k in NOT_SETTINGS}


class Child:
    """A `tocsin` command that runs beside us and reports with `--progress ndjson`.

    It ends by itself when we die: its next report finds nobody to read it. It knows the settings in its
    arguments and in the variables given, and no others, which may speak of another cluster.

    Args:
        name: for humans.
        arguments: of `tocsin`.
        variables: for its environment: secrets, which arguments would show to everybody on the machine.

    Attributes:
        latest: what it reported last; empty at first.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], variables: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.latest: dict[str, Any] = {}
        self._said: deque[str] = deque(maxlen=20)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tocsin", *arguments, "--config", os.devnull, "--progress", "ndjson"],
            env={**_neutral(os.environ), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # a terminal's Ctrl-C is for us; we then end the children in order
        )
        self._reader = threading.Thread(target=self._read, name=f"reads-{name}", daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        """Say whether it has not ended yet."""
        return self._process.poll() is None

    def check(self) -> None:
        """Raise what it said, if it has ended with an error.

        Raises:
            StreamError: with the last lines of its stderr.
        """
        code = self._process.poll()
        if code:
            self._reader.join(2.0)
            raise StreamError(f"the {self.name} ended with exit code {code}: " + "\n".join(self._said))

    def stop(self) -> None:
        """Ask it to finish what it holds and to end, and wait for that."""
        if self.running:
            self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            self._reader.join(2.0)
            cast(IO[str], self._process.stderr).close()

    def _read(self) -> None:
        for line in cast(IO[str], self._process.stderr):
            if line.startswith("{"):
                with contextlib.suppress(ValueError):
                    self.latest = json.loads(line)
                    continue
            self._said.append(line.rstrip())
