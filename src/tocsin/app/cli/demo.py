"""`tocsin demo`: from nothing to labelled events, statistics and a plot, in one command."""

from __future__ import annotations

import shutil
import sys
from datetime import datetime
from pathlib import Path

import click

from tocsin.app import demo as pipeline
from tocsin.app.cli.live import live
from tocsin.app.cli.options import takes
from tocsin.app.cli.output import notice
from tocsin.app.cli.signals import stop_on_signals
from tocsin.app.cli.stats import show_summary
from tocsin.app.settings import Loaded
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
def demo(  # noqa: PLR0913 - one argument per flag is click's way
    *,
    loaded: Loaded,
    seconds: float | None,
    count: int | None,
    rate: float,
    workers: int,
    seed: int,
    folder: Path,
) -> None:
    """Run the whole pipeline here: broker, producer, workers, statistics, plot.

    Everything is started as a process of its own on free ports of this machine, and ended again. Ctrl-C
    ends it early and in order. Nothing needs to be installed or running.
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
    with live() as show:
        done = pipeline.run(plan, stop, show, notice)
    notice(f"{done.produced:,} events produced, {done.classified:,} classified, {done.rejected:,} rejected\n")
    _tell_what_was_found(plan)


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
