"""Watches the topic and the consumer group: the lag, and who reads what, for the live page."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tocsin.app.lag import Lag, Lookout, Sight, lags
from tocsin.app.settings import Settings
from tocsin.errors import SettingsError, TocsinError
from tocsin.kafka import Cluster, topic_there
from tocsin.kafka.browsing import Topics
from tocsin.results.location import Location
from tocsin.results.table import VERDICTS

State = Literal["connected", "away", "not_asked"]

_ANEW = 30.0
"""Seconds after which it is looked anew whether the topic and the results are still the same."""

_PATIENCE = 2.0
"""Seconds that a cluster has to answer..."""

_BUSY = 3.0
"""... and for which one that does not may only be busy, before it is told to be away."""

_RATES = 5.0
"""Seconds over which the rates of partitions are measured."""


@dataclass(frozen=True, slots=True)
class KafkaSeen:
    """The topic and the group at one moment.

    Attributes:
        detail: the servers, or what is wrong, and what to do about it.
        lags: a row per partition; none while the topic is not there.
        group: the state of the consumer group, such as `stable`; `unknown` while it was not asked.
    """

    state: State = "not_asked"
    detail: str = ""
    lags: Sequence[Lag] = field(default_factory=tuple)
    group: str = "unknown"


class KafkaWatch:
    """Asks the brokers; `step` is called by one thread, `seen` read by any.

    Args:
        settings: name the topic and the group.
        cluster: where.
        results: whose positions are the truth; those of another topic are not looked at.
        table: returns the id of the table there, empty for none: another one is looked at anew.
    """

    def __init__(
        self, settings: Settings, cluster: Cluster, results: Location, table: Callable[[], str]
    ) -> None:
        self._settings = settings
        self._cluster = cluster
        self._results = results
        self._table = table
        self._known_table = ""
        self._topics: Topics | None = None
        self._lookout: Lookout | None = None
        self._made = 0.0
        self._failed = 0.0
        self._sights: list[Sight] = []
        self.seen = KafkaSeen()

    def step(self) -> None:
        """Look once; takes some seconds where nobody answers."""
        try:
            self.seen = self._look()
            self._failed = 0.0
        except TocsinError as error:
            self._lookout = None
            self._failed = self._failed or time.monotonic()
            if isinstance(error, SettingsError) or time.monotonic() - self._failed > _BUSY:
                self.seen = KafkaSeen("away", str(error))

    def _look(self) -> KafkaSeen:
        if self._topics is None:
            self._topics = Topics(self._cluster)
        servers, name = self._cluster.bootstrap_servers, self._settings.kafka.topic
        try:
            return self._seen(self._topics, name)
        except TocsinError as error:
            self._lookout = None
            self._topics.partitions(_PATIENCE)
            # It does answer: it has just begun, and does not know the group or a leader yet.
            return KafkaSeen("connected", f"{servers}: {error}")

    def _seen(self, topics: Topics, name: str) -> KafkaSeen:
        servers = self._cluster.bootstrap_servers
        lookout = None if self._is_old() else self._lookout
        if lookout is None:
            if name not in topics.partitions(_PATIENCE):
                self._lookout = None
                return KafkaSeen("connected", f"{servers} has no topic {name!r} yet")
            self._lookout = lookout = self._found()
            self._made = time.monotonic()
            self._sights.clear()
        now = lookout.look()
        self._sights = [*(s for s in self._sights if now.at - s.at <= _RATES), now]
        before = self._sights[0] if len(self._sights) > 1 else None
        return KafkaSeen("connected", servers, lags(name, now, before), now.group.state.lower())

    def _is_old(self) -> bool:
        table, self._known_table = self._known_table, self._table()
        return time.monotonic() - self._made > _ANEW or table != self._known_table

    def _found(self) -> Lookout:
        """Look at the positions in the results, or at the group's copy where they are not this topic's."""
        topic = topic_there(self._cluster, self._settings.kafka.topic)
        there = (self._results / VERDICTS).is_table()
        try:
            return Lookout(self._cluster, topic, self._settings.kafka.group, self._results if there else None)
        except SettingsError:
            return Lookout(self._cluster, topic, self._settings.kafka.group, None)
