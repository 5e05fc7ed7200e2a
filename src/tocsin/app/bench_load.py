"""The load of a benchmark: events that are ready before it begins, so that making them does not count."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from tocsin.app.producing import Feed
from tocsin.errors import SettingsError
from tocsin.sinks import Outgoing

POOL_BYTES = 128_000_000
"""Events are held in memory up to so many bytes; then the first ones come again."""

_AT_ONCE = 1_000


class Pool:
    """A feed without end: the events of another one, again and again.

    Ids come again too, as a producer's would that sends twice; places in the topic do not.

    Args:
        events: at least one.
    """

    def __init__(self, events: Sequence[Outgoing]) -> None:
        self.size = len(events)
        self._events = itertools.cycle(events)

    def take(self, count: int) -> Sequence[Outgoing]:
        """Return the next events."""
        return list(itertools.islice(self._events, count))


def pool_of(feed: Feed, most: int) -> Pool:
    """Return a pool of a feed's first events.

    Args:
        feed: may have an end.
        most: so many events at most.

    Raises:
        SettingsError: there are none.
    """
    events: list[Outgoing] = []
    size = 0
    while len(events) < most and size < POOL_BYTES:
        taken = feed.take(min(_AT_ONCE, most - len(events)))
        if not taken:
            break
        events += taken
        size += sum(len(event.value) for event in taken)
    if not events:
        raise SettingsError("there are no events to send", "name other files with --from")
    return Pool(events)
