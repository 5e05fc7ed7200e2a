"""The flags that choose among stored events, and what they stand for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import click

from tocsin.app.cli.parameters import Duration, Moment
from tocsin.errors import SettingsError
from tocsin.model import Level
from tocsin.stats.selection import Selection


class Past(click.ParamType[int]):
    """A time in ISO 8601, or a while before the present (-2h), as microseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's signature
        """Return microseconds, or fail saying what is expected."""
        if isinstance(value, int):
            return value
        if value.startswith("-"):
            return (int(time.time() * 1_000) - Duration().convert(value[1:], param, ctx)) * 1_000
        return Moment().convert(value, param, ctx) * 1_000


def selection_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags; it gets `since`, `until`, `host` and `level`."""
    options = (
        click.option("--since", type=Past(), help="Events from this time on: 2026-01-31T08:00Z, -2h."),
        click.option("--until", type=Past(), help="Events before this time."),
        click.option("--host", multiple=True, help="Events of this host; may be repeated."),
        click.option(
            "--level",
            type=click.Choice([str(level) for level in Level]),
            help="Events with a detection of this level or above, and only such detections.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def selected(since: int | None, until: int | None, host: tuple[str, ...], level: str | None) -> Selection:
    """Return the choice that the flags make.

    Raises:
        SettingsError: it ends before it begins.
    """
    if since is not None and until is not None and since >= until:
        raise SettingsError("--since is not before --until", "exchange them")
    return Selection(since, until, host, Level[level.upper()] if level else None)
