"""Times as collectors write them, to ISO 8601 with a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

_TOO_LATE = 100_000_000_000
"""As seconds since 1970 this is the year 5138: larger numbers are milli-, micro- or nanoseconds."""

_LONGEST = 64
"""Characters of a time; the longest form in use has 40."""

_BEYOND = 10.0**20
"""More nanoseconds than there are until the year 5138."""

_JSON_DATE = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/")
"""How older .NET and PowerShell write a time: milliseconds since 1970 UTC."""

_NUMBER = re.compile(r"\d{9,19}(\.\d+)?")


def iso_8601(value: object, zone: str = "Z") -> str | None:
    """Return a time as ISO 8601 with an offset, as precise as it was written; None when it is no time.

    Args:
        value: ISO 8601 with a `T` or a blank, `/Date(...)/`, or a number of seconds, milli-, micro- or
            nanoseconds since 1970 UTC, also as text.
        zone: the offset of a time that names none.
    """
    if isinstance(value, str):
        return _from_text(value.strip(), zone) if len(value) <= _LONGEST else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    return None


def _from_text(text: str, zone: str) -> str | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _from_odd_text(text)
    if len(text) < 19 or text[4] != "-":  # a date alone, a week, or without separators
        text = found.isoformat()
    if found.tzinfo is None:
        text += zone
    return text if text[10] == "T" else f"{text[:10]}T{text[11:]}"


def _from_odd_text(text: str) -> str | None:
    if text.endswith(" UTC"):
        return _from_text(text[:-4], "Z")
    date = _JSON_DATE.fullmatch(text)
    if date:
        return _from_number(int(date[1]), 1e3)
    if _NUMBER.fullmatch(text):
        return _from_number(float(text))
    return None


def _from_number(number: float, divisor: float = 1.0) -> str | None:
    if not abs(number) < _BEYOND:  # so that NaN is none either
        return None
    seconds = number / divisor
    while abs(seconds) >= _TOO_LATE:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None


def from_milliseconds(timestamp: int) -> str:
    """Return a broker's timestamp; an empty text when there is none (-1)."""
    return "" if timestamp < 0 else iso_8601(timestamp / 1000) or ""


def with_zone(local: object, stamped: object, universal: object) -> str:
    """Return a time of a clock as ISO 8601 with the offset that `zone_between` gives; empty for no time.

    Args:
        local: the time, without an offset as a rule.
        stamped: another moment by the same clock; None for the time itself.
        universal: the same moment in UTC.
    """
    if local is None:
        return ""
    return iso_8601(local, zone_between(local if stamped is None else stamped, universal)) or ""


def zone_between(local: object, universal: object) -> str:
    """Return the offset of a clock, as `-04:00`, from one moment that was written twice.

    NXLog writes times without an offset in its machine's own zone. What it passes on is stamped again, in
    UTC and seconds or minutes later; so the difference to the nearest quarter of an hour is the offset, since
    all zones are multiples of that.

    Args:
        local: the moment by the clock in question, without an offset.
        universal: the moment in UTC.

    Returns:
        `Z` when the two do not tell.
    """
    if not isinstance(local, str) or not isinstance(universal, str):
        return "Z"
    if not universal.endswith(("Z", "+00:00")):
        return "Z"
    return zone_of(local[:16], universal[:16])


@lru_cache(maxsize=4_096)
def zone_of(local: str, universal: str) -> str:
    """Return what `zone_between` does for a minute that was written twice, up to the minutes."""
    try:
        ahead = datetime.fromisoformat(local) - datetime.fromisoformat(universal)
    except (ValueError, TypeError):
        return "Z"
    quarters = round(ahead.total_seconds() / 900)
    if quarters == 0 or abs(quarters) > 14 * 4:  # no zone is further from UTC than 14 hours
        return "Z"
    hours, quarter = divmod(abs(quarters), 4)
    return f"{'+' if quarters > 0 else '-'}{hours:02d}:{quarter * 15:02d}"
