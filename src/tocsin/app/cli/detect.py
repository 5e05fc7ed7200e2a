"""`tocsin detect`: one worker of the consumer group."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable

import click
import msgspec

from tocsin.app.cli.options import RULES, SHAPE, STRICT, takes
from tocsin.app.cli.output import notice
from tocsin.app.cli.ranges import asked_of, kept_apart, range_options
from tocsin.app.cli.signals import reload_on_hangup, stop_on_signals
from tocsin.app.cli.worker_log import ended, worker_log
from tocsin.app.finish import Finish
from tocsin.app.frugal import keep_little
from tocsin.app.ranges import Edge
from tocsin.app.settings import Loaded
from tocsin.app.wire import Running, kafka_worker
from tocsin.attack import catalogue
from tocsin.rules import RuleSet, Status
from tocsin.run.progress import Snapshot

_SHOWN = 5
"""Rules that cannot be evaluated are named up to this number; the others are counted."""

PROGRESS = click.option(
    "--progress",
    type=click.Choice(["line", "ndjson", "none"]),
    help="What to show on stderr while working.  [default: line on a terminal, else none]",
)


@click.command()
@takes(
    "kafka.bootstrap_servers",
    "kafka.topic",
    "kafka.partitions",
    "kafka.group",
    "kafka.client",
    "kafka.group_instance_id",
    "kafka.on_gap",
    *RULES,
    "rules.reload_seconds",
    "results.dir",
    "results.csv",
    "results.keep_events",
    "results.commit_rows",
    "results.commit_seconds",
    "publish.detections_topic",
    "publish.classified_topic",
    "publish.classified_raw",
    "publish.dead_letters_topic",
    "publish.backfill",
    "publish.seconds",
    "worker.queue_rows",
    "worker.queue_megabytes",
    "worker.revoke_seconds",
    "worker.drain_seconds",
    "worker.patience_seconds",
    "health.listen",
    "health.stuck_seconds",
    "metrics.listen",
    "log.level",
    "log.format",
    "log.detections",
    "log.events",
    "trace.events",
    "trace.ratio",
    "trace.level",
    "trace.store",
    "trace.store_megabytes",
)
@click.option("--once", is_flag=True, help="Stop when everything in the topic has been classified.")
@range_options
@SHAPE
@STRICT
@PROGRESS
def detect(  # noqa: PLR0913 - one argument per flag is click's way
    loaded: Loaded,
    *,
    once: bool,
    shape: str | None,
    strict: bool,
    progress: str | None,
    from_offset: Edge | None,
    from_time: Edge | None,
    until: Edge | None,
    partition: tuple[int, ...],
) -> int:
    """Classify the events of a topic: one worker of a consumer group.

    Start as many as the topic has partitions; they share the work. A worker that was killed is resumed by
    starting it again: every event is in the results exactly once. Rules that change are swapped in between
    two batches, also on SIGHUP; a broken set is told and leaves the old one judging.

    With --from-offset, --from-time, --until or --partition it is no member of the group: it classifies those
    records once more, into --results of their own, and ends.
    """
    keep_little()
    stop = stop_on_signals()
    asked = asked_of(from_offset, from_time, until, partition)
    settings = loaded.settings if asked is None else kept_apart(loaded)
    with worker_log(settings.log) as log:

        def work() -> None:
            with kafka_worker(settings, log, shape=shape, strict=strict, asked=asked) as running:
                tell_of_rules(running.rules, log.info)
                reader = f"group {settings.kafka.group}" if asked is None else "a range of it"
                log.info(
                    f"topic {settings.kafka.topic}, {reader};"
                    f" results in {settings.results.dir} {settings.results.csv}".rstrip()
                )
                reporter = _Reporter(running, progress or ("line" if sys.stderr.isatty() else "none"), stop)
                _turn(running, reporter, stop, to_the_end=once or asked is not None)
            _summary(running.progress.snapshot({}), log.info)

        return ended(log, work)


def _turn(running: Running, reporter: _Reporter, stop: threading.Event, *, to_the_end: bool) -> None:
    if running.reloader is not None:
        reload_on_hangup(running.reloader.ask, stop)
    finish = Finish(running)
    reporter.start()
    try:
        running.worker.run(lambda: stop.is_set() or (to_the_end and finish.reached()))
    finally:
        reporter.stop()


def tell_of_rules(rules: RuleSet, tell: Callable[[str], None] = notice) -> None:
    """Say how many rules run, and which do not: a rule that is silent must not seem to watch."""
    faulty = [entry for entry in rules.report if entry.status is not Status.OK]
    tell(f"{len(rules.rules):,} rules loaded, {len(faulty):,} not (revision {rules.revision})")
    for entry in faulty[:_SHOWN]:
        tell(f"  {entry.source}: {entry.status}: {entry.reason}")
    if len(faulty) > _SHOWN:
        tell(f"  and {len(faulty) - _SHOWN:,} more; see: tocsin rules check")


class _Reporter:
    """Shows a snapshot once a second."""

    def __init__(self, running: Running, mode: str, finish: threading.Event) -> None:
        self._running = running
        self._mode = mode
        self._finish = finish
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="progress", daemon=True)

    def start(self) -> None:
        if self._mode != "none":
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._mode != "none":
            self._thread.join()
            with contextlib.suppress(BrokenPipeError):
                self._show()
                click.echo("\n" if self._mode == "line" else "", err=True, nl=False)

    def _work(self) -> None:
        while not self._stop.wait(1.0):
            try:
                self._show()
            except BrokenPipeError:  # whoever watched is gone, and with them the wish for more
                self._finish.set()
                return

    def _show(self) -> None:
        running = self._running
        snapshot = running.progress.snapshot(running.source.lag(), running.waiting())
        if self._mode == "ndjson":
            click.echo(msgspec.json.encode(snapshot), err=True)
        else:
            click.echo("\r\x1b[K" + _line(snapshot), err=True, nl=False)


def _line(snapshot: Snapshot) -> str:
    names = catalogue()
    tactics = sorted(snapshot.tactics.items(), key=lambda item: -item[1])[:4]
    shown = "  ".join(f"{names.name(tactic)} {count:,}" for tactic, count in tactics)
    lag = sum(snapshot.lag.values())
    return (
        f"{snapshot.records:,} events  {snapshot.per_second:,.0f}/s  lag {lag:,}  {snapshot.waiting or shown}"
    )


def _summary(snapshot: Snapshot, tell: Callable[[str], None]) -> None:
    rejected = sum(snapshot.rejected.values())
    tell(f"{snapshot.records:,} records judged in {snapshot.seconds:,.1f} s, {rejected:,} rejected")
    for reason, count in sorted(snapshot.rejected.items()):
        tell(f"  {count:,} {reason}: kept in the dead letters")
