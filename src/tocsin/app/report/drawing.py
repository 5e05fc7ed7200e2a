"""What the charts share: their frame, colours by class, ticks, and labels that fit."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from tocsin.app.report.markup import Markup, joined, tag, visible
from tocsin.stats.buckets import DAY, MINUTE, SECOND, WEEK, Bucket, Span, choose, instant
from tocsin.stats.palette import TACTICS, has_tactic

WIDTH = 960
"""Of every chart, in its own units: it is scaled to the page."""

_MOST_TICKS = 9


def chart(name: str, height: float, title: str, description: str, *parts: Markup) -> Markup:
    """Return an SVG image that says to those who cannot see it what it shows.

    Args:
        name: of the chart, unique on the page.
        height: in its own units.
        title: what it is.
        description: what is in it, in a sentence.
        parts: what is drawn.
    """
    return tag(
        "svg",
        tag("title", title, id=f"{name}-title"),
        tag("desc", description, id=f"{name}-desc"),
        *parts,
        class_="chart",
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def words(x: float, y: float, text: str, class_: str = "", anchor: str | None = None) -> Markup:
    """Return a line of text whose middle is at `y`."""
    return tag("text", text, x=x, y=y, class_=class_ or None, text_anchor=anchor, dominant_baseline="central")


def tactic_class(tactic: str) -> str:
    """Return the class that has a tactic's colour."""
    if not has_tactic(tactic):
        return "none"
    return tactic.lower() if tactic in TACTICS else "unknown"


def fitted(text: str, widest: float, size: float = 12) -> str:
    """Return a text cut short so that it is at most about so wide: no fonts are known here."""
    shown, width = "", 0.0
    for sign in visible(text):
        width += size * (1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.54)
        if width > widest:
            return shown.rstrip()[:-1] + "\u2026"
        shown += sign
    return shown


def time_ticks(first: int, last: int) -> list[tuple[int, str]]:
    """Return times for an axis with their labels, which tell no more than their distance needs.

    Args:
        first: of the axis, in microseconds since 1970.
        last: the same.
    """
    bucket = choose(Span(first, last), _MOST_TICKS)
    starts = [at for at in bucket.starts(Span(first, last)) if first <= at <= last]
    return [(at, _label(instant(at), bucket)) for at in starts]


def _label(time: datetime, apart: Bucket) -> str:
    if apart.width < SECOND:
        return f"{time:%H:%M:%S}.{time.microsecond // 1000:03}"
    if apart.width < MINUTE:
        return f"{time:%H:%M:%S}"
    if apart.width < DAY and (time.hour or time.minute):
        return f"{time:%H:%M}"
    return f"{time.day} {time:%b}" if apart.width < 52 * WEEK else f"{time:%b %Y}"


def count_ticks(most: float, about: int = 4) -> list[int]:
    """Return round numbers from 0 up to the first that is not below `most`."""
    size = 1
    steps = (factor * 10**power for power in range(19) for factor in (1, 2, 5))
    size = next(step for step in steps if most / step <= about)
    return [size * place for place in range(-(-int(most) // size) + 1)]


def all_of(parts: list[Markup]) -> Markup:
    """Return several drawings as one."""
    return joined(parts)
