"""What is remembered of kept events from their judgement until they are stored: columns, and no more."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tocsin.model import Judged, Level, Verdict
from tocsin.model.contexts import Contexts, contexts_of
from tocsin.model.verdict import Times
from tocsin.telemetry import names
from tocsin.telemetry.sampling import Sampling
from tocsin.telemetry.spans import Attributes

_WHO = 10_000
"""Hosts with users and kinds of events whose attributes are remembered, and verdicts."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The kept events of a batch, as columns of equal length.

    Attributes:
        stream: the topic's name.
        times: of the batch.
        size: records in the batch.
        first: partition and offset of its first record.
        revision: of the rule set.
        sent: milliseconds since 1970 by the record; -1 for not known.
        events: attributes that say who and what, by themselves.
        hosts: the same, of the host alone.
        verdicts: attributes that say what was concluded.
    """

    stream: str
    times: Times
    size: int
    first: tuple[int, int]
    revision: str
    event_ids: Sequence[str]
    partitions: Sequence[int]
    offsets: Sequence[int]
    sent: Sequence[int]
    contexts: Contexts
    events: Sequence[Attributes]
    hosts: Sequence[Attributes]
    verdicts: Sequence[Attributes]

    def __len__(self) -> int:
        return len(self.event_ids)

    def without(self, partitions: Collection[int]) -> Kept:
        """Return what is left when the events of some partitions are not stored by us."""
        gone = set(partitions)
        rows = [row for row, partition in enumerate(self.partitions) if partition not in gone]
        if len(rows) == len(self):
            return self
        return Kept(
            self.stream,
            self.times,
            self.size,
            self.first,
            self.revision,
            [self.event_ids[row] for row in rows],
            [self.partitions[row] for row in rows],
            [self.offsets[row] for row in rows],
            [self.sent[row] for row in rows],
            self.contexts.take(rows),
            [self.events[row] for row in rows],
            [self.hosts[row] for row in rows],
            [self.verdicts[row] for row in rows],
        )


class Keeper:
    """Takes what is kept out of judged batches.

    Args:
        sampling: which.
    """

    def __init__(self, sampling: Sampling) -> None:
        self._sampling = sampling
        self._who: dict[tuple[str, str, str], tuple[Attributes, Attributes]] = {}
        self._concluded: dict[tuple[str, str, tuple[str, ...], str], Attributes] = {}
        self._last: tuple[Judged, Kept] | None = None

    def kept(self, judged: Judged) -> Kept:
        """Return the kept events of a batch; the same as before for the same batch."""
        last = self._last
        if last is not None and last[0] is judged:
            return last[1]
        found = self._taken(judged)
        self._last = (judged, found)
        return found

    def _taken(self, judged: Judged) -> Kept:
        batch, events, verdicts = judged.batch, judged.events, judged.verdicts
        contexts = contexts_of(events.ids, batch.headers)
        rows = self._sampling.rows(contexts.traces, judged.different)
        said = [self._said(events.hosts[row], events.users[row], events.types[row]) for row in rows]
        concluded = {id(verdicts[row]): verdicts[row] for row in rows}
        shared = {key: self._said_of(verdict, judged.revision) for key, verdict in concluded.items()}
        return Kept(
            stream=batch.stream.name,
            times=judged.times,
            size=len(batch),
            first=(batch.partitions[0], batch.offsets[0]) if len(batch) else (0, 0),
            revision=judged.revision,
            event_ids=[events.ids[row] for row in rows],
            partitions=[batch.partitions[row] for row in rows],
            offsets=[batch.offsets[row] for row in rows],
            sent=[batch.timestamps[row] for row in rows],
            contexts=contexts.take(rows),
            events=[event for event, _ in said],
            hosts=[host for _, host in said],
            verdicts=[shared[id(verdicts[row])] for row in rows],
        )

    def _said(self, host: str, user: str, kind: str) -> tuple[Attributes, Attributes]:
        key = (host, user, kind)
        found = self._who.get(key)
        if found is None:
            if len(self._who) >= _WHO:
                self._who.clear()
            event = Attributes((names.EVENT_TYPE, kind), (names.HOST, host), (names.USER, user))
            found = self._who[key] = (event, Attributes((names.HOST, host)))
        return found

    def _said_of(self, verdict: Verdict, revision: str) -> Attributes:
        """Return what is said of a verdict; of many that differ it is the same, but for what matched."""
        rules = tuple(detection.rule_id for detection in verdict.detections)
        highest = max((detection.level for detection in verdict.detections), default=None)
        key = (verdict.label.tactic, verdict.label.technique, rules, revision)
        found = self._concluded.get(key)
        if found is None:
            if len(self._concluded) >= _WHO:
                self._concluded.clear()
            level = () if highest is None else ((names.LEVEL, str(Level(highest))),)
            found = self._concluded[key] = Attributes(
                (names.TACTIC, verdict.label.tactic),
                (names.TECHNIQUE, verdict.label.technique),
                (names.RULES, list(rules)),
                *level,
                (names.RULE_SET, revision),
            )
        return found
