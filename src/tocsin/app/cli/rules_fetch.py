"""`tocsin rules fetch`: download a release of SigmaHQ's rules, or another archive, and pin it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from tocsin.app.cli.output import FORMATS, emit, is_table, notice
from tocsin.errors import SettingsError
from tocsin.rules.download import Watch
from tocsin.rules.fetch import PACKAGES, RELEASES, Fetched, Wanted, pin_path, release_url
from tocsin.rules.fetch import fetch as fetch_archive


@click.command()
@click.option("--url", default="", help="Another archive than SigmaHQ's; HTTPS only.")
@click.option("--release", metavar="NAME", help="SigmaHQ's release, such as r2026-07-01, or 'latest'.")
@click.option("--package", type=click.Choice(list(PACKAGES)), help="Which of its archives.  [default: all]")
@click.option("--sha256", default="", metavar="HEX", help="What the archive's checksum must be.")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("rules/sigmahq.zip"),
    show_default=True,
    help="Where to keep it; the pin lies beside it.",
)
@click.option("--update", is_flag=True, help="Take it also when it is not what was pinned.")
@FORMATS
def fetch(  # noqa: PLR0913 - one argument per flag is click's way
    *,
    url: str,
    release: str | None,
    package: str | None,
    sha256: str,
    to: Path,
    update: bool,
    format_: str | None,
) -> None:
    """Download an archive of Sigma rules, check it, and pin it.

    The pin says where the rules came from and what their checksum is. With a pin there, the same archive is
    fetched again, and any other is refused until --update is given; nothing is downloaded when the archive is
    there and right. Without a pin, it is SigmaHQ's newest release.
    """
    if url and (release or package):
        raise SettingsError("--url goes without --release and --package", "they name an archive of SigmaHQ's")
    wanted = Wanted(to, url or _url(release, package), sha256, update)
    with _progress() as watch:
        done = fetch_archive(wanted, lambda: datetime.now(UTC), watch)
    _show(done, to, format_)


def _url(release: str | None, package: str | None) -> str:
    """Return the URL that the flags name; empty when they name none."""
    if release is None and package is None:
        return ""
    return release_url(package or "all", "" if release in (None, "latest") else str(release))


def _show(done: Fetched, to: Path, format_: str | None) -> None:
    row = {"archive": str(to), "pin": str(pin_path(to)), "new": done.new, **msgspec.to_builtins(done.pin)}
    if is_table(format_):
        emit(
            ({"what": key, "value": value} for key, value in row.items()), format_, columns=["what", "value"]
        )
    else:
        emit([row], format_, columns=[])
    notice(f"{done.pin.rules:,} rules. Next: tocsin rules check --rules {to}")
    if done.new and done.pin.url.startswith(RELEASES):
        notice("They are under the Detection Rule License 1.1: their authors are named with what they find.")


@contextmanager
def _progress() -> Iterator[Watch]:
    """Yield what a download tells of its progress to: a bar on a terminal, else nothing."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    columns = (TextColumn("fetching"), BarColumn(bar_width=30), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
