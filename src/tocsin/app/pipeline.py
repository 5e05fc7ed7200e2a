"""The pipeline for programs and notebooks: what the commands do, as calls, with the same settings."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tocsin.app.finish import Finish
from tocsin.app.lag import Lag, Lookout, lags
from tocsin.app.producing import Feed, Plan, SimulatedFeed, Surroundings, publish_all
from tocsin.app.settings import Loaded, Settings, load
from tocsin.app.story import Story, story_of
from tocsin.app.tracing import outlets_of
from tocsin.app.wire import cluster_of, kafka_worker, publisher_of
from tocsin.errors import StreamError
from tocsin.kafka import topic_there
from tocsin.model.identity import is_uuid
from tocsin.results.location import Location
from tocsin.results.table import VERDICTS
from tocsin.simulate.weave import ShapeName, Simulator
from tocsin.stats.events import events_of
from tocsin.stats.plots import save_plot
from tocsin.stats.questions import Summary, summary
from tocsin.telemetry.logs import Log, Severity

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Classified:
    """What one worker did.

    Attributes:
        records: judged, rejected ones included.
        rejected: of them, in the dead letters now.
        seconds: from joining the group to the end.
    """

    records: int
    rejected: int
    seconds: float


class Pipeline:
    """One topic, one consumer group and one folder of results.

    Settings come from `tocsin.toml` and the environment, as for the commands; what is given here wins.

    Args:
        folder: where the results table (`results`) and `classified_packets.csv` are.
        topic, group, bootstrap_servers, rules, trace: as the settings of those names.
        tell: is told what a person should know; by default it is written to stderr.

    Raises:
        SettingsError: a setting must be mended.
    """

    def __init__(  # noqa: PLR0913 - each may be named; most calls name two
        self,
        folder: str | Path = "data",
        *,
        topic: str | None = None,
        group: str | None = None,
        bootstrap_servers: str | None = None,
        rules: Sequence[str] | None = None,
        trace: str | None = None,
        tell: Tell | None = None,
    ) -> None:
        self.folder = Path(folder)
        given = {
            "results.dir": str(self.folder / "results"),
            "results.csv": str(self.folder / "classified_packets.csv"),
            "kafka.topic": topic,
            "kafka.group": group,
            "kafka.bootstrap_servers": bootstrap_servers,
            "rules.paths": None if rules is None else list(rules),
            "trace.events": trace,
            "trace.store": trace == "all" or None,
        }
        flags = {key: value for key, value in given.items() if value is not None}
        self.loaded: Loaded = load(None, os.environ, flags)
        self._tell = tell or _to_stderr

    @property
    def settings(self) -> Settings:
        """Return every setting that is in force."""
        return self.loaded.settings

    @property
    def csv(self) -> Path:
        """Return where the one-line-per-event CSV is."""
        return Path(self.settings.results.csv)

    @property
    def verdicts(self) -> Path:
        """Return where the Delta table of verdicts is: a row per event."""
        return Path(self.settings.results.dir) / VERDICTS

    def produce(
        self,
        count: int,
        *,
        rate: float = 0.0,
        seed: int | None = None,
        shape: ShapeName = "lab",
        attack_ratio: float = 0.05,
    ) -> int:
        """Publish simulated events.

        Args:
            count: how many.
            rate: events a second; 0 for as fast as possible.
            seed: gives the same activity again; None picks one.
            shape: `lab`, or `windows` for Sysmon and Security events.
            attack_ratio: share of malicious events, 0 to 1.

        Returns:
            How many the broker has acknowledged.

        Raises:
            StreamError: no broker answers, or some were not delivered.
        """
        picked = secrets.randbelow(1_000_000) if seed is None else seed
        return self._publish(SimulatedFeed(Simulator(picked, shape, attack_ratio)), Plan(rate, count))

    def publish(self, events: Iterable[Mapping[str, object]], *, rate: float = 0.0) -> int:
        """Publish events of your own, as JSON; where one has no `event_id` it gets a new one, in a header.

        Args:
            events: of any shape; those with the same `host` stay in order.
            rate: events a second; 0 for as fast as possible.

        Returns:
            How many the broker has acknowledged.

        Raises:
            StreamError: no broker answers, or some were not delivered.
        """
        own = [_own(event) for event in events]
        return self._publish(_Given(own), Plan(rate, len(own)))

    def _publish(self, feed: Feed, plan: Plan) -> int:
        settings, stop = self.settings, threading.Event()
        outlets = outlets_of(settings, os.environ, self._tell)
        try:
            with publisher_of(settings, stop.is_set, outlets) as publisher:
                counts = publish_all(
                    feed, publisher, plan, Surroundings(stop.is_set, stop.wait, tell=self._tell)
                )
        finally:
            if outlets is not None:
                outlets.close()
        if counts.lost:
            raise StreamError(f"{counts.lost:,} of {counts.lost + counts.sent:,} records were not delivered")
        return counts.sent

    def classify(self, *, seconds: float | None = None, follow: bool = False) -> Classified:
        """Be one worker of the group: judge and store until everything that there is has been stored.

        Interrupting it (Ctrl-C, or a notebook's stop button) ends it in order: nothing is lost or twice.

        Args:
            seconds: end after so long in any case.
            follow: do not end when everything has been stored: more may come.

        Raises:
            TocsinError: what is wrong with rules, settings, broker or store.
        """
        begun = time.monotonic()
        log = Log(self._tell, "text", Severity.WARNING)
        with kafka_worker(self.settings, log) as running:
            finish = Finish(running)
            end = float("inf") if seconds is None else begun + seconds
            running.worker.run(lambda: (not follow and finish.reached()) or time.monotonic() >= end)
            found = running.progress.snapshot({})
        return Classified(found.records, sum(found.rejected.values()), time.monotonic() - begun)

    def lag(self) -> list[Lag]:
        """Return how far the results are behind, partition by partition.

        Raises:
            StreamError: no broker answers.
            SettingsError: there is no such topic.
        """
        cluster = cluster_of(self.settings)
        place = Location.of(self.settings.results.dir)
        results = place if (place / VERDICTS).is_table() else None
        topic = topic_there(cluster, self.settings.kafka.topic)
        return lags(topic.name, Lookout(cluster, topic, self.settings.kafka.group, results).look())

    def story(self, event_id: str) -> Story:
        """Return what is known of one event's way: its row in the results, and its spans if it was traced.

        Raises:
            SettingsError: nobody knows this event.
        """
        return story_of(self.settings.results.dir, event_id, None)

    def statistics(self, plot: str | Path | None = None) -> Summary:
        """Return what was found, as `tocsin stats` tells it; draw it, too, if a file is named.

        Raises:
            SettingsError: there are no results yet, or plots need `pip install 'tocsin[plot]'`.
        """
        with events_of(self.settings.results.dir) as events:
            found = summary(events)
        if plot is not None:
            save_plot(found, Path(plot))
        return found


class _Own(msgspec.Struct, frozen=True):
    """An event, ready to be sent."""

    event_id: str
    host: str
    value: bytes


def _own(event: Mapping[str, object]) -> _Own:
    given = event.get("event_id")
    event_id = given if isinstance(given, str) and is_uuid(given) else str(uuid.uuid4())
    host = event.get("host")
    return _Own(event_id, host if isinstance(host, str) else "", msgspec.json.encode(event))


class _Given:
    """Events of one's own, in order."""

    def __init__(self, events: Sequence[_Own]) -> None:
        self._events = events
        self._next = 0

    def take(self, count: int) -> Sequence[_Own]:
        """Return the next events, at most so many."""
        taken = self._events[self._next : self._next + count]
        self._next += len(taken)
        return taken


def _to_stderr(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
