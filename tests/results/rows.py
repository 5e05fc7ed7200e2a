"""Judged batches for the tests of this room, made without a detector."""

from collections.abc import Sequence

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
from tocsin.results.table import Origin

STREAM = Stream(kind="topic", name="raw-events", id="topic-id")
ORIGIN = Origin(cluster="cluster", topic="raw-events", topic_id="topic-id")

FIRED = Detection(
    rule_id="rule-1",
    rule_title="A rule",
    rule_revision="rev",
    level=Level.HIGH,
    tactics=("TA0002",),
    techniques=("T1059.001",),
    matched=(("CommandLine", "powershell -enc"),),
)


def judged(
    offsets: Sequence[int], partition: int = 0, rejected: Sequence[int] = (), fired: Sequence[int] = ()
) -> Judged:
    """Return a judged batch of one partition; the named offsets were rejected or made the rule fire."""
    count = len(offsets)
    batch = Batch(
        stream=STREAM,
        partitions=[partition] * count,
        offsets=list(offsets),
        timestamps=[1_700_000_000_000] * count,
        keys=[b"host"] * count,
        values=[f"record {partition}/{o}".encode() for o in offsets],
        headers=[[("event-id", b"x")]] * count,
    )
    events = Events.of([BAD if o in rejected else _event(o, partition) for o in offsets])
    return Judged(batch, events, [_verdict(o, rejected, fired) for o in offsets], "rules-1")


BAD = Rejected(RejectReason.NOT_JSON, "no JSON here")


def _verdict(offset: int, rejected: Sequence[int], fired: Sequence[int]) -> Verdict:
    if offset in rejected:
        return Verdict(NO_LABEL, (), rejected=BAD)
    if offset in fired:
        return Verdict(Label("TA0002", "T1059.001"), (FIRED,))
    return NOTHING


def _event(offset: int, partition: int) -> Event:
    return Event(
        event_id=event_id(offset, partition),
        timestamp="2026-11-21T10:00:00.123Z",
        user="fin-01",
        host="WS-01",
        source_ip="10.0.0.1",
        event_type="process_start",
        fields={},
        logsource=LogSource(),
    )


def event_id(offset: int, partition: int = 0) -> str:
    """Return the id that the event at a position has."""
    return ids_at(["test", str(partition)], [offset])[0]
