"""Judged batches and readers of topics for the tests of this room."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, TopicPartition

from tests.ends import is_end
from tocsin.errors import StreamError
from tocsin.kafka import Topic
from tocsin.model import (
    NO_LABEL,
    NOTHING,
    Batch,
    Detection,
    Event,
    Events,
    Judged,
    Label,
    Level,
    LogSource,
    Rejected,
    RejectReason,
    Stream,
    Verdict,
)
from tocsin.model.identity import ids_at
from tocsin.sinks.kafka import KafkaSink

T = TypeVar("T")

FIRED = Detection(
    rule_id="proc-encoded-powershell",
    rule_title="Encoded PowerShell",
    rule_revision="4f1c2a9be07d",
    level=Level.HIGH,
    tactics=("TA0002", "TA0005"),
    techniques=("T1027", "T1059.001"),
    matched=(("CommandLine", "powershell -enc SQBFAFgA"), ("Image", r"C:\Windows\powershell.exe")),
)
ALSO = Detection("proc-any", "Any process", "77aa0c1d2e3f", Level.LOW, ("TA0002",), ("T1059",), ())
BAD = Rejected(RejectReason.NOT_JSON, "no JSON here")
VERDICTS = {
    "nothing": NOTHING,
    "one": Verdict(Label("TA0002", "T1059.001"), (FIRED,)),
    "two": Verdict(Label("TA0002", "T1059.001"), (FIRED, ALSO)),
    "bad": Verdict(NO_LABEL, (), rejected=BAD),
}


def stream(topic: Topic) -> Stream:
    return Stream("topic", topic.name, topic.id)


SOMEWHERE = Topic("cluster", "raw-events", "topic-id", 4)


def event(event_id: str, **changes: str) -> Event:
    said = {
        "timestamp": "2026-11-21T10:00:00.123Z",
        "user": "j.doe",
        "host": "WS-01",
        "source_ip": "10.0.0.1",
        "event_type": "process_start",
        **changes,
    }
    return Event(event_id=event_id, fields={}, logsource=LogSource(), **said)


def judged(
    offsets: Sequence[int],
    found: str | Sequence[str] = "one",
    *,
    partition: int = 0,
    topic: Topic = SOMEWHERE,
    headers: Sequence[tuple[str, bytes | None]] = (),
    **changes: str,
) -> Judged:
    """Return a judged batch of one partition.

    Args:
        found: which of `VERDICTS` each record has, or all.
        changes: what the events say.
    """
    count = len(offsets)
    names = [found] * count if isinstance(found, str) else found
    verdicts = [VERDICTS[name] for name in names]
    ids = ids_at([topic.id, str(partition)], offsets)
    batch = Batch(
        stream=stream(topic),
        partitions=[partition] * count,
        offsets=list(offsets),
        timestamps=[1_795_255_200_123 + offset for offset in offsets],
        keys=[b"WS-01"] * count,
        values=[b'{"n": %d}' % offset for offset in offsets],
        headers=[list(headers)] * count,
    )
    said = [BAD if v.rejected else event(i, **changes) for i, v in zip(ids, verdicts, strict=True)]
    return Judged(batch, Events.of(said), verdicts, "rules-1")


def started(sink: KafkaSink, partitions: list[int]) -> dict[int, int]:
    """Start as the loop does: try again while the cluster is busy; what has no position begins at 0."""
    known = dict(_patiently(lambda: sink.start(partitions)))
    new = {p: 0 for p in partitions if p not in known}
    if new:
        _patiently(lambda: sink.begin(new))
    return {**known, **new}


def _patiently(act: Callable[[], T]) -> T:
    deadline = time.monotonic() + 60
    while True:
        try:
            return act()
        except StreamError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def read(bootstrap: str, topic: str, partitions: int = 1, isolation: str = "read_committed") -> list[Message]:
    """Return all messages of a topic, as a reader of committed (or all) messages sees them."""
    settings = {
        "bootstrap.servers": bootstrap,
        "group.id": "reader",
        "enable.partition.eof": True,
        "isolation.level": isolation,
    }
    consumer = Consumer(settings)
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(partitions)])
    found: list[Message] = []
    ends = 0
    deadline = time.monotonic() + 60
    while ends < partitions:
        assert time.monotonic() < deadline, "the end of the topic was not reached: is a transaction open?"
        for message in consumer.consume(10_000, 0.5):
            if is_end(message):
                ends += 1
            elif message.error() is None:
                found.append(message)
    consumer.close()
    return found
