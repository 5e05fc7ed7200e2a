"""Lays out the picture of a summary, in pixels from the top left corner; `panels` fills the places."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from tocsin.model import NO_LABEL
from tocsin.stats import panels
from tocsin.stats.buckets import instant
from tocsin.stats.lettering import DPI, FONT, fitted, printable
from tocsin.stats.palette import colour
from tocsin.stats.panels import INK, MUTED, Fact
from tocsin.stats.questions import Ranking, Summary
from tocsin.stats.timeline import Timeline, drawn_tactics, timeline
from tocsin.stats.wording import percent

WIDTH, HEIGHT = 1600, 1000

_STYLE: dict[Any, Any] = {
    "font.family": FONT,
    "text.parse_math": False,  # a user may be called $x$
    "axes.unicode_minus": False,
    "svg.hashsalt": "tocsin",
    "timezone": "UTC",
}

_LEFT, _RIGHT = 48, WIDTH - 48
_NAMES = 226  # what the names of the tactics take, left of the time axis
_TIME_RIGHT = 1168
_TOTALS_LEFT = 1196
_TOP, _TIME_BOTTOM = 150, 640
_LISTS_TOP, _LISTS_BOTTOM = 722, 970
_LISTS = ((_LEFT, 620), (668, 1110), (1158, _RIGHT))
"""Left and right of the three lists at the bottom."""

_ROWS = 7


@dataclass(frozen=True, slots=True)
class Place:
    """A rectangle of the picture, in pixels from its top left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def of(self, figure: Figure, **arguments: Any) -> Axes:
        """Add axes that fill this place."""
        return figure.add_axes(
            (
                self.left / WIDTH,
                1 - self.bottom / HEIGHT,
                (self.right - self.left) / WIDTH,
                (self.bottom - self.top) / HEIGHT,
            ),
            **arguments,
        )


def drawn(found: Summary, kind: str) -> bytes:
    """Return the picture of a summary as a file of the kind `png`, `svg` or `pdf`."""
    with mpl.rc_context(_STYLE):
        file = io.BytesIO()
        composed(found).savefig(file, format=kind, dpi=DPI)
        return file.getvalue()


