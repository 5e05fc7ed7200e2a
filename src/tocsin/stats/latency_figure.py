"""Draws a benchmark: a column per step, and under one another latency, throughput and lag over its time."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from tocsin.stats.latency import Series
from tocsin.stats.lettering import DPI, FONT
from tocsin.stats.panels import GRID, INK, MUTED
from tocsin.stats.wording import short

WIDTH, HEIGHT = 1600, 1000

_STYLE: dict[Any, Any] = {"font.family": FONT, "font.size": 10.5, "text.parse_math": False}

_QUANTILES = {"p50": "#8fb8de", "p95": "#3d7ebf", "p99": "#173f6b", "p999": "#c2571a"}
"""One hue that darkens towards the tail, and another for the extreme."""

_SENT, _STORED, _LAG = "#9aa5b1", "#173f6b", "#986007"
_WARM = "#f3f5f7"

_WIDE = 4
"""More columns than this have names in two lines."""


def drawn(found: Sequence[Series], title: str) -> bytes:
    """Return the picture as a PNG. A topic that was full tells nothing of latency: left out beside others."""
    found = [each for each in found if each.latency] or found
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
        FigureCanvasAgg(figure)
        kinds = list(dict.fromkeys(kind for each in found for kind in each.latency))
        rows: list[tuple[str, Callable[[Axes, Series], None]]] = [
            *((f"ms until {kind}", _latency_of(kind)) for kind in kinds),
            ("events a second", _throughput),
            ("events waiting", _lag),
        ]
        sheet = figure.subplots(
            len(rows),
            len(found),
            squeeze=False,
            sharey="row",
            sharex="col",
            gridspec_kw={
                "left": 0.06,
                "right": 0.99,
                "top": 0.87,
                "bottom": 0.06,
                "hspace": 0.14,
                "wspace": 0.06,
            },
        )
        for row, (label, draw) in enumerate(rows):
            for column, series in enumerate(found):
                axes = sheet[row][column]
                draw(axes, series)
                _frame(axes, series, label if not column else "", is_last=row == len(rows) - 1)
        for axes in sheet[-2:, 0]:  # rows share their scale, so it is set when all is drawn
            axes.set_ylim(bottom=0)
        for column, series in enumerate(found):
            name = series.name.replace(", ", "\n", 1) if len(found) > _WIDE else series.name
            sheet[0][column].set_title(
                name, fontsize=12 if len(found) <= _WIDE else 10, color=INK, loc="left"
            )
        figure.text(0.02, 0.955, title, fontsize=17, weight="bold", color=INK)
        _legends(figure)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=DPI)
        return file.getvalue()


def _latency_of(kind: str) -> Callable[[Axes, Series], None]:
    def draw(axes: Axes, series: Series) -> None:
        curves: Mapping[str, Sequence[float]] = series.latency.get(kind, {})
        for name, colour in _QUANTILES.items():
            if name in curves:
                axes.plot(_middles(series), curves[name], color=colour, linewidth=1.8)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.yaxis.set_minor_locator(NullLocator())

    return draw


def _throughput(axes: Axes, series: Series) -> None:
    axes.plot(_middles(series), series.sent, color=_SENT, linewidth=1.4)
    axes.plot(_middles(series), _smooth(series.stored), color=_STORED, linewidth=1.8)
    _from_zero(axes)


def _lag(axes: Axes, series: Series) -> None:
    axes.fill_between(series.seconds, series.lag, color=_LAG, alpha=0.25, linewidth=0)
    axes.plot(series.seconds, series.lag, color=_LAG, linewidth=1.4)
    _from_zero(axes)


def _from_zero(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def _middles(series: Series) -> Sequence[float]:
    """Return the middles of the slices, whose starts are known."""
    if len(series.seconds) < 2:
        return series.seconds
    half = (series.seconds[1] - series.seconds[0]) / 2
    return [start + half for start in series.seconds]


def _smooth(values: Sequence[float]) -> Sequence[float]:
    """Return means of three: commits come in steps that the eye would take for changes of speed."""
    if len(values) < 3:
        return values
    padded = np.pad(np.array(values), 1, mode="edge")
    means: list[float] = np.convolve(padded, np.ones(3) / 3, "valid").tolist()
    return means


def _frame(axes: Axes, series: Series, label: str, *, is_last: bool) -> None:
    axes.set_ylabel(label, color=MUTED)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    end = max(series.seconds, default=0.0)
    axes.set_xlim(min(series.seconds, default=0.0), end or 1.0)
    for left, right in ((min(series.seconds, default=0.0), series.counts_from), (series.counts_to, end)):
        if right > left:
            axes.axvspan(left, right, color=_WARM, zorder=-1)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GRID)
    axes.tick_params(colors=MUTED, length=0)
    if is_last:
        axes.set_xlabel("seconds", color=MUTED)


def _legends(figure: Figure) -> None:
    x = 0.02
    shown = {"p50": "50 %", "p95": "95 %", "p99": "99 %", "p999": "99.9 % of the events"}
    said = [
        *((_QUANTILES[name], text) for name, text in shown.items()),
        (_SENT, "sent"),
        (_STORED, "stored"),
        (_LAG, "waiting to be stored"),
        ("#c8ced4", "grey ground: does not count"),
    ]
    for colour, text in said:
        figure.text(x, 0.918, "\u25a0", color=colour, fontsize=13)
        figure.text(x + 0.013, 0.92, text, color=MUTED, fontsize=11)
        x += 0.03 + 0.0062 * len(text)
