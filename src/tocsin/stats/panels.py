"""Draws the parts of the picture into the places that `figure` gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.dates import AutoDateLocator
from matplotlib.patches import Rectangle
from matplotlib.ticker import Formatter, FuncFormatter, MaxNLocator

from tocsin.stats.buckets import DAY, MILLISECOND, instant
from tocsin.stats.lettering import fitted, width_of
from tocsin.stats.palette import colour
from tocsin.stats.questions import Count
from tocsin.stats.timeline import Timeline
from tocsin.stats.wording import percent, short

INK = "#1f2933"
MUTED = "#5b6770"
PLAIN = "#8aa0b5"
GRID = "#e3e7eb"
EMPTY = "#f3f5f7"

_FEWEST_BUCKETS = 20
"""What the time axis has room for at least: one event alone is a bar, not a wall."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a ranked list."""

    label: str
    count: int
    share: float
    colour: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A number beside the time axis; one of depth 1 is a part of the last of depth 0, and so on."""

    depth: int
    what: str
    count: str


class TimeLabels(Formatter):
    """Labels of a time axis that tell no more than the distance of its ticks needs."""

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002 - matplotlib's signature
        """Return the label of one tick alone, which tells all."""
        return f"{_instant(x):%Y-%m-%d %H:%M:%S}"

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the labels of all ticks, given in days since 1970."""
        times = [_instant(value) for value in values]
        apart = min((b - a for a, b in pairwise(times)), default=timedelta(days=1))
        return [_label(time, apart) for time in times]


def canvas(axes: Axes) -> Axes:
    """Make axes a plain sheet, measured in pixels from its top left corner."""
    box = axes.get_window_extent()
    axes.set_xlim(0, box.width)
    axes.set_ylim(box.height, 0)
    axes.set_axis_off()
    return axes


def title(axes: Axes, text: str, note: str = "") -> None:
    """Write a panel's title, with a note behind it, into the top left corner of a canvas."""
    axes.text(0, 12, text, fontsize=12.5, color=INK, weight="bold", va="center_baseline")
    behind = width_of(text, 12.5, bold=True) + 14
    note = fitted(note, axes.get_xlim()[1] - behind, 11.5)
    axes.text(behind, 12, note, fontsize=11.5, color=MUTED, va="center_baseline")


def message(axes: Axes, text: str, more: str = "") -> None:
    """Write a sentence in the middle of a canvas, in place of what is not there to draw."""
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    axes.add_patch(Rectangle((0, 0), width, height, color=EMPTY))
    size = 20 if more else 13
    axes.text(width / 2, height / 2, text, fontsize=size, color=MUTED, ha="center", va="center_baseline")
    axes.text(width / 2, height / 2 + 40, more, fontsize=13, color=MUTED, ha="center", va="center_baseline")


def numbers(axes: Axes, facts: Sequence[Fact]) -> None:
    """Write a column of facts: what on the left, how many on the right."""
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    step = min(26.0, height / len(facts))
    for place, fact in enumerate(facts):
        middle = step * (place + 0.5)
        shade = MUTED if fact.depth else INK
        axes.text(16 * fact.depth, middle, fact.what, fontsize=11.5, color=shade, va="center_baseline")
        axes.text(width, middle, fact.count, fontsize=11.5, color=shade, ha="right", va="center_baseline")
        if place and not fact.depth:
            axes.plot([0, width], [step * place] * 2, color=GRID, linewidth=1)


def stack(axes: Axes, line: Timeline) -> None:
    """Draw the counts of all tactics on top of each other, the kill chain from below."""
    below = np.zeros(len(line.starts))
    edges = _days([*line.starts, line.starts[-1] + line.bucket.width])
    for tactic in line.stacked:
        above = below + np.array(line.lanes[tactic])
        axes.stairs(above, edges, baseline=below, fill=True, color=colour(tactic), linewidth=0)
        below = above
    axes.set_ylim(0, max(1.0, below.max()) * 1.05)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.grid(axis="y", color=GRID, linewidth=1)
    axes.set_axisbelow(True)
    _frame(axes)
    axes.tick_params(axis="x", length=0, labelbottom=False)


def lanes(axes: Axes, line: Timeline) -> None:
    """Draw a strip per tactic, shaded by its own peak: what is rare is seen beside what is not."""
    for row, (tactic, counts) in enumerate(line.lanes.items()):
        peak = max(counts) or 1
        shade = np.array([0.0 if n == 0 else 0.25 + 0.75 * (n / peak) ** 0.5 for n in counts])[:, None]
        cells = shade * to_rgb(colour(tactic)) + (1 - shade) * to_rgb(EMPTY)
        left, right = _days([line.starts[0], line.starts[-1] + line.bucket.width])
        axes.imshow(
            cells[None],
            extent=(left, right, row + 0.92, row + 0.08),
            aspect="auto",
            interpolation="nearest",
        )
    axes.set_ylim(len(line.lanes), 0)
    axes.set_yticks([])
    _frame(axes)


