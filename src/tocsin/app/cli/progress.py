"""How `tocsin produce` shows its progress on stderr: a bar for people, NDJSON for programs, or nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tocsin.sinks import Counts

Style = Literal["bar", "ndjson", "none"]
Watch = Callable[[Counts], None]


@contextmanager
def progress(style: Style, total: int | None) -> Iterator[Watch]:
    """Yield a function that is told the counts as often as one likes.

    Args:
        style: `bar` redraws a line, `ndjson` writes an object a second and one at the end.
        total: how many records there will be, if that is known.
    """
    if style == "bar":
        with _bar(total) as watch:
            yield watch
    elif style == "ndjson":
        lines = Lines()
        yield lines.watch
        lines.finish()
    else:
        yield lambda _counts: None


class Lines:
    """One JSON object a second on stderr: `produced`, `per_second`, `failed`, `waiting`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._before = 0
        self._counts = Counts(0, 0, {})

    def watch(self, counts: Counts) -> None:
        """Take note; write when a second has passed."""
        self._counts = counts
        if self._clock() - self._last >= 1.0:
            self.finish()

    def finish(self) -> None:
        """Write how it stands now."""
        counts, now = self._counts, self._clock()
        passed = max(now - self._last, 1e-3)
        line = {
            "produced": counts.sent,
            "per_second": round((counts.sent - self._before) / passed, 1),
            "failed": counts.lost,
            "waiting": counts.waiting,
        }
        click.echo(msgspec.json.encode(line), err=True)
        self._last, self._before = now, counts.sent


@contextmanager
def _bar(total: int | None) -> Iterator[Watch]:
    columns = (
        SpinnerColumn(),
        TextColumn("published"),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[sent]}  {task.fields[rate]}/s  {task.fields[failed]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, sent="0", rate="0", failed="")

        def watch(counts: Counts) -> None:
            failed = f"{counts.lost:,} failed" if counts.lost else ""
            rate = f"{bar.tasks[0].speed or 0:,.0f}"
            bar.update(
                task, completed=counts.sent + counts.lost, sent=f"{counts.sent:,}", rate=rate, failed=failed
            )

        yield watch
