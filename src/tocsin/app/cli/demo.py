"""`tocsin demo`: from nothing to labelled events, statistics and a plot, in one command."""

from __future__ import annotations

import shutil
import sys
import webbrowser
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import click

from tocsin.app import demo as pipeline
from tocsin.app.cli.console import check_extra, has_desktop
from tocsin.app.cli.live import live
from tocsin.app.cli.options import takes
from tocsin.app.cli.output import notice
from tocsin.app.cli.signals import stop_on_signals
from tocsin.app.cli.stats import show_summary
from tocsin.app.settings import Loaded, Settings, load
from tocsin.errors import SettingsError
from tocsin.stats.buckets import named
from tocsin.stats.events import events_of
from tocsin.stats.plots import save_plot
from tocsin.stats.questions import over_time, summary


@click.command()
@takes("broker.engine", "kafka.partitions")
@click.option(
    "--seconds", type=click.FloatRange(min=0, min_open=True), help="Produce so long.  [default: 30]"
)
@click.option("--count", type=click.IntRange(min=1), help="Produce so many events instead.")
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    default=1000.0,
    show_default=True,
    help="Events a second; 0 for as fast as possible.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many classify."
)
@click.option("--seed", type=click.IntRange(min=0), default=2026, show_default=True, help="Of the activity.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/demo"),
    show_default=True,
    help="Each run leaves a folder of its own in here.",
)
@click.option(
    "--console/--no-console",
    "with_console",
    default=None,
    help="Show it in a browser too, and go on showing until Ctrl-C.  [default: on a terminal]",
)
def demo(  # noqa: PLR0913 - one argument per flag is click's way
    *,
    loaded: Loaded,
    seconds: float | None,
    count: int | None,
    rate: float,
    workers: int,
    seed: int,
    folder: Path,
    with_console: bool | None,
) -> None:
    """Run the whole pipeline here: broker, producer, workers, console, statistics, plot.

    Everything is started on free ports of this machine, and ended again. Ctrl-C ends it early and in order.
    Nothing needs to be installed or running. On a terminal the console stays until Ctrl-C.
    """
    if seconds is None and count is None:
        seconds = 30.0
    plan = pipeline.Plan(
        folder=folder / datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S"),
        engine=loaded.settings.broker.engine,
        rate=rate,
        seconds=seconds,
        count=count,
        seed=seed,
        workers=workers,
        partitions=loaded.settings.kafka.partitions,
    )
    stop = stop_on_signals()
    with ExitStack() as stack:
        with live() as show:
            show(pipeline.State("starting the broker"))
            running = stack.enter_context(pipeline.started(plan, notice))
            wanted = sys.stderr.isatty() if with_console is None else with_console
            address = _console(running, stack) if wanted else ""
            done = running.play(stop, show)
        counts = (
            f"{done.produced:,} events produced, {done.classified:,} classified, {done.rejected:,} rejected"
        )
        notice(counts + "\n")
        _tell_what_was_found(plan)
        if address:
            notice(f"\nThe console shows it at {address} until Ctrl-C.")
            stop.wait()


def _console(running: pipeline.Pipeline, stack: ExitStack) -> str:
    """Show the pipeline in a browser; return the address, or an empty text where that is not possible."""
    try:
        check_extra()
        from tocsin.app.console.showing import beside  # noqa: PLC0415 - needs the extra

        address = stack.enter_context(beside(_looked_at(running), notice))
    except SettingsError as missing:  # everything else runs
        notice(f"no console: {missing}")
        return ""
    notice(f"console: {address}")
    if has_desktop():
        webbrowser.open(address)
    return address


def _looked_at(running: pipeline.Pipeline) -> Settings:
    """Return the settings of a console for this pipeline, whatever those of the person's own cluster are."""
    plan = running.plan
    return load(
        None,
        {},
        {
            "kafka.bootstrap_servers": running.bootstrap,
            "kafka.client": dict(running.consumer),
            "results.dir": str(plan.results),
            "results.csv": str(plan.csv),
            "console.metrics": running.metrics,
        },
    ).settings


def _tell_what_was_found(plan: pipeline.Plan) -> None:
    with events_of(plan.results) as events:
        found = summary(events)
        minutes = over_time(events, named("minute"))
    show_summary(found, "table", minutes)
    try:
        save_plot(found, plan.plot)
    except SettingsError as missing:  # everything else is there, and worth more than the picture
        notice(f"no plot: {missing}")
    _tell_where_things_are(plan)


def _tell_where_things_are(plan: pipeline.Plan) -> None:
    places = [
        ("plot", plan.plot),
        ("one line per event", plan.csv),
        ("the results table", plan.results),
        ("what was produced", plan.raw_csv),
        ("the broker's data", plan.folder / "broker"),
    ]
    notice("\nWhere everything lies:")
    for name, place in places:
        if place.exists():
            notice(f"  {name:<20} {place}")
    command = "tocsin" if shutil.which("tocsin") else sys.argv[0]
    notice("\nWhat to try next:")
    notice(f"  {command} stats {plan.results} --top 20")
    notice(f"  {command} broker start --data {plan.folder / 'broker'}  # the topic again")
    notice(f"  {command} demo --rate 0 --count 200000 --workers 2  # as fast as this machine can")
