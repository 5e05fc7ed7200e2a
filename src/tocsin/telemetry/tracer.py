"""Makes the spans of kept events when what was done with them is durable, and hands them on.

An event's spans have ids that are derived from where it lay, so the worker, the CSV's writer and a worker
that takes over name the same parents without talking, and what is told twice is told with the same ids.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tocsin.model import Judged
from tocsin.model.contexts import Bytes, Flags, from_our_producer
from tocsin.telemetry import names
from tocsin.telemetry.kept import Keeper, Kept
from tocsin.telemetry.sampling import Sampling
from tocsin.telemetry.spans import Attributes, Column, Each, Kind, Link, Numbers, Shared, Spans, span_ids

LINKS = 128
"""Kept events that a batch's span links to, at most; OpenTelemetry's own limit."""

Outlet = Callable[[Sequence[Spans]], None]
"""Takes spans away; never waits."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """As whom events are read.

    Attributes:
        service: the worker's.
        group: the consumer group.
    """

    service: str
    group: str


class Tracer:
    """Knows which events are kept and what their spans are.

    Args:
        sampling: which events.
        consumer: as whom they are read.
        outlet: where spans go.

    Attributes:
        kept: spans that were made so far.
    """

    def __init__(self, sampling: Sampling, consumer: Consumer, outlet: Outlet) -> None:
        self.sampling = sampling
        self.kept = 0
        self._consumer = consumer
        self._outlet = outlet
        self._keeper = Keeper(sampling)
        self._flags = Attributes((names.RECONSTRUCTED, True))
        self._shared: dict[tuple[str, str, int], Attributes] = {}

    def keep(self, judged: Judged) -> Kept:
        """Return what is to be remembered of a batch."""
        return self._keeper.kept(judged)

    def judged_and_stored(self, kept: Kept, stage: Stage, ended: int) -> None:
        """Tell that kept events are in the results: everything from the producer's span to the row.

        Args:
            kept: of one batch.
            stage: when they were written and committed.
            ended: nanoseconds since 1970.
        """
        ids = Each(names.EVENT_ID, kept.event_ids)
        ours = from_our_producer(kept.contexts, kept.event_ids)
        consumed = self._span_ids(names.CONSUME, kept)
        arrived = kept.times.arrived or stage.began
        judged = kept.times.judged or stage.began
        self.put(
            [
                self._reconstructed(kept, np.flatnonzero(ours & ~kept.contexts.sampled).tolist()),
                self._consumed(kept, consumed, ids, ours, (arrived, ended)),
                self._child(names.CLASSIFY, kept, consumed, [ids, Shared(kept.verdicts)], (arrived, judged)),
                self._child(names.WRITE_DELTA, kept, consumed, [ids], (stage.began, ended)),
                *self._batch(kept, consumed, stage, ended),
            ]
        )

    def published(self, kept: Kept, stage: Stage, ended: int) -> None:
        """Tell that messages about kept events are committed."""
        consumed = self._span_ids(names.CONSUME, kept)
        self.put(
            [
                self._child(
                    names.PUBLISH,
                    kept,
                    consumed,
                    [Each(names.EVENT_ID, kept.event_ids)],
                    (stage.began, ended),
                )
            ]
        )

    def put(self, spans: Sequence[Spans]) -> None:
        """Hand spans on."""
        made = [each for each in spans if len(each)]
        if made:
            self.kept += sum(map(len, made))
            self._outlet(made)

    def span_ids(
        self, stage: str, topic: str, partitions: Sequence[int], offsets: Sequence[int], traces: Bytes
    ) -> Bytes:
        """Return the ids of a stage's spans of events at these places."""
        at, there = np.asarray(partitions), np.asarray(offsets, np.int64)
        found = np.zeros((len(at), 8), np.uint8)
        for partition in set(partitions):
            rows = at == partition
            scope = [self._consumer.group, topic, str(partition)]
            found[rows] = span_ids(stage, scope, there[rows], traces[rows])
        return found

    @property
    def service(self) -> str:
        """Return the worker's name as a service."""
        return self._consumer.service

    def _span_ids(self, stage: str, kept: Kept) -> Bytes:
        return self.span_ids(stage, kept.stream, kept.partitions, kept.offsets, kept.contexts.traces)

    def _consumed(
        self, kept: Kept, consumed: Bytes, ids: Column, ours: Flags, times: tuple[int, int]
    ) -> Spans:
        """Return the spans that all others of the worker's are under."""
        places = {p: self._place(names.CONSUME, kept.stream, p) for p in set(kept.partitions)}
        where = [places[p] for p in kept.partitions]
        return Spans(
            self._consumer.service,
            names.CONSUME,
            Kind.CONSUMER,
            kept.contexts.traces,
            consumed,
            np.where((kept.contexts.sampled | ours)[:, None], kept.contexts.parents, np.uint8(0)),
            _same(times[0], kept),
            _same(times[1], kept),
            [
                ids,
                Shared(kept.events),
                Shared(kept.verdicts),
                Shared(where),
                Each(names.OFFSET, kept.offsets),
            ],
            _links(kept, ours),
            remote=True,
        )

    def _reconstructed(self, kept: Kept, rows: list[int]) -> Spans:
        """Return the spans that Tocsin's producer did not make: it could not know what would be detected."""
        some, at = kept.contexts.take(rows), [kept.sent[row] for row in rows]
        times = np.array([t * 1_000_000 if t >= 0 else kept.times.arrived for t in at], np.int64)
        place = self._place(names.PRODUCE, kept.stream, -1)
        said: list[Column] = [
            Each(names.EVENT_ID, [kept.event_ids[row] for row in rows]),
            Shared([kept.hosts[row] for row in rows]),
            Shared([place] * len(rows)),
            Shared([self._flags] * len(rows)),
        ]
        roots = np.zeros_like(some.parents)
        return Spans(
            names.PRODUCER_SERVICE,
            names.PRODUCE,
            Kind.PRODUCER,
            some.traces,
            some.parents,
            roots,
            times,
            times + 1,  # Jaeger finds fault with a span that takes no time at all
            said,
        )

    def _child(
        self,
        name: str,
        kept: Kept,
        consumed: Bytes,
        said: Sequence[Column],
        times: tuple[int, int],
    ) -> Spans:
        """Return spans under `consume_event`."""
        return Spans(
            self._consumer.service,
            name,
            Kind.INTERNAL,
            kept.contexts.traces,
            self._span_ids(name, kept),
            consumed,
            _same(times[0], kept),
            _same(times[1], kept),
            said,
        )

    def _batch(self, kept: Kept, consumed: Bytes, stage: Stage, ended: int) -> Iterable[Spans]:
        """Return the spans of a batch's stages, in a trace of its own that links to events in it."""
        if not len(kept):
            return
        times = kept.times
        arrived = times.arrived or stage.began
        decoded = times.decoded or arrived
        place = "\0".join([self._consumer.group, kept.stream, *map(str, (*kept.first, kept.size))])
        digest = hashlib.blake2b(place.encode("utf-8", "replace"), digest_size=16, person=b"tocsin.batch")
        trace = np.frombuffer(digest.digest(), np.uint8).reshape(1, 16)
        said = Attributes(
            (names.BATCH_SIZE, kept.size), ("tocsin.kept", len(kept)), (names.RULE_SET, kept.revision)
        )
        where = self._place(names.PROCESS_BATCH, kept.stream, kept.first[0])
        linked = zip(kept.contexts.traces[:LINKS], consumed[:LINKS], strict=True)
        links = [Link(t.tobytes(), s.tobytes()) for t, s in linked]
        root = span_ids(names.PROCESS_BATCH, ["batch"], [0], trace)
        none = np.zeros_like(root)
        stages = [
            (names.PROCESS_BATCH, none, times.asked or arrived, ended),
            (names.POLL, root, times.asked or arrived, arrived),
            (names.DECODE, root, arrived, decoded),
            (names.MATCH, root, decoded, times.judged or stage.wrote_from),
            (names.WRITE, root, stage.wrote_from, stage.wrote_to),
            (names.COMMIT, root, stage.began, ended),
        ]
        for name, parent, begin, end in stages:
            is_root = parent is none
            yield Spans(
                self._consumer.service,
                name,
                Kind.INTERNAL,
                trace,
                root if is_root else span_ids(name, ["batch"], [0], trace),
                parent,
                np.array([begin], np.int64),
                np.array([end], np.int64),
                [Shared([said]), Shared([where])] if is_root else [],
                [links] if is_root else (),
            )

    def _place(self, name: str, topic: str, partition: int) -> Attributes:
        """Return the attributes that OpenTelemetry's conventions for messaging want."""
        key = (name, topic, partition)
        found = self._shared.get(key)
        if found is None:
            doing = ("send", "send") if name == names.PRODUCE else ("process", "process")
            said = [(names.SYSTEM, "kafka"), (names.DESTINATION, topic)]
            if partition >= 0:
                said += [(names.PARTITION, str(partition)), (names.GROUP, self._consumer.group)]
            said += [(names.OPERATION, doing[0]), (names.OPERATION_TYPE, doing[1])]
            found = self._shared[key] = Attributes(*said)
        return found


