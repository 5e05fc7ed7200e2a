"""`tocsin console`: shows in a browser what the workers do and what they found."""

from __future__ import annotations

import importlib.util
import os
import sys
import webbrowser

import click

from tocsin.app.cli.options import RULES, takes
from tocsin.app.cli.output import notice
from tocsin.app.cli.signals import stop_on_signals
from tocsin.app.settings import Loaded
from tocsin.errors import SettingsError


@click.command()
@takes(
    "console.listen",
    "console.token",
    "console.names",
    "console.metrics",
    "console.jaeger_url",
    "kafka.bootstrap_servers",
    "kafka.topic",
    "kafka.group",
    "kafka.client",
    "publish.detections_topic",
    "publish.classified_topic",
    "publish.dead_letters_topic",
    "results.dir",
    "results.csv",
    *RULES,
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser, which is done on a desktop only.")
def console(loaded: Loaded, *, no_browser: bool) -> None:
    """Show in a browser what the workers do and what they found, until Ctrl-C.

    It reads the topics, the consumer group and the results, and changes nothing: it joins no group and
    commits nothing. Kafka may be away, and there may be no results yet. On loopback it wants no token; where
    other machines can ask it does.
    """
    check_extra()
    from tocsin.app.console.showing import shown  # noqa: PLC0415 - needs the extra

    stop = stop_on_signals()
    with shown(loaded.settings, notice) as address:
        click.echo(address)
        sys.stdout.flush()
        if not no_browser and has_desktop():
            webbrowser.open(address)
        stop.wait()


def check_extra() -> None:
    """Raise when the console is not installed.

    Raises:
        SettingsError: with what to do.
    """
    if not all(map(is_there, ("fastapi", "uvicorn"))):
        raise SettingsError("the console is not installed", "pip install 'tocsin[console]'")


def is_there(package: str) -> bool:
    """Say whether a package is installed."""
    return importlib.util.find_spec(package) is not None


def has_desktop() -> bool:
    """Say whether a browser that we open would be seen by who started us."""
    if not sys.stdout.isatty() or "SSH_CONNECTION" in os.environ:
        return False
    return sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
