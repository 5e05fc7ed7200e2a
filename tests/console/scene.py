"""A pipeline that really runs, to be looked at: producers with attacks, a worker, a console, as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from confluent_kafka import Producer

from tocsin.app.children import Child
from tocsin.broker.loopback import free_port

PATIENCE = 120.0
"""Seconds that something may take on a machine that is busy."""


class ConsoleProcess:
    """`tocsin console`, as a person starts it.

    Attributes:
        url: where it answers, with a slash at the end.
    """

    def __init__(self, arguments: Sequence[str], listen: str = "127.0.0.1:0") -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tocsin", "console", "--listen", listen, "--no-browser"),
                *("--config", os.devnull, *arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "the console did not start"

    def ask(self, path: str) -> Any:
        """Return what the API answers."""
        with urllib.request.urlopen(f"{self.url}{path.lstrip('/')}", timeout=PATIENCE) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """End it, and wait for that."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@dataclass
class Scene:
    """What runs. A context manager: everything that it started ends with it.

    Attributes:
        bootstrap: a Kafka that runs.
        folder: for the results.
        topic: of the events; others are named after it.
        variables: for the environments of producers and workers.
        console_options: more of the console.
    """

    bootstrap: str
    folder: Path
    topic: str = "raw-events"
    variables: Mapping[str, str] = field(default_factory=dict)
    console_options: Sequence[str] = ()
    metrics: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def results(self) -> Path:
        """Return the folder of what was found."""
        return self.folder / "results"

    def produce(self, *arguments: str) -> Child:
        """Start a producer; it ends with its --count, or with the scene."""
        return self._child("producer", ["produce", *self._kafka, "--partitions", "4", *arguments])

    def worker(self, *, metrics: bool = True) -> Child:
        """Start a worker."""
        files = ["--results", str(self.results), "--csv", str(self.folder / "classified.csv")]
        topics = ["--detections-topic", f"{self.topic}-detections"]
        told = ["--metrics-listen", self.metrics] if metrics else []
        traces = ["--trace", "all", "--trace-store", "--log-format", "text"]
        return self._child("worker", ["detect", *self._kafka, *self._group, *files, *topics, *told, *traces])

    def console(self, listen: str = "127.0.0.1:0") -> ConsoleProcess:
        """Start a console."""
        arguments = [*self._kafka, *self._group, "--results", str(self.results)]
        arguments += [
            "--csv",
            str(self.folder / "classified.csv"),
            "--detections-topic",
            f"{self.topic}-detections",
        ]
        arguments += ["--metrics", f"http://{self.metrics}/metrics", *self.console_options]
        started = ConsoleProcess(arguments, listen)
        self._stack.callback(started.stop)
        return started

    def publish(self, *values: bytes) -> None:
        """Publish records as they are."""
        producer = Producer({"bootstrap.servers": self.bootstrap, "message.max.bytes": 2**20})
        for value in values:
            producer.produce(self.topic, value)
        assert producer.flush(PATIENCE) == 0

    def until_judged(self, console: ConsoleProcess, at_least: int) -> None:
        """Wait until nothing waits any more, so many events are stored, and the console has taken them in."""
        deadline = time.monotonic() + PATIENCE
        while True:
            live = console.ask("/api/live")
            known = console.ask("/api/detections?limit=1")
            stored = (live["events"]["total"] or 0) + (live["events"]["rejected"] or 0)
            if stored >= at_least and live["lag"]["total"] == 0 and not known["taking_in"] and known["total"]:
                return
            assert time.monotonic() < deadline, (live["events"], live["lag"]["total"], known["total"])
            time.sleep(0.5)

    @property
    def _kafka(self) -> list[str]:
        return ["--bootstrap-servers", self.bootstrap, "--topic", self.topic]

    @property
    def _group(self) -> list[str]:
        return ["--group", f"{self.topic}-workers"]

    def _child(self, name: str, arguments: Sequence[str]) -> Child:
        child = Child(name, arguments, self.variables)
        self._stack.callback(child.stop)
        return child