def composed(found: Summary) -> Figure:
    """Return the picture of a summary before it is drawn."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        _heading(figure, found)
        if found.processing.events:
            _time(figure, found)
            _lists(figure, found)
        else:
            _nothing(figure, found)
        return figure


def _heading(figure: Figure, found: Summary) -> None:
    axes = panels.canvas(Place(_LEFT, 28, _RIGHT, 104).of(figure))
    axes.text(0, 22, "Events by ATT&CK tactic", fontsize=21, color=INK, weight="bold", va="center_baseline")
    axes.text(0, 58, _between(found), fontsize=12.5, color=MUTED, va="center_baseline")
    where = fitted("/".join(Path(found.name).parts[-2:]), 480, 12.5)
    axes.text(_RIGHT - _LEFT, 22, where, fontsize=12.5, color=MUTED, ha="right", va="center_baseline")


def _between(found: Summary) -> str:
    events = found.processing.events
    counted = f"{events:,} event" + ("" if events == 1 else "s")
    if found.span is None:
        return counted
    first, last = instant(found.span.first), instant(found.span.last)
    if last - first < timedelta(seconds=1):
        return f"{counted}  \u00b7  {first:%Y-%m-%d %H:%M:%S} UTC"
    if first.date() == last.date():
        return f"{counted}  \u00b7  {first:%Y-%m-%d}, {first:%H:%M:%S} to {last:%H:%M:%S} UTC"
    return f"{counted}  \u00b7  {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _time(figure: Figure, found: Summary) -> None:
    line = timeline(found)
    tactics = drawn_tactics(found)
    lanes = len(tactics)
    lane = min(30.0, 300 / lanes)
    lanes_top = _TIME_BOTTOM - lane * lanes
    stack = Place(_LEFT + _NAMES, _TOP, _TIME_RIGHT, lanes_top - 14)
    rows = Place(stack.left, lanes_top, stack.right, _TIME_BOTTOM)
    panels.numbers(
        panels.canvas(Place(_TOTALS_LEFT, _TOP - 34, _RIGHT, lanes_top - 14).of(figure)), facts(found)
    )
    lanes_axes = rows.of(figure)
    if line is None:
        panels.message(panels.canvas(stack.of(figure)), "No event has a timestamp that can be read")
        lanes_axes.set_axis_off()
    else:
        stack_axes = stack.of(figure, sharex=lanes_axes)
        panels.stack(stack_axes, line)
        heading = panels.canvas(Place(_LEFT, _TOP - 34, _TIME_RIGHT, _TOP - 8).of(figure))
        panels.title(heading, *_volume_title(line))
        panels.lanes(lanes_axes, line)
        panels.time_axis(lanes_axes, stack_axes, line)
    panels.names(panels.canvas(Place(_LEFT, lanes_top, stack.left - 10, _TIME_BOTTOM).of(figure)), tactics)
    panels.totals(panels.canvas(Place(_TOTALS_LEFT, lanes_top, _RIGHT, _TIME_BOTTOM).of(figure)), tactics)


def _volume_title(line: Timeline) -> tuple[str, str]:
    what = "Events" if line.hidden is None else "Events with a tactic"
    notes = []
    if line.hidden is not None:
        notes.append(f"the {percent(line.hidden)} without are in the last lane")
    if line.outside:
        notes.append(f"not drawn: {line.outside:,} years away or of unknown tactics")
    return f"{what} per {line.bucket.name}", ";  ".join(notes)


def facts(found: Summary) -> list[Fact]:
    """Return the numbers beside the time axis."""
    did = found.processing
    rows = [
        Fact(0, "Events", f"{did.events:,}"),
        Fact(1, "with a tactic", _of(did.labelled, did.events)),
    ]
    if did.detected is not None:
        rows.append(Fact(1, "with a detection", _of(did.detected, did.events)))
        rows += [Fact(2, level, f"{count:,}") for level, count in did.levels.items() if count]
    if did.untimed:
        rows.append(Fact(1, "without a readable time", f"{did.untimed:,}"))
    rows.append(Fact(0, "Rejected", f"{sum(did.rejected.values()):,}"))
    rows += [Fact(0, "Hosts", f"{found.hosts.distinct:,}"), Fact(0, "Users", f"{found.users.distinct:,}")]
    if did.stored_per_second is not None:
        rows.append(Fact(0, "Stored per second", _rate(did.stored_per_second)))
    return rows


def _rate(per_second: float) -> str:
    if per_second >= 10:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= 0.1 else "< 0.1"


def _of(count: int, total: int) -> str:
    return f"{count:,}  ({percent(count / total)})"


def _lists(figure: Figure, found: Summary) -> None:
    named = [t for t in found.techniques.rows if t.value not in (NO_LABEL.technique, "")]
    techniques = [panels.Bar(f"{t.value}  {t.name}", t.count, t.share, colour(t.tactic)) for t in named]
    lists = (
        ("Techniques", techniques),
        (f"Hosts  ({found.hosts.distinct:,})", _bars(found.hosts)),
        (f"Users  ({found.users.distinct:,})", _bars(found.users)),
    )
    for (left, right), (title, bars) in zip(_LISTS, lists, strict=True):
        axes = panels.canvas(Place(left, _LISTS_TOP, right, _LISTS_BOTTOM).of(figure))
        panels.ranked(axes, title, bars[:_ROWS], _ROWS)


def _bars(ranking: Ranking) -> list[panels.Bar]:
    return [panels.Bar(row.name, row.count, row.share, panels.PLAIN) for row in ranking.rows]


def _nothing(figure: Figure, found: Summary) -> None:
    axes = panels.canvas(Place(_LEFT, _TOP, _RIGHT, _LISTS_BOTTOM).of(figure))
    rejected = sum(found.processing.rejected.values())
    more = f"{rejected:,} records were rejected" if rejected else "Nothing was classified here yet"
    panels.message(axes, "No events", printable(more))
