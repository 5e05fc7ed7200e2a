"""`tocsin produce`: publish synthetic or recorded events to a topic."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from tocsin.app.cli.options import takes
from tocsin.app.cli.parameters import Duration, Moment
from tocsin.app.cli.progress import Style, progress
from tocsin.app.cli.signals import stop_on_signals
from tocsin.app.cli.worker_log import ended, worker_log
from tocsin.app.metering import producer_meter
from tocsin.app.producing import (
    Feed,
    PacketFeed,
    Plan,
    SimulatedFeed,
    Surroundings,
    publish_all,
    times_of,
)
from tocsin.app.recorded import RecordedFeed, Tempo
from tocsin.app.settings import Loaded
from tocsin.app.tracing import ends_of, outlets_of
from tocsin.app.wire import publisher_of
from tocsin.errors import SettingsError, StreamError
from tocsin.simulate.files import EventFile, event_line, truth_line
from tocsin.simulate.packets import PacketWriter
from tocsin.simulate.weave import ShapeName, Simulator
from tocsin.sinks import Counts, Publisher
from tocsin.sources.files import RecordedFiles
from tocsin.telemetry.logs import Log
from tocsin.telemetry.producer_metrics import ProducerMetrics

Tell = Callable[[str], None]
"""Says a sentence."""

DEFAULT_RATE = 100.0
"""Simulated events a second unless said otherwise: one can follow them with the eye."""

ATTACK_RATIO = 0.1
"""Share of malicious events unless said otherwise: enough to see something in a minute."""


@dataclass(frozen=True, slots=True)
class Made:
    """How simulated events are made; None where the command line does not say.

    Attributes:
        start: of the first event, milliseconds since 1970 UTC.
        span: milliseconds over which the events are spread.
        truth: file for the ground truth.
    """

    seed: int | None
    shape: ShapeName | None
    attack_ratio: float | None
    start: int | None
    span: int | None
    truth: Path | None


@click.command()
@takes(
    "kafka.bootstrap_servers",
    "kafka.topic",
    "kafka.partitions",
    "kafka.client",
    "log.level",
    "log.format",
    "trace.events",
    "trace.ratio",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0),
    help="Events a second; 0 for as fast as possible.  [default: 100; 0 with --from]",
)
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many events.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Stop after so long.")
@click.option(
    "--seed", type=click.IntRange(min=0), help="The same seed gives the same activity.  [default: random]"
)
@click.option(
    "--shape",
    type=click.Choice(["lab", "windows"]),
    help="The lab's flat events, or Sysmon, Security and other Windows logs as NXLog collects them."
    "  [default: lab]",
)
@click.option(
    "--attack-ratio",
    type=click.FloatRange(min=0, max=1),
    help=f"Share of malicious events.  [default: {ATTACK_RATIO}]",
)
@click.option("--start", type=Moment(), help="Time of the first event.  [default: events happen now]")
@click.option(
    "--span",
    type=Duration(),
    help="Spread --count events over such a stretch; it ends now, unless --start is given.",
)
@click.option(
    "--from",
    "sources",
    multiple=True,
    type=click.Path(exists=True, allow_dash=True),
    help="Publish recorded events instead: JSON, CSV, EVTX, archives, folders, or - for stdin. Repeatable.",
)
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    help="With --from: replay at the pace of the events' own times; 60 is an hour a minute.",
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write what is published to a file: such a table if it is called .csv, else NDJSON.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write which events are malicious, and why, to a file: NDJSON, for tocsin score.",
)
@click.option(
    "--progress",
    "style",
    type=click.Choice(["bar", "ndjson", "none"]),
    help="What to show on stderr while working.  [default: bar on a terminal, else none]",
)
@click.option(
    "--metrics-listen",
    metavar="HOST:PORT",
    default="",
    help="Answer /metrics there, for Prometheus; port 0 takes a free one.",
)
def produce(  # noqa: PLR0913 - one argument per flag is click's way
    *,
    loaded: Loaded,
    rate: float | None,
    count: int | None,
    seconds: float | None,
    sources: tuple[str, ...],
    speed: float | None,
    save: Path | None,
    style: Style | None,
    metrics_listen: str,
    **made: Any,
) -> int:
    """Publish synthetic or recorded events to a topic, until --count, --seconds or Ctrl-C.

    The producer knows nothing of who reads the topic. Events are keyed by host.
    """
    if rate is None:
        rate = 0.0 if sources else DEFAULT_RATE
    plan = Plan(rate, count, seconds)
    simulated = Made(**made)
    stop = stop_on_signals()
    if sources:
        _check_recorded(made, save, sources)
    elif speed is not None:
        raise SettingsError("--speed has no effect on simulated events", "use --rate, or --from")
    with worker_log(loaded.settings.log) as log:

        def work() -> None:
            feed: Feed
            if sources:
                feed = _recorded(sources, _tempo(speed, plan, stop))
            else:
                feed = _simulated(simulated, plan, log.info)
            files = list(_files(save, simulated))
            shown = style or ("bar" if sys.stderr.isatty() else "none")
            with producer_meter(metrics_listen, loaded.settings, plan.rate, log.info) as metrics:
                _publish(loaded, feed, plan, Around(log, stop, files, shown, metrics))

        return ended(log, work)


@dataclass(frozen=True, slots=True)
class Around:
    """What a run has around it.

    Attributes:
        log: what is said goes there.
        stop: set when somebody wants it to end.
        files: to which events are written as well.
        style: of the progress.
        metrics: of this producer; None when nobody may ask.
    """

    log: Log
    stop: threading.Event
    files: Sequence[PacketWriter | EventFile]
    style: Style
    metrics: ProducerMetrics | None


def _publish(loaded: Loaded, feed: Feed, plan: Plan, around: Around) -> None:
    """Publish what the feed gives, and say how that went.

    Raises:
        StreamError: not everything was delivered.
    """
    log, metrics = around.log, around.metrics
    begun = time.monotonic()
    with ExitStack() as stack:
        outlets = outlets_of(loaded.settings, os.environ, log.info)
        if outlets is not None:
            stack.callback(outlets.close)
        publisher = stack.enter_context(
            publisher_of(
                loaded.settings, around.stop.is_set, outlets, None if metrics is None else metrics.delivered
            )
        )
        for file in around.files:
            stack.enter_context(file)
        show = stack.enter_context(progress(around.style, plan.count))
        if metrics is not None:
            metrics.spans = lambda: ends_of(outlets)

        def watch(counts: Counts) -> None:
            show(counts)
            if metrics is not None:
                metrics.counted(counts.sent, counts.waiting, counts.failed)

        surroundings = Surroundings(
            around.stop.is_set,
            around.stop.wait,
            watch=watch,
            tell=log.info,
            keep=[file.write for file in around.files],
        )
        counts = publish_all(feed, publisher, plan, surroundings)
    _summary(loaded, counts, time.monotonic() - begun, log.info)
    if isinstance(feed, PacketFeed):
        _tell_bad_rows(feed, log.warning)
    if isinstance(feed, RecordedFeed):
        _tell_unreadable(feed, log.warning)
    _check_delivered(counts, publisher, log.warning)


def _simulated(made: Made, plan: Plan, tell: Tell) -> SimulatedFeed:
    if made.span is not None and plan.count is None:
        raise SettingsError("--span needs --count", "how many events are to be spread over it?")
    seed = made.seed if made.seed is not None else secrets.randbelow(1_000_000)
    if made.seed is None:
        tell(f"seed {seed} (--seed {seed} gives the same activity again)")
    times = None
    if made.start is not None or made.span is not None:
        now = time.time_ns() // 1_000_000
        times = times_of(made.start if made.start is not None else now - (made.span or 0), made.span, plan)
    ratio = made.attack_ratio if made.attack_ratio is not None else ATTACK_RATIO
    return SimulatedFeed(Simulator(seed, made.shape or "lab", ratio), times)


def _files(save: Path | None, made: Made) -> Iterator[PacketWriter | EventFile]:
    if save is not None and save.suffix.lower() == ".csv":
        if made.shape == "windows":
            raise SettingsError(
                f"--save {save}: Windows events do not fit the lab's table", "call the file .ndjson"
            )
        yield PacketWriter(save)
    elif save is not None:
        yield EventFile(save, event_line)
    if made.truth is not None:
        yield EventFile(made.truth, truth_line)


def _check_recorded(made: dict[str, Any], save: Path | None, sources: tuple[str, ...]) -> None:
    given = [name for name, value in made.items() if value is not None]
    if save is not None and not _is_packets(sources):
        given.append("save")
    if given:
        raise SettingsError(
            f"--{given[0].replace('_', '-')} has no effect on recorded events",
            "leave it out, or leave out --from",
        )


def _tempo(speed: float | None, plan: Plan, stop: threading.Event) -> Tempo | None:
    if speed is None:
        return None
    if plan.rate:
        raise SettingsError("--speed and --rate contradict each other", "leave one of them out")
    return Tempo(speed, time.monotonic, stop.wait, stop.is_set)


def _recorded(sources: tuple[str, ...], tempo: Tempo | None) -> PacketFeed | RecordedFeed:
    if tempo is None and _is_packets(sources):
        return PacketFeed(Path(sources[0]))
    return RecordedFeed(RecordedFiles(sources, sys.stdin.buffer), tempo=tempo)


def _is_packets(sources: tuple[str, ...]) -> bool:
    """Say whether it is one table of the lab's, which gets ids and is checked row by row."""
    return len(sources) == 1 and Path(sources[0]).suffix.lower() == ".csv"


