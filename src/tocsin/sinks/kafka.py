"""The sink that publishes detections, verdicts and dead letters to Kafka topics, each exactly once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from tocsin.errors import SettingsError, StreamError
from tocsin.kafka import Cluster, Topic, topic_of
from tocsin.model import Judged
from tocsin.ports import PositionMoved, Positions
from tocsin.sinks.lane import Group, Lane, OvertakenError, refuse_broken_promises
from tocsin.sinks.messages import Outputs, messages
from tocsin.sinks.publisher import BATCH_BYTES, largest_batch
from tocsin.sinks.trimming import LEAST

_AT_ONCE = 4
"""Transactions that are under way at the same time: twelve one after the other take twice as long."""

KEEP_ALIVE = 24 * 3600.0
"""Seconds after which an unchanged position is committed again: Kafka forgets the positions of groups
without members, after a week by default."""


class KafkaSink:
    """A side sink over transactions, one producer per input partition; see `lane` for why each is there once.

    Args:
        cluster: where the topics are.
        source: the input topic.
        group: a consumer group of this sink's own, `<group of the workers>.kafka`; it holds the positions.
        outputs: where to. Topics that are missing are created with the input's partition count.
        tell: called with sentences for the person watching.

    Attributes:
        published: topic -> messages committed so far.
        shortened: topic -> messages that were larger than it takes, and were cut.

    Raises:
        SettingsError: a topic is named twice, is the input itself, or takes too little.
        StreamError: no broker answers, or it refuses.
    """

    def __init__(
        self, cluster: Cluster, source: Topic, group: str, outputs: Outputs, tell: Callable[[str], None]
    ) -> None:
        _check(source, outputs)
        refuse_broken_promises(cluster.options)
        self._source = source
        self._outputs = outputs
        self._tell = tell
        self._largest = {name: _takes(cluster, name, source.partitions) for name in outputs.names}
        self._group = Group(cluster, source, group)
        self._lanes: dict[int, Lane] = {}
        self._overtaken: set[int] = set()
        self._told_of_size: set[str] = set()
        self.published: Counter[str] = Counter()
        self.shortened: Counter[str] = Counter()

    def start(self, partitions: list[int]) -> Positions:
        """Shut out whoever published for these before, and return the positions that are known then.

        Raises:
            StreamError: the cluster is away; it may be asked again.
        """
        self.discard(partitions)
        lanes = {p: Lane(self._group, p, self._largest) for p in partitions}
        taken = self._on_all(Lane.open, list(lanes.values()))
        if taken:
            names = ", ".join(str(lane.partition) for lane in taken)
            raise StreamError(
                f"another worker takes partitions {names} of {self._source.name} at this moment"
            )
        known = self._group.positions(partitions)
        for partition, position in known.items():
            lanes[partition].start_at(position)
        self._lanes.update(lanes)
        return known

    def begin(self, positions: Positions) -> None:
        """Commit positions for partitions that have none.

        Raises:
            PositionMoved: another worker has done so.
            StreamError: the cluster is away; it may be tried again.
        """
        lanes = [self._lanes[p] for p in positions if p in self._lanes]
        for lane in lanes:
            lane.held_to = positions[lane.partition]
        self._flush(lanes)
        self._raise_overtaken()
        shown = ", ".join(f"{p} from {offset}" for p, offset in sorted(positions.items()))
        self._tell(
            f"group {self._group.name} knew no positions of {self._source.name}; messages begin at {shown}"
        )

    def write(self, judged: Judged) -> None:
        """Hold the messages about a judged batch."""
        places = zip(judged.batch.partitions, judged.batch.offsets, strict=True)
        lanes = self._lanes
        ends = {}
        rows = []
        for row, (partition, offset) in enumerate(places):
            if partition in lanes:
                rows.append(row)
                ends[partition] = offset + 1
        for message in messages(judged, rows, self._outputs):
            lanes[message.partition].hold(message)
        for partition, end in ends.items():
            lanes[partition].held_to = end

    def flush(self) -> Positions:
        """Commit what is held, each partition's messages in a transaction with its position.

        Raises:
            PositionMoved: after everything else was committed.
            StreamError: the cluster is away; what was not committed is held.
        """
        now = time.monotonic()
        begun = [lane for lane in self._lanes.values() if lane.position is not None]
        self._flush([x for x in begun if x.held_to != x.position or now - x.settled > KEEP_ALIVE])
        self._raise_overtaken()
        return self._positions()

    def discard(self, partitions: list[int]) -> None:
        """Forget what is held for these."""
        for partition in partitions:
            self._overtaken.discard(partition)
            lane = self._lanes.pop(partition, None)
            if lane is not None:
                lane.close()

    def close(self) -> None:
        """Let go of the broker. What was not flushed stays with the next worker."""
        self._lanes.clear()
        self._group.close()

    def _flush(self, lanes: list[Lane]) -> None:
        try:
            self._on_all(Lane.flush, lanes)
        finally:
            for lane in lanes:
                self._count(lane)

    def _on_all(self, act: Callable[[Lane], None], lanes: list[Lane]) -> list[Lane]:
        """Do it for each, a few at once; return those that another worker has taken.

        Raises:
            StreamError: it failed for some; those that were taken are told later.
            SettingsError: librdkafka does not accept a property.
        """
        outcomes = _outcomes(act, lanes)
        taken = [lane for lane, outcome in outcomes if isinstance(outcome, OvertakenError)]
        for lane in taken:
            self._lanes.pop(lane.partition, None)  # nothing more is held for it until it is started anew
            self._overtaken.add(lane.partition)
            lane.close()
        for _, outcome in outcomes:
            if outcome is not None and not isinstance(outcome, OvertakenError):
                raise outcome
        return taken

    def _raise_overtaken(self) -> None:
        if self._overtaken:
            moved, self._overtaken = sorted(self._overtaken), set()
            raise PositionMoved(moved, self._positions())

    def _positions(self) -> Positions:
        return {p: lane.position for p, lane in self._lanes.items() if lane.position is not None}

    def _count(self, lane: Lane) -> None:
        self.published.update(lane.sent)
        self.shortened.update(lane.shortened)
        for topic in lane.shortened.keys() - self._told_of_size:
            self._told_of_size.add(topic)
            self._tell(f"topic {topic} takes less than some messages have: those are shortened")
        lane.sent.clear()
        lane.shortened.clear()


def _outcomes(act: Callable[[Lane], None], lanes: list[Lane]) -> list[tuple[Lane, Exception | None]]:
    """Do it for each, and return what came of it.

    Not with a pool of the standard library, whose threads a process waits for at its end: one may be waiting
    for a cluster that is away.
    """
    left, done = iter(lanes), dict[Lane, Exception | None]()
    turn = threading.Lock()

    def work() -> None:
        while True:
            with turn:
                lane = next(left, None)
            if lane is None:
                return
            try:
                act(lane)
                done[lane] = None
            except Exception as error:  # noqa: BLE001 - raised by whoever asked, if it is not expected
                done[lane] = error

    names = [f"publish-{number}" for number in range(min(_AT_ONCE, len(lanes)))]
    threads = [threading.Thread(target=work, name=name, daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(done.items())


def _check(source: Topic, outputs: Outputs) -> None:
    names = outputs.names
    if source.name in names:
        raise SettingsError(
            f"topic {source.name!r} is read and published to", "name another topic, or it would never end"
        )
    if len(set(names)) < len(names):
        raise SettingsError(f"a topic is published to twice: {', '.join(names)}", "name one each")


def _takes(cluster: Cluster, name: str, partitions: int) -> int:
    """Return how many bytes a topic takes in a batch; the topic is created when it is missing."""
    most = largest_batch(cluster, topic_of(cluster, name, partitions)) or BATCH_BYTES
    if most < LEAST:
        raise SettingsError(
            f"topic {name!r} takes {most:,} bytes", f"give it a max.message.bytes of at least {LEAST:,}"
        )
    return most
