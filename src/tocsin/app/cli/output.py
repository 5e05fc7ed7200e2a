"""How commands print: a table on a terminal, NDJSON in a pipe; talk goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from rich.text import Text

FORMATS = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "ndjson"]),
    help="How to print.  [default: a table on a terminal, NDJSON in a pipe]",
)


def emit(
    rows: Iterable[Mapping[str, Any]], format_: str | None, *, columns: Sequence[str], title: str = ""
) -> None:
    """Print rows to stdout.

    Args:
        rows: one mapping per row; NDJSON prints all its keys.
        format_: `table`, `ndjson`, or None to decide by where stdout goes.
        columns: the keys that the table shows, in order.
        title: above the table.
    """
    if not is_table(format_):
        encoder = msgspec.json.Encoder()
        for row in rows:
            click.echo(encoder.encode(row))
        return
    from rich.console import Console  # noqa: PLC0415 - rich costs 60 ms that a pipe need not pay
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title or None, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console().print(table)


def is_table(format_: str | None) -> bool:
    """Say whether rows are to be printed as a table: as asked for, else when stdout is a terminal."""
    return format_ == "table" or (format_ is None and sys.stdout.isatty())


def notice(text: str) -> None:
    """Say something to the person watching, on stderr."""
    click.echo(printable(text), err=True)


def printable(text: str) -> str:
    """Return a text that cannot command the terminal: what events say may have been written to do so."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text)


def _cell(value: object) -> Text:
    from rich.text import Text  # noqa: PLC0415 - as above; Text shows values as they are, never as markup

    if value is None:
        return Text("")
    if isinstance(value, (list, tuple)):
        return Text(printable(", ".join(str(item) for item in value)))
    if isinstance(value, float):
        return Text(f"{value:,.1f}")
    return Text(f"{value:,}" if isinstance(value, int) else printable(str(value)))
