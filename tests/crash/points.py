"""Named moments at which a worker of the crash suite kills or freezes itself.

A program of its own: `python -m tests.crash.points --kill POINT --nth 2 COMMAND...` runs a `tocsin` command
in which the second passing of POINT is a SIGKILL; `--freeze` is a SIGSTOP. The code under test knows nothing
of it: what is called at the moment is wrapped from outside, so a point that is no longer there is an error
and not a test of nothing.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from tocsin.results.table import PositionedTable


@dataclass(frozen=True)
class Point:
    """A moment: just before or after a call of a function.

    Attributes:
        module, owner, function: what is wrapped.
        after: kill when the call has returned, instead of before it begins.
        only: the table that is meant, where one function serves several.
    """

    module: str
    owner: str
    function: str
    after: bool = False
    only: str = ""


POINTS = {
    "position read": Point("tocsin.results.sink", "ResultsSink", "start", after=True),
    "write": Point("tocsin.results.sink", "ResultsSink", "write"),
    "written": Point("tocsin.results.sink", "ResultsSink", "write", after=True),
    "commit of dead letters": Point("tocsin.results.table", "PositionedTable", "commit", only="dead_letters"),
    "dead letters committed": Point(
        "tocsin.results.table", "PositionedTable", "commit", after=True, only="dead_letters"
    ),
    "commit of verdicts": Point("tocsin.results.table", "PositionedTable", "commit", only="verdicts"),
    "verdicts committed": Point(
        "tocsin.results.table", "PositionedTable", "commit", after=True, only="verdicts"
    ),
    "copy to the group": Point("tocsin.sources.kafka", "KafkaSource", "commit"),
    "transaction": Point("tocsin.sinks.lane", "Lane", "_transaction"),
    "messages sent": Point("tocsin.sinks.lane", "Lane", "_produce", after=True),
    "transaction committed": Point("tocsin.sinks.lane", "Lane", "_transaction", after=True),
    "csv written": Point("tocsin.results.view", "CsvView", "_write_journal"),
    "journal written": Point("tocsin.results.view", "CsvView", "_write_journal", after=True),
}
"""What the crash suite calls its moments."""


def arm(point: Point, nth: int, number: signal.Signals) -> None:
    """Send this process a signal when it passes a point for the nth time."""
    passed = 0

    def pass_by(first: object) -> None:
        nonlocal passed
        if not point.only or str(cast("PositionedTable", first).place).endswith(point.only):
            passed += 1
            if passed == nth:
                os.kill(os.getpid(), number)

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: object, **named: object) -> object:
            if not point.after:
                pass_by(arguments[0])
            result = function(*arguments, **named)
            if point.after:
                pass_by(arguments[0])
            return result

        return wrapped

    _replace(point, wrap)


def without_position_check() -> None:
    """Take out the check that no other worker has moved a partition on: what the suite must notice."""
    _replace(Point("tocsin.results.table", "PositionedTable", "_compare"), lambda _: lambda *_arguments: None)


def _replace(point: Point, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    owner = getattr(importlib.import_module(point.module), point.owner)
    setattr(owner, point.function, wrap(getattr(owner, point.function)))


def main(arguments: list[str]) -> None:
    """Arm a point and run a command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kill")
    parser.add_argument("--freeze")
    parser.add_argument("--nth", type=int, default=1)
    parser.add_argument("--unchecked", action="store_true")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    wanted = parser.parse_args(arguments)
    if wanted.unchecked:
        without_position_check()
    for point, number in ((wanted.kill, signal.SIGKILL), (wanted.freeze, signal.SIGSTOP)):
        if point is not None:
            arm(POINTS[point], wanted.nth, number)
    from tocsin.app.cli import main as tocsin  # noqa: PLC0415 - after the points are armed

    sys.argv = ["tocsin", *wanted.command]
    tocsin()


if __name__ == "__main__":
    main(sys.argv[1:])
