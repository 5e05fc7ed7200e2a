"""`tocsin trace`: the way of one event through the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tocsin.app.cli.options import takes
from tocsin.app.cli.output import FORMATS, is_table, notice, printable
from tocsin.app.settings import Loaded
from tocsin.app.story import Step, Story, story_of

_BAR = 32
"""Columns of the time line."""

_NOT_SHOWN = {"event.id", "span.kind", "internal.span.format", "otel.scope.name", "otel.scope.version"}
"""Attributes that say nothing about one span rather than another."""


@click.command()
@takes("results.dir")
@click.argument("event_id")
@click.option(
    "--jaeger",
    metavar="URL",
    help="Read the trace from Jaeger's query service, such as http://localhost:16686.",
)
@FORMATS
def trace(*, loaded: Loaded, event_id: str, jaeger: str | None, format_: str | None) -> None:
    """Show the way of one event: its stages with their times and attributes, and the rules that fired.

    Spans come from the store that `tocsin detect --trace-store` keeps beside the results, or from Jaeger.
    When the event was not traced, what the results know of it is shown.
    """
    story = story_of(loaded.settings.results.dir, event_id, jaeger)
    if is_table(format_):
        _show(Console(), story)
        return
    encoder = msgspec.json.Encoder()
    for record in _records(story):
        click.echo(encoder.encode(record))


def _records(story: Story) -> Iterator[Mapping[str, object]]:
    """Yield what the results have, then span after span, each saying what it is `about`."""
    if story.row is not None:
        yield {"about": "event", **story.row}
    for step in story.steps:
        span = step.span
        yield {
            "about": "span",
            "trace_id": span.trace_id,
            "span_id": span.span_id,
            "parent_id": span.parent_id,
            "service": span.service,
            "name": span.name,
            "begin": _instant(span.begin),
            "end": _instant(span.end),
            "milliseconds": (span.end - span.begin) / 1e6,
            "attributes": span.attributes,
        }


def _show(console: Console, story: Story) -> None:
    row = story.row
    console.print(f"trace {story.trace_id}", style="bold", highlight=False)
    if row is not None:
        console.print(Text(printable(_sentence(row))))
    if story.steps:
        console.print(_waterfall(story))
    else:
        notice("it was not traced (--trace all, and --trace-store or a collector); the results know:")
        if row is not None:
            console.print(_known(row))
    for detection in (row or {}).get("detections") or ():
        _show_rule(console, detection)


def _sentence(row: Mapping[str, Any]) -> str:
    who = f"on {row['host'] or '?'} by {row['user'] or '?'}"
    return (
        f"event {row['event_id']}: {row['event_type'] or 'event'} {who},"
        f" {row['tactic']} {row['technique']}; {row['topic']}[{row['partition']}] offset {row['offset']}"
    )


def _waterfall(story: Story) -> Table:
    begin = min(step.span.begin for step in story.steps)
    whole = max(1, max(step.span.end for step in story.steps) - begin)
    table = Table(box=None, pad_edge=False)
    for column, justify in (("span", "left"), ("service", "left"), ("at ms", "right"), ("took ms", "right")):
        table.add_column(column, justify=justify, no_wrap=True)  # type: ignore[arg-type]  # rich wants a literal
    table.add_column("", no_wrap=True, min_width=_BAR)
    table.add_column("attributes", overflow="fold")
    for step in story.steps:
        span = step.span
        table.add_row(
            Text("  " * step.depth + printable(span.name)),
            Text(printable(span.service)),
            f"{(span.begin - begin) / 1e6:,.1f}",
            f"{(span.end - span.begin) / 1e6:,.1f}",
            Text(_bar(step, begin, whole), style="green"),
            Text(_attributes(step)),
        )
    return table


def _bar(step: Step, begin: int, whole: int) -> str:
    first = min(_BAR - 1, (step.span.begin - begin) * _BAR // whole)
    last = max(first + 1, -(-(step.span.end - begin) * _BAR // whole))
    return " " * first + "█" * (min(_BAR, last) - first)


def _attributes(step: Step) -> str:
    said = (
        f"{name.removeprefix('messaging.')}={value}"
        for name, value in step.span.attributes.items()
        if name not in _NOT_SHOWN and value not in ("", [])
    )
    return printable("  ".join(said))


def _known(row: Mapping[str, Any]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    told = (
        ("it happened", "timestamp"),
        ("it came to Kafka", "record_time"),
        ("it was stored", "stored_time"),
    )
    for what, column in told:
        table.add_row(what, Text(printable(str(row[column] or "not known"))))
    return table


def _show_rule(console: Console, detection: Mapping[str, Any]) -> None:
    title = f"{detection['level']}: {detection['rule_title']} ({detection['rule_id']})"
    console.print(Text(printable(title), style="bold"))
    for matched in detection["matched"] or ():
        console.print(Text(printable(f"  {matched['field']}: {matched['value']}")))


def _instant(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(timespec="microseconds")
