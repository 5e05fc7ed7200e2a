"""Draws the kill chain per host: a row per host, a column per tactic, numbered as they were first seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from math import log

from tocsin.app.report.drawing import WIDTH, chart, fitted, tactic_class, words
from tocsin.app.report.markup import Markup, tag
from tocsin.stats.chain import HostChain, KillChain, Step
from tocsin.stats.naming import kill_chain_order
from tocsin.stats.palette import colour
from tocsin.stats.wording import plural, short

_LEFT = 186
_TOP = 116
"""Room for names that stand slanted."""

_ROW = 54
_WIDEST = 92
"""Of a column: a few tactics need not fill the page."""


def chain_chart(chain: KillChain) -> Markup:
    """Return the picture of the kill chains."""
    tactics = _columns(chain)
    width = min(_WIDEST, (WIDTH - _LEFT - 90) / len(tactics))
    most = max(step.count for host in chain.rows for step in host.steps)
    one_day = len(_days(chain)) == 1
    parts: list[Markup] = []
    bottom = _TOP + _ROW * len(chain.rows)
    for place, (tactic, name) in enumerate(tactics.items()):
        x = _LEFT + width * (place + 0.5)
        parts.append(_slanted(x, name))
        parts.append(tag("line", class_="grid", x1=x, x2=x, y1=_TOP, y2=bottom))
        del tactic
    places = {tactic: _LEFT + width * (place + 0.5) for place, tactic in enumerate(tactics)}
    for row, host in enumerate(chain.rows):
        parts += _row(host, places, _TOP + _ROW * row, most, one_day=one_day)
    return chart("chain", bottom + 8, "Tactics per host", _described(chain), *parts)


def _columns(chain: KillChain) -> dict[str, str]:
    names = {step.tactic: step.name for host in chain.rows for step in host.steps}
    return {tactic: names[tactic] for tactic in sorted(names, key=kill_chain_order)}


def _days(chain: KillChain) -> set[date]:
    return {step.first.date() for host in chain.rows for step in host.steps if step.first}


def _described(chain: KillChain) -> str:
    told = "; ".join(
        f"{host.host}: {', '.join(f'{s.name} {s.count:,}' for s in host.steps)}" for host in chain.rows[:3]
    )
    return f"{plural(len(chain.rows), 'host')}, furthest first. {told}. The table below has the numbers."


def _slanted(x: float, name: str) -> Markup:
    text = fitted(name, 130)
    return tag("text", text, x=x, y=_TOP - 10, transform=f"rotate(-40 {x:g} {_TOP - 10})", class_="small")


def _row(
    host: HostChain, places: dict[str, float], top: float, most: int, *, one_day: bool
) -> Iterator[Markup]:
    order = {step.tactic: place for place, step in enumerate(host.serious(), 1)}
    yield tag("line", class_="grid", x1=0, x2=WIDTH, y1=top, y2=top)
    yield words(0, top + 20, fitted(host.host, _LEFT - 22, 13), "strong")
    yield words(0, top + 38, host.level, "small")
    for step in host.steps:
        yield from _step(step, places[step.tactic], top, _radius(step.count, most), order.get(step.tactic))
        yield words(places[step.tactic], top + 45, _when(step, one_day=one_day), "tiny", "middle")
        yield words(
            places[step.tactic] + _radius(step.count, most) + 3, top + 12, _compact(step.count), "tiny"
        )


def _step(step: Step, x: float, top: float, radius: float, order: int | None) -> Iterator[Markup]:
    if order is None:
        yield tag("circle", class_=f"{tactic_class(step.tactic)} hollow", cx=x, cy=top + 21, r=radius * 0.7)
        return
    yield tag("circle", class_=tactic_class(step.tactic), cx=x, cy=top + 21, r=radius)
    ink = "on-dark" if _is_dark(colour(step.tactic)) else "on-light"
    yield words(x, top + 21, str(order), f"order {ink}", "middle")


def _radius(count: int, most: int) -> float:
    return round(8 + 6 * log(count + 1) / log(most + 1), 1)


def _compact(count: int) -> str:
    """Return a number that has room beside a circle: `9,999`, `12 k`, `3.5 M`."""
    return f"{count / 1000:.0f} k" if 10_000 <= count < 1_000_000 else short(count)


def _when(step: Step, *, one_day: bool) -> str:
    if step.first is None:
        return ""
    return f"{step.first:%H:%M:%S}" if one_day else f"{step.first.day} {step.first:%b}"


def _is_dark(rgb: str) -> bool:
    """Say whether white can be read on a colour better than black (relative luminance of WCAG 2)."""
    return _luminance([int(rgb[place : place + 2], 16) / 255 for place in (1, 3, 5)]) < 0.179


def _luminance(channels: Sequence[float]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
