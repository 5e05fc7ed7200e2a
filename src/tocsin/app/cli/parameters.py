"""Kinds of flag values that click does not know: times and durations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


class Moment(click.ParamType[int]):
    """A time in ISO 8601, as milliseconds since 1970; without an offset it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's signature
        """Return milliseconds, or fail saying what is expected."""
        if isinstance(value, int):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-01-31T08:00:00Z", param, ctx)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000)


class Duration(click.ParamType[int]):
    """A stretch of time such as 90s, 15m, 24h or 7d, as milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - click's signature
        """Return milliseconds, or fail saying what is expected."""
        if isinstance(value, int):
            return value
        number, unit = value[:-1], value[-1:]
        if unit not in _UNITS or not number.replace(".", "", 1).isdecimal() or not float(number):
            self.fail(f"{value!r} is not a duration such as 90s, 15m, 24h or 7d", param, ctx)
        return int(float(number) * _UNITS[unit] * 1_000)
