"""`tocsin stats`: what was found, as tables, as NDJSON, or as a picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from tocsin.app.cli.options import takes
from tocsin.app.cli.output import FORMATS, emit, is_table, notice
from tocsin.app.settings import Loaded
from tocsin.stats.buckets import UNITS, minute_or_wider, named
from tocsin.stats.events import events_of
from tocsin.stats.plots import save_plot
from tocsin.stats.questions import TOP, Count, OverTime, Summary, over_time, summary
from tocsin.stats.wording import percent

Rows = Sequence[Mapping[str, Any]]

_MOST_BUCKETS = 60
"""Rows of the table over time: as many as fit on a screen or two; NDJSON has all of them."""


@click.command()
@takes("results.dir")
@click.argument("path", required=False)
@click.option("--top", type=click.IntRange(min=1), default=TOP, show_default=True, help="Rows per ranking.")
@click.option(
    "--by",
    type=click.Choice(list(UNITS)),
    help="Count over time.  [default: minute; wider for more than ten days]",
)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Also draw it: a .png, .svg or .pdf."
)
@FORMATS
def stats(
    loaded: Loaded, path: str | None, *, top: int, by: str | None, plot: Path | None, format_: str | None
) -> None:
    """Tell what was classified: types, tactics, techniques, time, users, hosts and rules.

    PATH is a results folder, or any CSV with the eight columns of classified_packets.csv; the folder of
    --results unless given.
    """
    with events_of(path or loaded.settings.results.dir) as events:
        found = summary(events, top)
        bucket = named(by) if by else minute_or_wider(found.span)
        show_summary(found, format_, over_time(events, bucket))
    if plot is not None:
        save_plot(found, plot)
        notice(f"drawn: {plot}")


def show_summary(found: Summary, format_: str | None, timeline: OverTime) -> None:
    """Print a summary: tables on a terminal; in a pipe NDJSON rows, each with the `question` it answers."""
    if not is_table(format_):
        emit(_all_rows(found, timeline), "ndjson", columns=[])
        return
    _print_processing(found)
    for title, columns, rows in _tables(found):
        if rows:
            emit(rows, "table", columns=columns, title=title)
    _print_timeline(timeline)


def _all_rows(found: Summary, timeline: OverTime) -> Iterator[Mapping[str, Any]]:
    yield {"question": "processing", "source": found.name, **asdict(found.processing)}
    for question, rows in (
        ("event_type", found.event_types.rows),
        ("tactic", found.tactics),
        ("technique", found.techniques.rows),
        ("user", found.users.rows),
        ("host", found.hosts.rows),
        ("source_ip", found.source_ips.rows),
        ("rule", found.rules.rows),
    ):
        for row in rows:
            yield {"question": question, **asdict(row)}
    for bucket in timeline.rows:
        yield {
            "question": "over_time",
            "bucket": timeline.bucket.name,
            "start": bucket.start,
            "tactic": bucket.tactic,
            "name": bucket.name,
            "count": bucket.count,
        }


def _print_processing(found: Summary) -> None:
    done = found.processing
    rows: list[tuple[str, object]] = [("events", done.events), ("with a tactic", done.labelled)]
    if done.detected is not None:
        rows.append(("with a detection", done.detected))
    rows += [(f"highest level {level}", count) for level, count in done.levels.items() if count]
    rows += [(f"rejected: {reason}", count) for reason, count in done.rejected.items()]
    if done.untimed:
        rows.append(("without a readable time", done.untimed))
    if done.first_event and done.last_event:
        rows.append(
            ("happened", f"{done.first_event:%Y-%m-%d %H:%M:%S} to {done.last_event:%Y-%m-%d %H:%M:%S} UTC")
        )
    if done.stored_per_second is not None:
        rows.append(("stored per second", round(done.stored_per_second)))
    table = [{"processing": name, "count": value} for name, value in rows]
    emit(table, "table", columns=["processing", "count"], title=found.name)


def _tables(found: Summary) -> Iterator[tuple[str, list[str], Rows]]:
    yield "Event types", ["event type", "events", "share"], _plain("event type", found.event_types.rows)
    yield (
        "Tactics, in kill-chain order",
        ["tactic", "name", "events", "share"],
        _named("tactic", found.tactics),
    )
    yield "Techniques", ["technique", "name", "events", "share"], _named("technique", found.techniques.rows)
    for title, name, ranking in (
        ("Users", "user", found.users),
        ("Hosts", "host", found.hosts),
        ("Source addresses", "source", found.source_ips),
    ):
        yield f"{title} ({ranking.distinct:,})", [name, "events", "share"], _plain(name, ranking.rows)
    rules = [
        {"level": r.level, "rule": r.title, "events": r.count, "share": percent(r.share)}
        for r in found.rules.rows
    ]
    yield f"Rules that fired ({found.rules.distinct:,})", ["level", "rule", "events", "share"], rules


def _plain(name: str, counts: Sequence[Count]) -> Rows:
    return [{name: c.name, "events": c.count, "share": percent(c.share)} for c in counts]


def _named(name: str, counts: Sequence[Count]) -> Rows:
    return [{name: c.value, "name": c.name, "events": c.count, "share": percent(c.share)} for c in counts]


def _print_timeline(timeline: OverTime) -> None:
    """Print a row per bucket with a column per tactic, the last ones when there are too many."""
    columns = list(dict.fromkeys(row.name for row in timeline.rows))
    buckets: dict[str, dict[str, int]] = defaultdict(dict)
    for row in timeline.rows:
        buckets[f"{row.start:%Y-%m-%d %H:%M:%S}"][row.name] = row.count
    shown = list(buckets.items())[-_MOST_BUCKETS:]
    left_out = f" (the last {len(shown)} of {len(buckets)})" if len(shown) < len(buckets) else ""
    rows = [{"from": start, **counts} for start, counts in shown]
    if rows:
        emit(
            rows,
            "table",
            columns=["from", *columns],
            title=f"Events by tactic per {timeline.bucket.name}{left_out}",
        )
