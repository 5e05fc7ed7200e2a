"""Draws the parts of the picture into the places that `figure` gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tocsin.stats.lettering import fitted, percent, short
from tocsin.stats.palette import colour
from tocsin.stats.questions import Count
from tocsin.stats.timeline import Timeline

INK = "#1f2933"
MUTED = "#5b6770"
PLAIN = "#8aa0b5"
GRID = "#e3e7eb"
EMPTY = "#f3f5f7"

_FEWEST_BUCKETS = 20
"""What the time axis has room for at least: one event alone is a bar, not a wall."""

_DAY = 86_400e6


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a ranked list."""

    label: str
    count: int
    share: float
    colour: str


def canvas(axes: Axes) -> Axes:
    """Make axes a plain sheet, measured in pixels from its top left corner."""
    box = axes.get_window_extent()
    axes.set_xlim(0, box.width)
    axes.set_ylim(box.height, 0)
    axes.set_axis_off()
    return axes


def title(axes: Axes, text: str) -> None:
    """Write a panel's title into the top left corner of a canvas."""
    axes.text(0, 12, text, fontsize=12.5, color=INK, weight="bold", va="center_baseline")


def message(axes: Axes, text: str, more: str = "") -> None:
    """Write a sentence in the middle of a canvas, in place of what is not there to draw."""
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    axes.add_patch(Rectangle((0, 0), width, height, color=EMPTY))
    size = 20 if more else 13
    axes.text(width / 2, height / 2, text, fontsize=size, color=MUTED, ha="center", va="center_baseline")
    axes.text(width / 2, height / 2 + 40, more, fontsize=13, color=MUTED, ha="center", va="center_baseline")


def numbers(axes: Axes, rows: Sequence[tuple[str, str]]) -> None:
    """Write a column of facts: what on the left, how many on the right; capitals begin a group."""
    width, height = axes.get_xlim()[1], axes.get_ylim()[0]
    step = min(26.0, height / len(rows))
    for place, (what, count) in enumerate(rows):
        middle = step * (place + 0.5)
        part = what[0].islower()
        shade, left = (MUTED, 16) if part else (INK, 0)
        axes.text(left, middle, what, fontsize=11.5, color=shade, va="center_baseline")
        axes.text(width, middle, count, fontsize=11.5, color=shade, ha="right", va="center_baseline")
        if place and not part:
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
    locator = AutoDateLocator(tz=UTC, minticks=5, maxticks=10)  # type: ignore[no-untyped-call]
    lanes_axes.xaxis.set_major_locator(locator)
    lanes_axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, tz=UTC))  # type: ignore[no-untyped-call]
    lanes_axes.tick_params(axis="x", colors=MUTED, labelsize=11, length=4)
    lanes_axes.xaxis.get_offset_text().set(color=MUTED, size=11)
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
        label = fitted(bar.label, width - 160, 11)
        axes.text(0, middle, label, fontsize=11, color=INK, va="center_baseline")
        axes.text(width, middle, count, fontsize=11, color=MUTED, ha="right", va="center_baseline")
        axes.add_patch(Rectangle((0, bottom - 5), width, 5, color=EMPTY, linewidth=0))
        length = max(2.0, width * bar.count / bars[0].count)
        axes.add_patch(Rectangle((0, bottom - 5), length, 5, color=bar.colour, linewidth=0))


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
    return [at / _DAY for at in microseconds]