def _summary(loaded: Loaded, counts: Counts, seconds: float, tell: Tell) -> None:
    kafka = loaded.settings.kafka
    tell(
        f"published {counts.sent:,} events to topic {kafka.topic} at {kafka.bootstrap_servers}"
        f" in {seconds:,.1f} s ({counts.sent / max(seconds, 1e-3):,.0f}/s)"
    )


def _tell_bad_rows(feed: PacketFeed, tell: Tell) -> None:
    if feed.bad:
        tell(f"{feed.bad:,} rows of {feed.path} are not events and were left out:")
        for row in feed.examples:
            tell(f"  {feed.path}:{row.line}: {row.reason}")
        if feed.bad > len(feed.examples):
            tell(f"  and {feed.bad - len(feed.examples):,} more")


def _tell_unreadable(feed: RecordedFeed, tell: Tell) -> None:
    total = sum(feed.unreadable.values())
    if total:
        tell(f"{total:,} records could not be read, so there was nothing of them to publish:")
        for record in feed.examples:
            tell(f"  {record.file}:{record.line}: {record.reason}")
        if total > len(feed.examples):
            tell(f"  and {total - len(feed.examples):,} more")


def _check_delivered(counts: Counts, publisher: Publisher, tell: Tell) -> None:
    if not counts.lost:
        return
    for reason, number in sorted(counts.failed.items()):
        tell(f"{number:,} not delivered: {reason}")
    for failure in publisher.examples:
        tell(f"  event {failure.event_id}, {failure.size:,} bytes: {failure.reason}")
    raise StreamError(
        f"{counts.lost:,} of {counts.lost + counts.sent:,} records were not delivered",
        "those above are the first; the others were acknowledged by the broker",
    )
