"""Finds the span in which the events lie, apart from the few whose clock was years off.

One event that says 1601 (a Windows time of zero) would make four hundred years of an hour's plot.
"""

from __future__ import annotations

from tocsin.stats.buckets import DAY, Span
from tocsin.stats.events import Events

_BINS = 1_000

_LONG = 366 * DAY
"""A shorter span is believed as it is: what is rare in it may be what one looks for."""

_NARROWER = 50
"""Strays are only called so when the others fill less than one part in this many."""


def main_span(events: Events) -> Span | None:
    """Return the span of all events, or of all but a few strays; None when no event has a time.

    Events are strays when the whole span is longer than a year, and leaving out at most one event in a
    thousand (in a small store up to three, and at most one in twenty) makes it fifty times shorter. A round
    counts the events in a thousand equal bins, so that nothing is held, and the result is always the same.
    """
    ((first, last, whole_seconds, count),) = events.ask(
        "SELECT min(us), max(us), bool_and(us % 1000000 = 0), count(us) FROM events"
    )
    if first is None:
        return None
    to_keep = count - max(count // 1_000, min(3, count // 20))
    while last - first > _LONG:
        width = (last - first) // _BINS + 1
        bins = events.ask(
            "SELECT (us - ?) // ?, count(*), min(us), max(us) FROM events WHERE us BETWEEN ? AND ?"
            " GROUP BY 1 ORDER BY 1",
            *(first, width, first, last),
        )
        low, high = _narrowest([(place, n) for place, n, _, _ in bins], to_keep)
        if (bins[high][0] - bins[low][0] + 1) * _NARROWER > _BINS:
            break
        first, last = bins[low][2], bins[high][3]
    return Span(first, last, whole_seconds)


def _narrowest(bins: list[tuple[int, int]], to_keep: int) -> tuple[int, int]:
    """Return the first and last index of the narrowest run of bins that holds `to_keep` events."""
    best = (0, len(bins) - 1)
    held, low = 0, 0
    for high, (place, count) in enumerate(bins):
        held += count
        while held - bins[low][1] >= to_keep:
            held -= bins[low][1]
            low += 1
        if held >= to_keep and place - bins[low][0] < bins[best[1]][0] - bins[best[0]][0]:
            best = (low, high)
    return best