def time_axis(lanes_axes: Axes, stack_axes: Axes, line: Timeline) -> None:
    """Give both plots one axis of time, with labels that suit its length."""
    first, last = line.starts[0], line.starts[-1] + line.bucket.width
    missing = max(0, _FEWEST_BUCKETS * line.bucket.width - (last - first)) / 2
    lanes_axes.set_xlim(*_days([first - missing, last + missing]))
    locator = AutoDateLocator(tz=UTC, minticks=5, maxticks=9)  # type: ignore[no-untyped-call] # it has no types
    lanes_axes.xaxis.set_major_locator(locator)
    lanes_axes.xaxis.set_major_formatter(TimeLabels())
    lanes_axes.tick_params(axis="x", colors=MUTED, labelsize=11, length=4)
    stack_axes.grid(axis="x", color=GRID, linewidth=1)


def names(axes: Axes, tactics: Sequence[Count]) -> None:
    """Write the tactics' names beside their lanes, each with its colour."""
    width, step, size = _rows(axes, len(tactics))
    for row, tactic in enumerate(tactics):
        middle = step * (row + 0.5)
        text = fitted(tactic.name, width - 22, size)
        axes.text(width - 20, middle, text, fontsize=size, color=INK, ha="right", va="center_baseline")
        axes.add_patch(Rectangle((width - 12, middle - 6), 12, 12, color=colour(tactic.value), linewidth=0))


def totals(axes: Axes, tactics: Sequence[Count]) -> None:
    """Draw each tactic's number of events beside its lane, with the number."""
    width, step, size = _rows(axes, len(tactics))
    most = max(tactic.count for tactic in tactics)
    for row, tactic in enumerate(tactics):
        middle = step * (row + 0.5)
        length = max(2.0, (width - 170) * tactic.count / most)
        axes.add_patch(
            Rectangle((0, middle - step * 0.36), length, step * 0.72, color=colour(tactic.value), linewidth=0)
        )
        text = f"{tactic.count:,}  ({percent(tactic.share)})"
        axes.text(length + 8, middle, text, fontsize=size, color=INK, va="center_baseline")


def ranked(axes: Axes, heading: str, bars: Sequence[Bar], most_rows: int) -> None:
    """Draw a list of bars under their labels, the largest first."""
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    title(axes, heading)
    step = (height - 32) / most_rows
    if not bars:
        axes.text(0, 32 + step / 2, "none", fontsize=11, color=MUTED, va="center_baseline")
    for row, bar in enumerate(bars):
        middle, bottom = 32 + step * (row + 0.36), 32 + step * (row + 0.86)
        count = f"{bar.count:,}  ({percent(bar.share)})"
        label = fitted(bar.label, width - width_of(count, 11) - 20, 11)
        axes.text(0, middle, label, fontsize=11, color=INK, va="center_baseline")
        axes.text(width, middle, count, fontsize=11, color=MUTED, ha="right", va="center_baseline")
        axes.add_patch(Rectangle((0, bottom - 5), width, 5, color=EMPTY, linewidth=0))
        length = max(2.0, width * bar.count / bars[0].count)
        axes.add_patch(Rectangle((0, bottom - 5), length, 5, color=bar.colour, linewidth=0))


def _instant(days: float) -> datetime:
    return instant(round(days * DAY / MILLISECOND) * MILLISECOND)  # finer than that, a float is not exact


def _label(time: datetime, apart: timedelta) -> str:
    if apart < timedelta(seconds=1):
        return f"{time:%H:%M:%S}.{time.microsecond // MILLISECOND:03}"
    if apart < timedelta(minutes=1):
        return f"{time:%H:%M:%S}"
    if apart < timedelta(days=1) and (time.hour or time.minute):
        return f"{time:%H:%M}"
    if apart < timedelta(days=28):
        return f"{time:%a} {time.day} {time:%b}" if apart <= timedelta(days=1) else f"{time.day} {time:%b}"
    return f"{time:%b %Y}" if apart < timedelta(days=365) else f"{time:%Y}"


def _rows(axes: Axes, count: int) -> tuple[float, float, float]:
    """Return a canvas's width, the height of each of its rows, and the size of letters that suits it."""
    step = axes.get_ylim()[0] / count
    return axes.get_xlim()[1], step, min(11.5, step * 0.56)


def _frame(axes: Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(axis="y", colors=MUTED, labelsize=11, length=0)


def _days(microseconds: Sequence[float]) -> list[float]:
    """Return times as matplotlib counts them, in days since 1970."""
    return [at / DAY for at in microseconds]
