"""`tocsin scan`: what recorded events hold, without a broker."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from tocsin.app.cli.findings import print_findings
from tocsin.app.cli.options import RULES, SHAPE, STRICT, takes
from tocsin.app.cli.output import FORMATS, is_table, notice
from tocsin.app.matching import matching_of
from tocsin.app.rule_sets import rules_of
from tocsin.app.scan import Take, Tally, csv_file, results_table, scan
from tocsin.app.settings import Loaded, limits_of
from tocsin.decode.limits import Limits
from tocsin.detect import Detector
from tocsin.errors import ExitCode, SettingsError
from tocsin.model import Judged, Level
from tocsin.model.detection_record import detection_records
from tocsin.rules import RuleSet, Status
from tocsin.rules.strain import strained
from tocsin.sources.files import RecordedFiles

LEVELS = click.Choice([str(level) for level in Level])


@click.command("scan")
@click.argument("paths", nargs=-1, required=True, metavar="PATHS...")
@takes(*RULES)
@SHAPE
@click.option("--min-level", type=LEVELS, default=str(Level.INFORMATIONAL), help="Show from this level on.")
@click.option("--fail-on", type=LEVELS, help="Exit with 1 if there is a detection of this level or above.")
@click.option(
    "--csv", "csv_path", type=click.Path(dir_okay=False, path_type=Path), help="Write one line per event."
)
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep all verdicts and rejected records in this new folder, as 'tocsin detect' does.",
)
@STRICT
@FORMATS
def scan_command(  # noqa: PLR0913 - one argument per flag is click's way
    loaded: Loaded,
    *,
    paths: tuple[str, ...],
    shape: str | None,
    min_level: str,
    fail_on: str | None,
    csv_path: Path | None,
    results: Path | None,
    format_: str | None,
    strict: bool,
) -> int:
    """Classify the events in files: JSON, CSV, EVTX, .gz and .zip archives, folders, or - for standard input.

    Prints what was found: a table on a terminal, one detection a line in a pipe. Says on stderr what was read
    and what could not be.
    """
    level = Level[min_level.upper()]
    rules = rules_of(loaded.settings.rules, notice, strict=strict)
    limits = limits_of(loaded.settings)
    files = _files(paths, limits)
    tally, as_table = Tally(), is_table(format_)
    with _telling(tally, files, rules, level if as_table else None), ExitStack() as stack:
        takers: list[Take] = [tally.take]
        takers += [stack.enter_context(csv_file(csv_path))] if csv_path else []
        takers += [stack.enter_context(results_table(results))] if results else []
        takers += [] if as_table else [_printer(level)]
        moved = stack.enter_context(_bar(files.size, shown=as_table))
        detector = Detector(rules, shape, limits, matching=matching_of(notice))
        scan(files.batches(moved), detector, takers)
    failed = fail_on is not None and any(found >= Level[fail_on.upper()] for found in tally.levels())
    return ExitCode.FINDINGS if failed else ExitCode.OK


@contextmanager
def _telling(tally: Tally, files: RecordedFiles, rules: RuleSet, level: Level | None) -> Iterator[None]:
    """Tell in the end what was read and found, also when Ctrl-C came first; a table if there is a level."""
    stopped = None
    try:
        yield
    except KeyboardInterrupt as interrupt:
        stopped = interrupt
        notice("stopped early: what follows is about what was read until then")
    if level is not None:
        print_findings(tally.ranked(level))
    _summary(tally, files, rules)
    if stopped is not None:
        raise stopped


def _files(paths: tuple[str, ...], limits: Limits) -> RecordedFiles:
    """Return the files.

    Raises:
        SettingsError: a path does not exist, or there is nothing to read under it.
    """
    files = RecordedFiles(paths, sys.stdin.buffer, limits)
    if not files.names:
        hint = f"{files.left_out:,} are of no known kind; name a file to have it read all the same"
        raise SettingsError(f"{' '.join(paths)}: no file to read", hint if files.left_out else "")
    return files


@contextmanager
def _bar(size: int, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """Yield a function that moves a progress bar on stderr by so many bytes."""
    if not sys.stderr.isatty() or (sys.stdout.isatty() and not shown):  # lines would tear it apart
        yield lambda _read: None
        return
    columns = (TextColumn("reading"), BarColumn(bar_width=30), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size or None)
        yield lambda read: bar.advance(task, read)


def _printer(level: Level) -> Take:
    encode = msgspec.json.Encoder().encode

    def take(judged: Judged) -> None:
        lines = [encode(record) for record in detection_records(judged, level)]
        if lines:
            click.echo(b"\n".join(lines))

    return take


def _summary(tally: Tally, files: RecordedFiles, rules: RuleSet) -> None:
    rejected = tally.rejected.total()
    left_out = f", {_count(files.left_out, 'file')} of no known kind left out" if files.left_out else ""
    read = f"{_count(len(tally.files), 'file')}, {_count(tally.records, 'record')} read"
    notice(f"{read}, {rejected:,} rejected{left_out}")
    for reason, count in tally.rejected.most_common():
        notice(f"  {count:,} {reason}")
    for place, why in tally.examples:
        notice(f"  {place}: {why.reason.value}: {why.detail}")
    if rejected > len(tally.examples):
        notice(f"  and {rejected - len(tally.examples):,} more")
    unloaded = sum(entry.status is not Status.OK for entry in rules.report)
    notice(
        f"{_count(len(rules.rules), 'rule')} loaded, {unloaded:,} not ('tocsin rules check' says why);"
        f" {tally.applicable(rules):,} could apply to what was read"
    )
    levels = ", ".join(f"{count:,} {level}" for level, count in tally.levels().items())
    notice(f"detections: {levels or 'none'}")
    for strain in strained(rules.rules):
        notice(str(strain))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
