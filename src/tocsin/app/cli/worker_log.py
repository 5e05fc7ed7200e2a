"""What a worker or a producer says on stderr, in the form and from the level that the settings wish for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from tocsin.app.cli.output import printable
from tocsin.app.sections import Log as Wishes
from tocsin.errors import TocsinError
from tocsin.telemetry.logs import Form, Log, Severity

_KAFKA = logging.getLogger("tocsin.kafka")
"""What librdkafka says of its connections, and mostly mends by itself: only for whoever debugs."""


@contextmanager
def worker_log(wishes: Wishes) -> Iterator[Log]:
    """Give a log, to which Kafka's client talks as well when it shows everything."""
    form: Form = "json" if wishes.format == "json" or not (wishes.format == "text" or _terminal()) else "text"
    log = Log(_write, form, Severity[wishes.level.upper()])
    forward = _Forward(log)
    if wishes.level == "debug":
        _KAFKA.addHandler(forward)
        _KAFKA.setLevel(logging.DEBUG)
    try:
        yield log
    finally:
        _KAFKA.removeHandler(forward)
        _KAFKA.setLevel(logging.NOTSET)


def ended(log: Log, work: Callable[[], None]) -> int:
    """Do the work, and return the exit code; as a JSON line an error is told here, else by whoever called.

    Raises:
        TocsinError: the work's, when it is not told here.
    """
    try:
        work()
    except TocsinError as error:
        if log.form == "text":
            raise
        log.say(Severity.ERROR, error.problem, {"hint": error.hint, "exit_code": int(error.exit_code)})
        return error.exit_code
    return 0


class _Forward(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.say(Severity.DEBUG, record.getMessage(), {"logger": record.name})


def _terminal() -> bool:
    return sys.stderr.isatty()


def _write(line: str) -> None:
    click.echo(printable(line), err=True)
