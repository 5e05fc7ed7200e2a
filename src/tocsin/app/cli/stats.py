"""`tocsin stats`: what was found, as tables, as JSON, or as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from tocsin.app.cli.options import takes
from tocsin.app.cli.output import emit, is_table, notice, printable
from tocsin.app.cli.selection import selected, selection_options
from tocsin.app.cli.stats_tables import Table, health_table, number_table, tables
from tocsin.app.settings import Loaded
from tocsin.stats.buckets import DAY, MINUTE, UNITS, minute_or_wider, named
from tocsin.stats.document import document, time_rows
from tocsin.stats.events import events_of
from tocsin.stats.headline import headline
from tocsin.stats.plots import save_plot
from tocsin.stats.questions import TOP, OverTime, Summary, over_time, summary

_MOST_BUCKETS = 6
"""Columns of the table over time: as many as fit into a terminal of 80; JSON has all of them."""


@click.command()
@takes("results.dir")
@click.argument("path", required=False)
@selection_options
@click.option("--top", type=click.IntRange(min=1), default=TOP, show_default=True, help="Rows per ranking.")
@click.option(
    "--by",
    type=click.Choice(list(UNITS)),
    help="Count over time.  [default: minute; wider for more than ten days]",
)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Also draw it: a .png, .svg or .pdf."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "ndjson"]),
    help="Tables, one JSON document, or a JSON row per answer.  [default: tables on a terminal, else NDJSON]",
)
def stats(  # noqa: PLR0913 - click gives each flag by name
    *,
    loaded: Loaded,
    path: str | None,
    since: int | None,
    until: int | None,
    host: tuple[str, ...],
    level: str | None,
    top: int,
    by: str | None,
    plot: Path | None,
    format_: str | None,
) -> None:
    """Tell what was classified: what happened, tactics over time, kill chain per host, rules, health.

    PATH is a results folder, or any CSV with the eight columns of classified_packets.csv; the folder of
    --results unless given.
    """
    meant = selected(since, until, host, level)
    with events_of(path or loaded.settings.results.dir, meant) as events:
        found = summary(events, top)
        bucket = named(by) if by else minute_or_wider(found.span)
        show_summary(found, format_, over_time(events, bucket))
    if plot is not None:
        save_plot(found, plot)
        notice(f"drawn: {plot}")


def show_summary(found: Summary, format_: str | None, timeline: OverTime) -> None:
    """Print a summary: tables; one JSON document; or NDJSON rows, each with the `question` it answers."""
    if is_table(format_):
        _print_tables(found, timeline)
        return
    told = document(found)
    told["over_time"] = {"bucket": timeline.bucket.name, "rows": time_rows(timeline)}
    if format_ == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(told)))
    else:
        emit(_rows(told), "ndjson", columns=[])


_RANKINGS = {
    "event_types": "event_type",
    "techniques": "technique",
    "users": "user",
    "hosts": "host",
    "source_ips": "source_ip",
    "rules": "rule",
    "kill_chain": "kill_chain",
}
"""Key of the document -> the question that its rows answer."""

_CONCERNED = {"hosts": "concerned_host", "users": "concerned_user", "source_ips": "concerned_source_ip"}


def _rows(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield {"question": "processing", "source": told["source"], **told["processing"]}
    yield {"question": "headline", **told["headline"], **told["versions"], "meant": told["meant"]}
    yield from ({"question": "tactic", **row} for row in told["tactics"])
    for key, question in _RANKINGS.items():
        yield from ({"question": question, **row} for row in told[key]["rows"])
    for key, question in _CONCERNED.items():
        yield from ({"question": question, **row} for row in told["entities"][key]["rows"])
    health = dict(told["health"])
    for key, question in (("rule_sets", "rule_set"), ("gaps", "gap")):
        yield from ({"question": question, **row} for row in health.pop(key))
    yield {"question": "health", **health}
    bucket = told["over_time"]["bucket"]
    yield from ({"question": "over_time", "bucket": bucket, **row} for row in told["over_time"]["rows"])


def _print_tables(found: Summary, timeline: OverTime) -> None:
    said = headline(found)
    click.secho(printable(said.title), bold=True, fg="red" if said.alarming else None)
    for point in said.points:
        click.echo(f"  {printable(point)}")
    meant = str(found.meant)
    click.echo(f"  Only events {printable(meant)}.\n" if meant else "")
    for table in (number_table(found), *tables(found), _timeline(timeline), health_table(found)):
        if table.rows:
            emit(table.rows, "table", columns=table.columns, title=printable(table.title))


def _timeline(timeline: OverTime) -> Table:
    """Return a row per tactic with a column per bucket, the last ones when there are too many."""
    starts = sorted({row.start for row in timeline.rows})
    shown = starts[-_MOST_BUCKETS:]
    left_out = f" (the last {len(shown)} of {len(starts)})" if len(shown) < len(starts) else ""
    days = {start.date() for start in shown}
    on = f", {days.pop()} UTC" if len(days) == 1 and timeline.bucket.width < DAY else ""
    names = {start: _named(start, timeline.bucket.width, with_day=not on) for start in shown}
    rows: dict[str, dict[str, Any]] = {row.name: {"tactic": row.name} for row in timeline.rows}
    for row in timeline.rows:
        if row.start in names:
            rows[row.name][names[row.start]] = row.count
    columns = ["tactic", *(names[start] for start in shown)]
    return Table(f"Events by tactic per {timeline.bucket.name}{on}{left_out}", columns, list(rows.values()))


def _named(start: datetime, width: int, *, with_day: bool) -> str:
    """Return what a bucket is called in as few letters as tell it from the others."""
    day = f"{start:%m-%d}" if with_day else ""
    clock = "" if width >= DAY else f"{start:%H:%M}" if width >= MINUTE else f"{start:%H:%M:%S}"
    return f"{day} {clock}".strip()
