"""`tocsin report`: the numbers of `tocsin stats` as one HTML file to hand on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from tocsin.app.cli.options import takes
from tocsin.app.cli.output import notice
from tocsin.app.cli.selection import selected, selection_options
from tocsin.app.report.page import TITLE, page
from tocsin.app.settings import Loaded
from tocsin.errors import SettingsError
from tocsin.stats.events import events_of
from tocsin.stats.questions import TOP, summary


@click.command()
@takes("results.dir")
@click.argument("path", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="Where to write it; - for stdout.",
)
@click.option("--title", default=TITLE, show_default=True, help="What the report is called.")
@selection_options
@click.option("--top", type=click.IntRange(min=1), default=TOP, show_default=True, help="Rows per ranking.")
def report(  # noqa: PLR0913 - click gives each flag by name
    *,
    loaded: Loaded,
    path: str | None,
    out: Path,
    title: str,
    since: int | None,
    until: int | None,
    host: tuple[str, ...],
    level: str | None,
    top: int,
) -> None:
    """Write what was found as one HTML file that needs nothing else, and prints well.

    PATH is a results folder, or any CSV with the eight columns of classified_packets.csv; the folder of
    --results unless given. The numbers are those of tocsin stats.
    """
    meant = selected(since, until, host, level)
    with events_of(path or loaded.settings.results.dir, meant) as events:
        found = summary(events, top)
    text = page(found, title, datetime.now(UTC))
    if str(out) == "-":
        click.echo(text, nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{out}: cannot be written: {error.strerror}") from error
    notice(f"written: {out}")
