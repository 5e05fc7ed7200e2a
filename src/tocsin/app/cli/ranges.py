"""The flags of `tocsin detect` that choose a stretch of the topic to be classified again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import msgspec

from tocsin.app.cli.parameters import Duration, Moment
from tocsin.app.ranges import Asked, Edge
from tocsin.app.settings import Loaded, Settings
from tocsin.errors import SettingsError


class Place(click.ParamType[Edge]):
    """A place in a topic: an offset, a time in ISO 8601, a duration before the present (-2h), or `now`."""

    name = "place"

    def __init__(self, *, offset: bool, time: bool) -> None:
        self._offset = offset
        self._time = time

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Edge:  # noqa: ANN401 - click's signature
        """Return the place, or fail saying what is expected."""
        if isinstance(value, Edge):
            return value
        if self._offset and (value.isdecimal() or not self._time):
            return Edge(value, offset=click.IntRange(min=0).convert(value, param, ctx))
        if value == "now":
            return Edge(value)
        if value.startswith("-"):
            return Edge(value, ago=Duration().convert(value[1:], param, ctx))
        return Edge(value, time=Moment().convert(value, param, ctx))


def range_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags; it gets `from_offset`, `from_time`, `until` and `partition`."""
    options = (
        click.option(
            "--from-offset",
            type=Place(offset=True, time=False),
            metavar="OFFSET",
            help="Classify records from this offset on again, into --results of their own.",
        ),
        click.option(
            "--from-time",
            type=Place(offset=False, time=True),
            metavar="TIME",
            help="The same from a time on, or from a while ago: 2026-01-31T08:00Z, -2h.",
        ),
        click.option(
            "--until",
            type=Place(offset=True, time=True),
            metavar="PLACE",
            help="Up to this offset or time, which are not meant, or a while ago.  [default: now]",
        ),
        click.option(
            "--partition",
            type=click.IntRange(min=0),
            multiple=True,
            help="Of the range, only this partition; may be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def asked_of(
    from_offset: Edge | None, from_time: Edge | None, until: Edge | None, partition: tuple[int, ...]
) -> Asked | None:
    """Return the range that the flags ask for, or None when they ask for none.

    Raises:
        SettingsError: both beginnings are given.
    """
    if from_offset is not None and from_time is not None:
        raise SettingsError("both --from-offset and --from-time are given", "leave one of them out")
    if from_offset is None and from_time is None and until is None and not partition:
        return None
    return Asked(from_offset or from_time, until, partition)


def kept_apart(loaded: Loaded) -> Settings:
    """Return the settings for a range: its results, and a CSV if there is to be one, are named on purpose.

    Raises:
        SettingsError: no results folder is named.
    """
    named = {key for key, (layer, _) in loaded.origins.items() if layer == "flag"}
    if "results.dir" not in named:
        raise SettingsError(
            "a range is classified into results of its own", "name a new folder for them with --results"
        )
    settings = loaded.settings
    csv = settings.results.csv if "results.csv" in named else ""
    return msgspec.structs.replace(settings, results=msgspec.structs.replace(settings.results, csv=csv))
