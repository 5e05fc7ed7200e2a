"""`tocsin lag`: how far the workers are behind, for people and for alarms."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tocsin.app.cli.options import takes
from tocsin.app.cli.output import FORMATS, emit, is_table, notice, printable
from tocsin.app.cli.signals import stop_on_signals
from tocsin.app.lag import Lag, Lookout, Sight, lags, total
from tocsin.app.settings import Loaded, Settings
from tocsin.app.wire import cluster_of
from tocsin.errors import ExitCode, StreamError
from tocsin.kafka import topic_there
from tocsin.results.location import Location
from tocsin.results.table import VERDICTS

_COLUMNS = {
    "partition": "#",
    "position": "position",
    "committed": "committed",
    "log_end": "log end",
    "lag": "lag",
    "per_second": "stored/s",
    "produced_per_second": "came/s",
    "time_left": "left",
    "reader": "read by",
}
"""Key -> heading, short enough for a terminal of 80 columns."""


@click.command()
@takes("kafka.bootstrap_servers", "kafka.topic", "kafka.group", "kafka.client", "results.dir")
@click.option("--watch", is_flag=True, help="Look again and again until Ctrl-C.")
@click.option(
    "--over",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    help="Seconds over which rates are measured, and between two looks; 0 looks once and knows no rates.",
)
@click.option(
    "--fail-above", type=click.IntRange(min=0), metavar="N", help="Exit with 1 if the lag is above N."
)
@FORMATS
def lag(loaded: Loaded, *, watch: bool, over: float, fail_above: int | None, format_: str | None) -> int:
    """Show how far the workers are behind: per partition what is stored, what there is, and who reads it.

    The positions in the results are the truth; the group's committed offsets are a copy. Where the results
    cannot be reached from here the copy has to do, which is said.
    """
    stop = stop_on_signals()
    lookout = _lookout(loaded.settings)
    if watch:
        found = _watch(lookout, stop, max(over, 0.2), as_table=is_table(format_))
    else:
        found = _once(lookout, stop, over)
        if is_table(format_):
            Console().print(_table(found))
        else:
            emit(map(_row, found), "ndjson", columns=[])
        _tell(found)
    behind = fail_above is not None and sum(one.lag for one in found) > fail_above
    return ExitCode.FINDINGS if behind else ExitCode.OK


def _lookout(settings: Settings) -> Lookout:
    cluster = cluster_of(settings)
    topic = topic_there(cluster, settings.kafka.topic)
    place = Location.of(settings.results.dir)
    there = (place / VERDICTS).is_table()
    if not there:
        notice(f"{place}: no results here; positions are the copy that group {settings.kafka.group} has")
    return Lookout(cluster, topic, settings.kafka.group, place if there else None)


def _once(lookout: Lookout, stop: threading.Event, over: float) -> list[Lag]:
    first = lookout.look()
    if not over or stop.wait(over):
        return lags(lookout.topic.name, first)
    return lags(lookout.topic.name, lookout.look(), first)


def _watch(lookout: Lookout, stop: threading.Event, every: float, *, as_table: bool) -> list[Lag]:
    """Show each look until told to stop, and return the last one."""
    before: Sight | None = None
    found: list[Lag] = []

    def looks(show: Callable[[list[Lag]], None]) -> None:
        nonlocal before, found
        while True:
            try:
                now = lookout.look()
            except StreamError as error:  # a broker may come back: whoever watches wants to see that, too
                notice(str(error))
            else:
                found = lags(lookout.topic.name, now, before)
                before = now
                show(found)
            if stop.wait(every):
                return

    def print_rows(rows: list[Lag]) -> None:
        emit([_row(one) for one in rows], "ndjson", columns=[])
        sys.stdout.flush()

    if not as_table:
        looks(print_rows)
        return found
    with Live(console=Console(), auto_refresh=False) as screen:
        looks(lambda rows: screen.update(_table(rows), refresh=True))
    return found


def _tell(found: Sequence[Lag]) -> None:
    """Say on stderr what the rows add up to."""
    whole = total(found)
    left = whole["seconds_left"]
    idle = sum(1 for one in found if one.worker is None)
    missed = sum(one.missed for one in found)
    words = f"lag {whole['lag']:,}"
    if whole["lag"] and whole["per_second"] is not None:
        words += f"; caught up in {_duration(left)}" if left is not None else f"; {_trend(whole)}"
    notice(words + (f"; {idle} of {len(found)} partitions are read by nobody" if idle else ""))
    if missed:
        notice(f"{missed:,} records were removed from the topic before they were stored")


def _trend(whole: Mapping[str, float | None]) -> str:
    """Say how it goes where the lag has no end in sight; a tenth is the noise of a few seconds."""
    read, came = whole["per_second"] or 0.0, whole["produced_per_second"] or 0.0
    return (
        "keeping pace" if read and read >= 0.9 * came else "falling behind" if read else "nothing is stored"
    )


def _row(one: Lag) -> dict[str, object]:
    left = None if one.seconds_left is None else _duration(one.seconds_left)
    return {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **asdict(one), "time_left": left}


def _table(found: Sequence[Lag]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for key, heading in _COLUMNS.items():
        table.add_column(heading, overflow="fold", justify="left" if key == "reader" else "right")
    hosts = {one.host for one in found if one.host}
    for one in found:
        row = {**_row(one), "reader": _reader(one, with_host=len(hosts) > 1)}
        table.add_row(*(_cell(row[column]) for column in _COLUMNS))
    whole = total(found)
    table.caption = f"lag {whole['lag']:,}"
    return table


def _reader(one: Lag, *, with_host: bool) -> str:
    """Return as much of a worker's name as tells it from others: the rest of a member's UUID does not."""
    if one.worker is None:
        return "nobody"
    name = re.sub(r"(-[0-9a-f]{8})(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", r"\1", one.worker)
    return f"{name} at {one.host}" if with_host else name


def _cell(value: object) -> Text:
    if value is None:
        return Text("")
    return Text(f"{value:,}" if isinstance(value, int | float) else printable(str(value)))


def _duration(seconds: float) -> str:
    """Return seconds as a human says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:,.1f} h"
