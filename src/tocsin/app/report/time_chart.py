"""Draws the tactics over time: a stack of all, and a strip for each, so that what is rare is seen too."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

from tocsin.app.report.drawing import WIDTH, chart, count_ticks, fitted, tactic_class, time_ticks, words
from tocsin.app.report.markup import Markup, tag
from tocsin.stats.questions import Summary
from tocsin.stats.timeline import Timeline, drawn_tactics
from tocsin.stats.wording import percent, short

_LEFT, _RIGHT = 176, 782
"""The time axis: names are left of it, totals right."""

_TOP, _STACK = 14, 170
_LANE = 24
_AXIS = 28
_FEWEST_BUCKETS = 20
"""What the axis has room for at least: one event alone is a bar, not a wall."""


class _Scale:
    """Where a time lies on the axis."""

    def __init__(self, line: Timeline) -> None:
        first, last = line.starts[0], line.starts[-1] + line.bucket.width
        missing = max(0, _FEWEST_BUCKETS * line.bucket.width - (last - first)) / 2
        self.first, self.last = first - missing, last + missing
        self.bucket = (_RIGHT - _LEFT) * line.bucket.width / (self.last - self.first)

    def __call__(self, microseconds: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * (microseconds - self.first) / (self.last - self.first), 2)


def time_chart(found: Summary, line: Timeline) -> Markup:
    """Return the picture of the tactics over time."""
    tactics = drawn_tactics(found)
    lanes_top = _TOP + _STACK + 10
    bottom = lanes_top + _LANE * len(tactics)
    scale = _Scale(line)
    parts = [*_stack(line, scale), *_lanes(line, scale, lanes_top), *_axis(scale, bottom)]
    most = max(tactic.count for tactic in tactics)
    for row, tactic in enumerate(tactics):
        middle = lanes_top + _LANE * (row + 0.5)
        length = max(2.0, 60 * tactic.count / most)
        parts += [
            words(_LEFT - 24, middle, fitted(tactic.name, _LEFT - 30), anchor="end"),
            tag("rect", class_=tactic_class(tactic.value), x=_LEFT - 18, y=middle - 6, width=12, height=12),
            tag(
                "rect",
                class_=tactic_class(tactic.value),
                x=_RIGHT + 10,
                y=middle - 7,
                width=length,
                height=14,
            ),
            words(_RIGHT + 16 + length, middle, f"{short(tactic.count)}  ({percent(tactic.share)})", "small"),
        ]
    return chart(
        "time", bottom + _AXIS, f"Events by tactic per {line.bucket.name}", _described(found), *parts
    )


def _described(found: Summary) -> str:
    told = ", ".join(f"{tactic.name} {tactic.count:,}" for tactic in drawn_tactics(found))
    return f"Number of events over time, in all: {told}. The table below has the numbers."


def _stack(line: Timeline, scale: _Scale) -> Iterator[Markup]:
    below = [0] * len(line.starts)
    tops = [sum(counts) for counts in zip(*(line.lanes[t] for t in line.stacked), strict=True)]
    ticks = count_ticks(max([1, *tops]))
    floor = _TOP + _STACK

    def height(count: float) -> float:
        return round(floor - _STACK * count / ticks[-1], 2)

    for tick in ticks:
        yield tag("line", class_="grid", x1=_LEFT, x2=_RIGHT, y1=height(tick), y2=height(tick))
        yield words(_LEFT - 8, height(tick), short(tick), "small", "end")
    for tactic in line.stacked:
        above = [low + count for low, count in zip(below, line.lanes[tactic], strict=True)]
        pieces = [
            f"M{scale(start):g} {height(low):g}h{scale.bucket:.2f}V{height(high):g}h-{scale.bucket:.2f}Z"
            for start, low, high in zip(line.starts, below, above, strict=True)
            if high > low
        ]
        yield tag("path", class_=tactic_class(tactic), d=Markup("".join(pieces))) if pieces else Markup()
        below = above


def _lanes(line: Timeline, scale: _Scale, top: float) -> Iterator[Markup]:
    for row, (tactic, counts) in enumerate(line.lanes.items()):
        y, peak = top + _LANE * row + 2, max(counts) or 1
        yield tag("rect", class_="track", x=_LEFT, y=y, width=_RIGHT - _LEFT, height=_LANE - 4)
        for start, count in zip(line.starts, counts, strict=True):
            if count:
                yield tag(
                    "rect",
                    class_=tactic_class(tactic),
                    x=scale(start),
                    y=y,
                    width=round(max(1.5, scale.bucket), 2),
                    height=_LANE - 4,
                    fill_opacity=round(0.25 + 0.75 * sqrt(count / peak), 2),
                )


def _axis(scale: _Scale, bottom: float) -> Iterator[Markup]:
    yield tag("line", class_="axis", x1=_LEFT, x2=_RIGHT, y1=bottom, y2=bottom)
    for at, label in time_ticks(int(scale.first), int(scale.last)):
        yield tag("line", class_="axis", x1=scale(at), x2=scale(at), y1=bottom, y2=bottom + 4)
        if scale(at) < WIDTH - 20:
            yield words(scale(at), bottom + 15, label, "small", "middle")
