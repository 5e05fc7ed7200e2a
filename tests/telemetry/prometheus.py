"""A real Prometheus on loopback, in a hurry: it scrapes every second, and rules look at seconds."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
PROGRAM = shutil.which("prometheus")
WINDOW = "20s"
"""What ranges are shortened to; with a scrape a second rates have enough samples."""


class Prometheus:
    """What a test asks a running server."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get(self, path: str, **parameters: str) -> Any:
        url = f"http://{self._address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an instant."""
        found: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return found

    def wait(self, expression: str, seconds: float = 60) -> list[dict[str, Any]]:
        """Return the samples as soon as there are any."""
        return wait_for(lambda: self.query(expression), expression, seconds)

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alarms that ring."""
        return [alert for alert in self.get("alerts")["alerts"] if alert["state"] == "firing"]


@contextmanager
def prometheus(folder: Path, workers: list[str], producers: list[str]) -> Iterator[Prometheus]:
    """Run one with the rules of the repository until the end of the block; it scrapes these addresses."""
    assert PROGRAM is not None, "whoever asks has looked"
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text(encoding="utf-8")
    (folder / "rules.yml").write_text(hurried(rules))
    jobs = {"tocsin": workers, "tocsin-producer": producers}
    settings = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {"job_name": name, "static_configs": [{"targets": targets}]} for name, targets in jobs.items()
        ],
    }
    (folder / "prometheus.yml").write_text(json.dumps(settings))  # YAML takes JSON
    address = f"127.0.0.1:{free_port()}"
    command = [
        PROGRAM,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
    ]
    command += [f"--web.listen-address={address}", "--enable-feature=exemplar-storage"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            found = Prometheus(address)
            wait_for(lambda: process.poll() is None and _is_ready(address), "a ready Prometheus")
            yield found
        finally:
            process.kill()
            process.wait()


def hurried(rules: str) -> str:
    """Return rules that look at seconds where the real ones look at minutes."""
    return re.sub(r"for: \w+", "for: 2s", re.sub(r"\[\d+[mh]\]", f"[{WINDOW}]", rules))


def wait_for(look: Callable[[], T], what: str, seconds: float = 60) -> T:
    """Return the first result that is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(0.3)
    return found


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port() -> int:
    """Return a port on loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
