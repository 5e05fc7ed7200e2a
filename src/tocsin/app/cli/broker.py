"""`tocsin broker`: the embedded Kafka for laptops and tests."""

from __future__ import annotations

import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from tocsin import broker as broker_room
from tocsin.app.cli.options import takes
from tocsin.app.cli.output import FORMATS, emit, notice
from tocsin.app.settings import Loaded, spec
from tocsin.broker import Look, Running
from tocsin.errors import ExitCode

_TITLES = {"apache": "Apache Kafka", "tansu": "Tansu"}

_SHOWN = ("status", "engine", "version", "bootstrap", "pid", "uptime", "data", "log")
"""What a person sees of a broker; programs get all that is known."""


@click.group()
def broker() -> None:
    """Start, stop or look at the embedded Kafka broker."""


@broker.command()
@takes("broker.engine", "broker.data", "broker.port")
@click.option("--detach", is_flag=True, help="Return when it is ready, and leave it running.")
@FORMATS
def start(loaded: Loaded, *, detach: bool, format_: str | None) -> int:
    """Start a broker on this machine and run it until Ctrl-C."""
    settings = loaded.settings.broker
    _end_as_ctrl_c()
    running = broker_room.start(settings.engine, Path(settings.data), settings.port, notice)
    try:
        folder = "" if settings.data == spec("broker.data").default else f" --data {settings.data}"
        _tell(running, f"`tocsin broker stop{folder}` ends it" if detach else "Ctrl-C ends it")
        if format_ or not sys.stdout.isatty():
            _print(_row(running.data, broker_room.look(running.data)), format_)
        if detach:
            running.release()
            return ExitCode.OK
        running.wait()
        notice("the broker was stopped")
    except KeyboardInterrupt:
        notice("stopping the broker; a second Ctrl-C kills it")
        running.stop()
    finally:
        running.stop()
    return ExitCode.OK


@broker.command()
@takes("broker.data")
def stop(loaded: Loaded) -> int:
    """Stop the broker of a data folder, whichever terminal started it."""
    data = Path(loaded.settings.broker.data)
    found = broker_room.look(data)
    if broker_room.stop_broker(data):
        assert found.state is not None
        notice(f"stopped {_TITLES[found.state.engine]} at {found.state.bootstrap}")
    else:
        notice(f"{data}: no broker runs here")
    return ExitCode.OK


@broker.command()
@takes("broker.data")
@FORMATS
def status(loaded: Loaded, *, format_: str | None) -> int:
    """Say whether a broker runs, and where. The exit code is 0 when it does, else 4."""
    data = Path(loaded.settings.broker.data).absolute()
    found = broker_room.look(data)
    _print(_row(data, found), format_)
    return ExitCode.OK if found.condition == "running" else ExitCode.STREAM_LOST


def _end_as_ctrl_c() -> None:
    """Have a polite kill and a closed terminal end the command just as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # ignored on purpose, as nohup does
            signal.signal(number, signal.default_int_handler)


def _tell(running: Running, how_to_end: str) -> None:
    """Say where the broker listens and what can be done with it."""
    default = spec("kafka.bootstrap_servers").default
    address = "" if running.bootstrap == default else f" --bootstrap-servers {running.bootstrap}"
    notice(
        f"{_TITLES[running.engine]} {running.version} listens at {running.bootstrap}. "
        f"Next: `tocsin produce{address}`; {how_to_end}."
    )
    if running.consumer:
        flags = " ".join(f"-X {key}={value}" for key, value in running.consumer.items())
        notice(f"Its workers need other timing: `tocsin detect{address} {flags}`.")


def _print(row: dict[str, Any], format_: str | None) -> None:
    """Print one broker: a line of NDJSON, or a table on its side, which keeps long paths in one piece."""
    if format_ == "table" or (format_ is None and sys.stdout.isatty()):
        rows = [{"broker": key, "": str(row[key])} for key in _SHOWN if key in row]
        emit(rows, format_, columns=["broker", ""])
    else:
        emit([row], format_, columns=[])
    sys.stdout.flush()


def _row(data: Path, found: Look) -> dict[str, Any]:
    if found.state is None or found.condition == "stopped":
        return {"status": "stopped", "data": str(data)}
    state = found.state
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(state.started_at)).total_seconds())
    return {
        "status": found.condition,
        "engine": state.engine,
        "version": state.version,
        "bootstrap": state.bootstrap,
        "pid": state.broker.pid,
        "uptime": _duration(seconds),
        "uptime_seconds": seconds,
        "started_at": state.started_at,
        "cluster_id": state.cluster_id,
        "consumer": state.consumer,
        "data": str(data),
        "log": state.log,
    }


def _duration(seconds: int) -> str:
    """Return a span of time in its two largest units."""
    sizes = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)]
    parts: list[str] = []
    for unit, size in sizes:
        count, seconds = divmod(seconds, size)
        if count or parts or unit == "s":
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