@dataclass(frozen=True, slots=True)
class Stage:
    """When a sink did what; nanoseconds since 1970.

    Attributes:
        wrote_from, wrote_to: it took the batch.
        began: it began to make it durable.
    """

    wrote_from: int
    wrote_to: int
    began: int


def _same(moment: int, kept: Kept) -> Numbers:
    return np.full(len(kept), moment, np.int64)


def _links(kept: Kept, ours: Flags) -> Sequence[Sequence[Link]]:
    """Link to the spans of foreign producers that are not kept: as parents they would be missing."""
    contexts = kept.contexts
    foreign = contexts.carried & ~contexts.sampled & ~ours
    if not foreign.any():
        return ()
    return [
        (Link(contexts.traces[row].tobytes(), contexts.parents[row].tobytes()),) if linked else ()
        for row, linked in enumerate(foreign.tolist())
    ]


Told = Callable[[Kept, Stage, int], None]


class Pending:
    """What a sink holds of kept events until it says that they are durable.

    Args:
        tracer: knows what is kept.
        told: called with each batch when it is.
        clock: nanoseconds since 1970.
    """

    def __init__(self, tracer: Tracer, told: Told, clock: Callable[[], int] = time.time_ns) -> None:
        self.clock = clock
        self._tracer = tracer
        self._told = told
        self._held: list[tuple[Kept, int, int]] = []

    def wrote(self, judged: Judged, began: int) -> None:
        """Remember a batch that the sink has taken."""
        kept = self._tracer.keep(judged)
        if len(kept):
            self._held.append((kept, began, self.clock()))

    def discard(self, partitions: Collection[int]) -> None:
        """Forget partitions that are not ours any more."""
        self._held = [(kept.without(partitions), begun, done) for kept, begun, done in self._held]

    def flushed(self, began: int) -> None:
        """Tell about everything that is held."""
        held, self._held = self._held, []
        ended = self.clock()
        for kept, wrote_from, wrote_to in held:
            self._told(kept, Stage(wrote_from, wrote_to, began), ended)
