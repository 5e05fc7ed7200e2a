"""Cuts time into equal buckets, as many as a person can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tocsin.errors import SettingsError, nearest

MILLISECOND = 1_000
SECOND = 1_000 * MILLISECOND
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

ORIGIN = 4 * DAY
"""Where counting starts, in microseconds since 1970: a Monday, so that weeks begin on one."""

UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK}

MOST = 100
"""Buckets that still can be told apart on a plot 900 pixels wide."""

_STEPS = (
    *(MILLISECOND * n for n in (10, 20, 50, 100, 200, 500)),
    *(SECOND * n for n in (1, 2, 5, 10, 15, 30)),
    *(MINUTE * n for n in (1, 2, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 6, 12)),
    *(DAY * n for n in (1, 2)),
    *(WEEK * n for n in (1, 2, 4, 13, 52)),
)
"""Widths that people count in; each is at most 3.25 times the one before, so 30 to 100 buckets are used."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(microseconds: int) -> datetime:
    """Return microseconds since 1970 as a time in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def instant_or_none(microseconds: int | None) -> datetime | None:
    """Return microseconds since 1970 as a time in UTC, and None as None."""
    return None if microseconds is None else instant(microseconds)


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last of some events.

    Attributes:
        first, last: microseconds since 1970 UTC; the last is part of it.
        whole_seconds: whether no event says its time finer than that.
    """

    first: int
    last: int
    whole_seconds: bool = False

    @property
    def length(self) -> int:
        """Return the microseconds between the first event and the last."""
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Bucket:
    """A stretch of time of a fixed width, in microseconds."""

    width: int

    @property
    def name(self) -> str:
        """Return the width in words: `minute`, `5 minutes`."""
        for unit, size in reversed(UNITS.items()):
            if self.width % size == 0:
                count = self.width // size
                return unit if count == 1 else f"{count} {unit}s"
        return f"{self.width // MILLISECOND} ms"

    def start(self, microseconds: int) -> int:
        """Return the start of the bucket in which a time lies; the same as `start_sql` computes."""
        return microseconds - (microseconds - ORIGIN) % self.width

    def start_sql(self, column: str) -> str:
        """Return the SQL for the start of a column's bucket; `%` has the sign of the dividend there."""
        w = self.width
        return f"{column} - ((({column} - {ORIGIN}) % {w}) + {w}) % {w}"

    def starts(self, span: Span) -> range:
        """Return the start of every bucket of a span, empty ones too."""
        return range(self.start(span.first), self.start(span.last) + 1, self.width)


def choose(span: Span, most: int = MOST) -> Bucket:
    """Return the narrowest bucket that cuts a span into at most `most` pieces.

    Events that know only whole seconds, and a single instant, are never cut finer than a second.
    """
    coarse = span.whole_seconds or span.length == 0
    for width in _STEPS:
        bucket = Bucket(width)
        if (width >= SECOND or not coarse) and len(bucket.starts(span)) <= most:
            return bucket
    years = 52 * WEEK
    while len(Bucket(years).starts(span)) > most:
        years *= 2
    return Bucket(years)


def minute_or_wider(span: Span | None) -> Bucket:
    """Return a minute; for more than ten days, of which it would make a long read, what suits the span."""
    return choose(span) if span and span.length > 10 * DAY else Bucket(MINUTE)


def named(unit: str) -> Bucket:
    """Return the bucket that is one second, minute, hour, day or week wide.

    Raises:
        SettingsError: no such unit.
    """
    if unit not in UNITS:
        hint = nearest(unit, UNITS) or f"one of: {', '.join(UNITS)}"
        raise SettingsError(f"no bucket is called {unit!r}", hint)
    return Bucket(UNITS[unit])
