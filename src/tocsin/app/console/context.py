"""What every page of the console is answered from: the settings, where things are, and what lives beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from tocsin.app.console.browsing import Browsing
from tocsin.app.console.rule_shelf import RuleShelf
from tocsin.app.console.sampler import Sampler
from tocsin.app.console.store import StoredDetections, stored_detections
from tocsin.app.console.summaries import Summaries
from tocsin.app.settings import Settings
from tocsin.app.wire import cluster_of
from tocsin.kafka import Cluster
from tocsin.results.location import Location


@dataclass(frozen=True, slots=True)
class Console:
    """A console that is open.

    Attributes:
        settings: of the console and of what it looks at.
        results: where the workers keep what they find; nothing may be there yet.
        cluster: how to reach Kafka, which may be away.
        started: when.
        sampler: looks at the pipeline each second.
        browsing: reads topics.
        summaries: of all that is stored.
        detections: those that are stored.
        rules: those that are explained and tested with.
    """

    settings: Settings
    results: Location
    cluster: Cluster
    started: datetime
    sampler: Sampler
    browsing: Browsing
    summaries: Summaries
    detections: StoredDetections
    rules: RuleShelf

    def end(self) -> None:
        """End what goes on and on, so that the last answers can end."""
        self.browsing.tails.end()
        self.sampler.end()


@contextmanager
def opened(
    settings: Settings, tell: Callable[[str], None] = lambda _: None, *, watches: bool = True
) -> Iterator[Console]:
    """Open a console, whether or not there is anything to look at yet.

    Args:
        settings: of the console and of what it looks at.
        tell: called with a sentence, from several threads, when something cannot be followed any more.
        watches: look at pipeline and results each second; without that, everything is as it was at first.

    Raises:
        SettingsError: the results are somewhere where results cannot be, or the cache cannot be written.
    """
    results, cluster = Location.of(settings.results.dir), cluster_of(settings)
    with (
        stored_detections(settings, results, tell, watches=watches) as detections,
        closing(Sampler(settings, cluster, results)) as sampler,
    ):
        if watches:
            sampler.start()
        console = Console(
            settings=settings,
            results=results,
            cluster=cluster,
            started=datetime.now(UTC),
            sampler=sampler,
            browsing=Browsing(cluster),
            summaries=Summaries(results),
            detections=detections,
            rules=RuleShelf(settings, tell),
        )
        try:
            yield console
        finally:
            console.end()


def console_of(connection: HTTPConnection) -> Console:
    """Return the console that a request asks."""
    return cast(Console, connection.app.state.console)


Asked = Annotated[Console, Depends(console_of)]
"""The console, as an argument of a route."""
