"""How `tocsin demo` shows the pipeline as it runs: a live panel on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tocsin.app.cli.output import notice
from tocsin.app.demo import State
from tocsin.attack import catalogue

_LINE_EVERY = 2.0
_BAR = 36


@contextmanager
def live() -> Iterator[Callable[[State], None]]:
    """Yield a function that is shown the state several times a second."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines().show
        return
    with Live(console=console, refresh_per_second=8, transient=True) as screen:
        yield lambda state: screen.update(_panel(state))


class _Lines:
    """A line when the phase changes, and every two seconds."""

    def __init__(self) -> None:
        self._last = ("", 0.0)

    def show(self, state: State) -> None:
        phase, shown = self._last
        if state.phase == phase and time.monotonic() - shown < _LINE_EVERY:
            return
        self._last = (state.phase, time.monotonic())
        counts = f"produced {state.produced:,}  classified {state.classified:,}  lag {state.lag:,}"
        notice(f"{state.phase}: {counts}" if state.produced else state.phase)


def _panel(state: State) -> Panel:
    counts = Table.grid(padding=(0, 2))
    for name, total, rate in (
        ("produced", state.produced, f"{state.produced_per_second:,.0f}/s"),
        ("classified", state.classified, f"{state.classified_per_second:,.0f}/s"),
        ("lag", state.lag, "records not yet read"),
        ("rejected", state.rejected, "in the dead letters"),
    ):
        counts.add_row(name, Text(f"{total:,}", justify="right", style="bold"), Text(rate, style="dim"))
    return Panel(
        Group(counts, Text(), _tactics(state)), title=f"tocsin demo: {state.phase}", title_align="left"
    )


def _tactics(state: State) -> Table:
    """Return a bar per tactic, in kill-chain order."""
    bars = Table.grid(padding=(0, 2))
    most = max(state.tactics.values(), default=1)
    order = [tactic.id for tactic in catalogue().tactics]
    for tactic in sorted(state.tactics, key=lambda t: order.index(t) if t in order else len(order)):
        count = state.tactics[tactic]
        bar = Text("█" * max(1, round(_BAR * count / most)), style="cyan")
        bars.add_row(catalogue().name(tactic), Text(f"{count:,}", justify="right"), bar)
    return bars
