"""`tocsin bench`: how fast and how late the pipeline is, on this machine or with your Kafka."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
import msgspec

from tocsin.app import bench as benchmark
from tocsin.app.bench_figures import Figures, row_of
from tocsin.app.bench_load import pool_of
from tocsin.app.cli.options import takes
from tocsin.app.cli.output import FORMATS, emit, is_table, notice
from tocsin.app.cli.signals import stop_on_signals
from tocsin.app.producing import Feed, SimulatedFeed
from tocsin.app.recorded import RecordedFeed
from tocsin.app.settings import Loaded
from tocsin.app.wire import cluster_of
from tocsin.errors import SettingsError
from tocsin.simulate.weave import ShapeName, Simulator
from tocsin.sources.files import RecordedFiles
from tocsin.stats.latency import save_latency_plot

_POOL = 200_000
"""Different events at most."""


class _Rate(click.ParamType[float]):
    """Events a second, or as many as possible."""

    name = "rate"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002 - click's signature
        return "N|max"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value)
        if text == "max":
            return 0.0
        try:
            rate = float(text.replace(",", "").replace("_", ""))
        except ValueError:
            rate = -1.0
        if rate <= 0:
            self.fail(f"{text!r} is neither a number above 0 nor max", param, ctx)
        return rate


class _Workers(click.ParamType[Sequence[int]]):
    """How many workers, or from how many to how many."""

    name = "workers"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002 - click's signature
        return "N|N..M"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Sequence[int]:
        if not isinstance(value, str):
            return value  # type: ignore[return-value]  # the default
        low, _, high = value.partition("..")
        if not (low.isdigit() and (high or low).isdigit() and 1 <= int(low) <= int(high or low) <= 64):
            self.fail(f"{value!r} is neither a number from 1 to 64 nor a range such as 1..4", param, ctx)
        return range(int(low), int(high or low) + 1)


@click.command()
@takes("kafka.bootstrap_servers", "kafka.partitions", "kafka.client", "broker.engine", "rules.paths")
@click.option(
    "--rate",
    type=_Rate(),
    default="max",
    show_default=True,
    help="Events a second; max fills the topic first.",
)
@click.option("--ramp", is_flag=True, help="Measure 25, 50, 75 and 100 % of the rate.")
@click.option("--workers", type=_Workers(), default="1", show_default=True, help="How many share the topic.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=1),
    default=10.0,
    show_default=True,
    help="Measure each rate so long...",
)
@click.option(
    "--warm-up",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    help="... after so long at the same rate.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1_000),
    default=200_000,
    show_default=True,
    help="Events in a topic that is filled first.",
)
@click.option("--shape", type=click.Choice(["lab", "windows"]), default="lab", show_default=True)
@click.option(
    "--attack-ratio",
    type=click.FloatRange(min=0, max=1),
    default=0.01,
    show_default=True,
    help="Share of malicious events.",
)
@click.option("--seed", type=click.IntRange(min=0), default=2026, show_default=True, help="Of the activity.")
@click.option(
    "--from",
    "sources",
    multiple=True,
    type=click.Path(exists=True),
    help="Send recorded events instead: JSON, CSV, EVTX, archives, folders. Repeatable.",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("data/bench"),
    show_default=True,
    help="Each run leaves a folder of its own in here.",
)
@click.argument("detect_arguments", nargs=-1, type=click.UNPROCESSED)
@FORMATS
def bench(  # noqa: PLR0913 - one argument per flag is click's way
    *,
    loaded: Loaded,
    rate: float,
    ramp: bool,
    workers: Sequence[int],
    seconds: float,
    warm_up: float,
    count: int,
    shape: ShapeName,
    attack_ratio: float,
    seed: int,
    sources: tuple[str, ...],
    folder: Path,
    detect_arguments: tuple[str, ...],
    format_: str | None,
) -> None:
    """Measure throughput and latency with workers as processes and a real Kafka between.

    Without --bootstrap-servers a broker is started for it. Topics and groups have names of their own and are
    removed afterwards. Arguments after -- go to the workers, such as -- --trace off. Ctrl-C ends it with what
    was measured.
    """
    settings = loaded.settings
    given = "kafka.bootstrap_servers" in loaded.origins
    rules = [part for path in settings.rules.paths for part in ("--rules", path)]
    most = count if not rate else int(rate * (seconds + warm_up))
    feed = _feed(sources, seed, shape, attack_ratio)
    plan = benchmark.Plan(
        folder=folder / datetime.now().astimezone().strftime("%Y-%m-%dT%H-%M-%S"),
        cluster=cluster_of(settings) if given else None,
        engine=settings.broker.engine,
        workers=list(workers),
        rate=rate or None,
        ramp=ramp,
        seconds=seconds,
        warm_up=warm_up,
        count=count,
        partitions=settings.kafka.partitions,
        detect=[*rules, *detect_arguments],
    )
    stop = stop_on_signals()
    pool = pool_of(feed, min(_POOL, most))
    notice(f"{pool.size:,} different events are ready")
    outcomes = []
    for outcome in benchmark.run(plan, pool, stop, notice):
        outcomes.append(outcome)
        _tell(outcome.figures)
    _show(plan.folder, outcomes, format_)


def _feed(sources: Sequence[str], seed: int, shape: ShapeName, attack_ratio: float) -> Feed:
    if sources:
        return RecordedFeed(RecordedFiles(sources, sys.stdin.buffer))
    return SimulatedFeed(Simulator(seed, shape, attack_ratio))


def _tell(found: Figures) -> None:
    """Say what a step gave when it is done: the table comes when all are."""
    late = (
        ""
        if found.published is None
        else f", 99 % of the detections published in {found.published.p99:,.0f} ms"
    )
    late = (
        "" if found.stored is None else f", 99 % of the events stored in {found.stored.p99:,.0f} ms"
    ) + late
    notice(f"  {found.stored_per_second:,.0f} events/s stored{late}")


def _show(folder: Path, outcomes: Sequence[benchmark.Outcome], format_: str | None) -> None:
    """Print the figures, and leave them and the plot in the folder."""
    if not outcomes:
        notice("nothing was measured")
        return
    found = [msgspec.to_builtins(outcome.figures) for outcome in outcomes]
    (folder / "figures.ndjson").write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in found))
    rows = [row_of(outcome.figures) for outcome in outcomes] if is_table(format_) else found
    emit(
        rows,
        format_,
        columns=list(rows[0]),
        title="milliseconds after Kafka's timestamp of 50 / 95 / 99 / 99.9 % of the events",
    )
    try:
        save_latency_plot([o.series for o in outcomes], "tocsin bench", folder / "latency.png")
    except SettingsError as missing:  # the figures are worth more than the picture
        notice(f"no plot: {missing}")
    notice(f"figures, plot and results: {folder}")
