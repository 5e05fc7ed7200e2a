"""What a shape makes of an action: events that only lack an id and a time; and the time, written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

import msgspec

from tocsin.simulate.actions import Action


class Draft(msgspec.Struct, frozen=True, gc=False):
    """An event that is about to happen.

    Attributes:
        host: the machine that logs it, as the event writes its name.
        write: returns the event's bytes for an event id and a time in milliseconds since 1970 UTC.
    """

    host: str
    write: Callable[[str, int], bytes]


class Shape(Protocol):
    """Knows how one kind of log writes actions.

    Attributes:
        detailed: whether it sees more than processes and logons.
    """

    detailed: bool

    def drafts(self, action: Action) -> Sequence[Draft]:
        """Return the events that an action leaves, in order; none where this log does not see it."""


def iso_8601(milliseconds: int) -> str:
    """Return a time as `2026-01-31T12:00:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1_000)
    return f"{_to_the_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=64)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
