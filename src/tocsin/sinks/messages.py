"""What Tocsin says to other programs in Kafka: the messages, made from judged batches many at a time.

A contract: docs/messages.md and docs/schemas describe it, and `SCHEMA_VERSION` says which description holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

import msgspec
import numpy as np
from msgspec import UNSET, Meta, Raw, UnsetType

from tocsin.model import Batch, Detection, Headers, Judged, Rejected, Verdict
from tocsin.model.contexts import trace_ids
from tocsin.model.detection_record import detection_ids
from tocsin.model.identity import (
    EVENT_ID_HEADER,
    TRACEPARENT_HEADER,
    carried_traceparent,
    traceparent,
)

SCHEMA_VERSION = "2.0"
"""Sent with every message. The first number rises when a key goes, is renamed or changes its type or
meaning; the second when a key is added."""

LevelName = Literal["informational", "low", "medium", "high", "critical"]

Header = tuple[str, str | bytes | None]

_Trimmed = Annotated[
    list[str],
    Meta(description="Keys whose values were shortened or left out, because the topic takes no more bytes."),
]


class DetectionMessage(msgspec.Struct, forbid_unknown_fields=True):
    """One rule that fired on one event. The keys are those of `tocsin.model.detection_record`, in order."""

    detection_id: Annotated[
        str, Meta(description="A UUID hashed from where the event lay and the rule: a replay gives the same.")
    ]
    event_id: Annotated[str, Meta(description="The event's own id, or one hashed from where it lay.")]
    timestamp: Annotated[str, Meta(description="When it happened, as the event wrote it.")]
    rule_id: Annotated[str, Meta(description="The rule's id.")]
    rule_title: Annotated[str, Meta(description="The rule's title.")]
    rule_revision: Annotated[str, Meta(description="Hash of the rule's text.")]
    level: Annotated[LevelName, Meta(description="The rule's level.")]
    tactics: Annotated[tuple[str, ...], Meta(description="Ids of ATT&CK tactics, in kill-chain order.")]
    techniques: Annotated[tuple[str, ...], Meta(description="Ids of ATT&CK techniques, sorted.")]
    host: Annotated[str, Meta(description="Where; empty when the event does not say. The message's key.")]
    user: Annotated[str, Meta(description="Who; empty when the event does not say.")]
    source_ip: Annotated[str, Meta(description="From where; empty when the event does not say.")]
    event_type: Annotated[str, Meta(description="Such as process_start.")]
    matched: Annotated[
        dict[str, str | list[str]],
        Meta(description="The fields that made the rule fire: a value, or a list where several matched."),
    ]
    topic: Annotated[str, Meta(description="The topic that the event was read from.")]
    partition: Annotated[int, Meta(description="Its partition there.", ge=0)]
    offset: Annotated[int, Meta(description="Its offset there.", ge=0)]
    trace_id: Annotated[
        str,
        Meta(
            description="The event's trace, that of the header `traceparent`, as 32 hex digits.",
            pattern="^[0-9a-f]{32}$",
        ),
    ]
    trimmed: _Trimmed | UnsetType = UNSET


class ClassifiedMessage(msgspec.Struct, forbid_unknown_fields=True):
    """What was concluded about one event, whether a rule fired or not."""

    event_id: Annotated[str, Meta(description="The event's own id, or one hashed from where it lay.")]
    timestamp: Annotated[str, Meta(description="When it happened, as the event wrote it.")]
    event_type: Annotated[str, Meta(description="Such as process_start.")]
    host: Annotated[str, Meta(description="Where; empty when the event does not say. The message's key.")]
    user: Annotated[str, Meta(description="Who; empty when the event does not say.")]
    source_ip: Annotated[str, Meta(description="From where; empty when the event does not say.")]
    tactic: Annotated[
        str,
        Meta(description="Id of the one ATT&CK tactic shown; TA0000 if none.", pattern="^TA[0-9]{4}$"),
    ]
    technique: Annotated[
        str,
        Meta(
            description="Id of the one ATT&CK technique shown; T0000 if none.",
            pattern=r"^T[0-9]{4}(\.[0-9]{3})?$",
        ),
    ]
    level: Annotated[
        LevelName | None, Meta(description="The highest level of the rules that fired; null if none did.")
    ]
    rule_ids: Annotated[list[str], Meta(description="Ids of the rules that fired, in the rule set's order.")]
    topic: Annotated[str, Meta(description="The topic that the event was read from.")]
    partition: Annotated[int, Meta(description="Its partition there.", ge=0)]
    offset: Annotated[int, Meta(description="Its offset there.", ge=0)]
    record_time: Annotated[
        str | None, Meta(description="Kafka's time of the record, RFC 3339 in UTC; null when there is none.")
    ]
    trace_id: Annotated[
        str,
        Meta(
            description="The event's trace, that of the header `traceparent`, as 32 hex digits.",
            pattern="^[0-9a-f]{32}$",
        ),
    ]
    raw: Annotated[str, Meta(description="The event as it was read, if asked for.")] | UnsetType = UNSET
    trimmed: _Trimmed | UnsetType = UNSET


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message to be sent, with the position of the record that it is about.

    Attributes:
        partition, offset: of the record, in the input topic.
        topic: where to.
        key: the event's host, so that a host's messages stay in order; None when it has none.
    """

    partition: int
    offset: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: list[Header]


@dataclass(frozen=True, slots=True)
class Outputs:
    """The topics that are published to; an empty name is none.

    Attributes:
        detections: one message per detection.
        classified: one message per event.
        dead_letters: one message per record that is not an event: its bytes as they were.
        raw: put the event as it was read into the messages of `classified`.
    """

    detections: str = ""
    classified: str = ""
    dead_letters: str = ""
    raw: bool = False

    @property
    def names(self) -> list[str]:
        """Return the topics that are asked for."""
        return [name for name in (self.detections, self.classified, self.dead_letters) if name]


def messages(judged: Judged, rows: Sequence[int], outputs: Outputs) -> Iterator[Message]:
    """Yield what is to be published about some rows of a judged batch, in the order of the rows per topic."""
    events = [row for row in rows if judged.verdicts[row].rejected is None]
    identities = _Identities(judged)
    if outputs.detections:
        yield from _detections(judged, events, outputs.detections, identities)
    if outputs.classified:
        yield from _classified(judged, events, outputs, identities)
    if outputs.dead_letters and len(events) < len(rows):
        yield from _dead_letters(judged, rows, outputs.dead_letters)


_encode = msgspec.json.Encoder().encode


class _Identities:
    """A row's key and headers, made once for all messages about it."""

    def __init__(self, judged: Judged) -> None:
        self._ids = judged.events.ids
        self._hosts = judged.events.hosts
        self._headers = judged.batch.headers
        self._same: list[Header] = [
            ("rule-set-revision", judged.revision.encode()),
            ("schema-version", SCHEMA_VERSION.encode()),
            ("content-type", b"application/json"),
        ]
        self._made: dict[int, list[Header]] = {}

    def key(self, row: int) -> bytes | None:
        return self._hosts[row].encode() or None

    def headers(self, row: int) -> list[Header]:
        found = self._made.get(row)
        if found is None:
            found = self._made[row] = [
                *_context(self._headers[row], self._ids[row]),
                (EVENT_ID_HEADER, self._ids[row].encode()),
                *self._same,
            ]
        return found


def _context(headers: Headers, event_id: str) -> list[Header]:
    """Return the trace context to hand on: the record's own, else what Tocsin's producer would have sent."""
    own = carried_traceparent(headers) if headers else None
    if own is None:
        return [(TRACEPARENT_HEADER, traceparent(event_id, sampled=False).encode())]
    return [(TRACEPARENT_HEADER, own), *(pair for pair in headers if _is_state(pair))]


def _is_state(header: tuple[str, bytes | None]) -> bool:
    name, value = header
    return name == "tracestate" and value is not None and len(value) <= _STATE


_STATE = 512
"""Bytes of a trace state that are handed on: W3C Trace Context wants at least so many."""


def _detections(judged: Judged, rows: Sequence[int], topic: str, who: _Identities) -> Iterator[Message]:
    fired = [row for row in rows if judged.verdicts[row].detections]
    batch, events = judged.batch, judged.events
    ids = iter(detection_ids(batch, fired, [judged.verdicts[row] for row in fired]))
    matched: dict[int, dict[str, str | list[str]]] = {}
    for row, trace in zip(fired, _trace_ids(judged, fired), strict=True):
        for detection in judged.verdicts[row].detections:
            known = matched.get(id(detection))
            if known is None:
                known = matched[id(detection)] = _matched(detection)
            body = DetectionMessage(
                next(ids),
                events.ids[row],
                events.timestamps[row],
                detection.rule_id,
                detection.rule_title,
                detection.rule_revision,
                cast(LevelName, _LEVELS[detection.level]),
                detection.tactics,
                detection.techniques,
                events.hosts[row],
                events.users[row],
                events.source_ips[row],
                events.types[row],
                known,
                batch.stream.name,
                batch.partitions[row],
                batch.offsets[row],
                trace,
            )
            yield _message(batch, row, topic, who, _encode(body))


def _trace_ids(judged: Judged, rows: Sequence[int]) -> list[str]:
    return trace_ids([judged.events.ids[row] for row in rows], [judged.batch.headers[row] for row in rows])


_LEVELS = ("informational", "low", "medium", "high", "critical")


def _matched(detection: Detection) -> dict[str, str | list[str]]:
    """Encode what matched once for all events that share the detection."""
    values: dict[str, list[str]] = defaultdict(list)
    for field, value in detection.matched:
        values[field].append(value)
    shown = {field: found[0] if len(found) == 1 else found for field, found in values.items()}
    return cast(dict[str, str | list[str]], Raw(_encode(shown)))  # goes into the message as it is


def _classified(judged: Judged, rows: Sequence[int], outputs: Outputs, who: _Identities) -> Iterator[Message]:
    batch, events = judged.batch, judged.events
    conclusions: dict[int, tuple[Any, ...]] = {}
    times = _record_times([batch.timestamps[row] for row in rows])
    for row, time, trace in zip(rows, times, _trace_ids(judged, rows), strict=True):
        verdict = judged.verdicts[row]
        known = conclusions.get(id(verdict))
        if known is None:
            known = conclusions[id(verdict)] = _conclusion(verdict)
        body = ClassifiedMessage(
            events.ids[row],
            events.timestamps[row],
            events.types[row],
            events.hosts[row],
            events.users[row],
            events.source_ips[row],
            *known,  # type: ignore[call-arg]  # mypy cannot count them
            batch.stream.name,
            batch.partitions[row],
            batch.offsets[row],
            time,
            trace,
            (batch.values[row] or b"").decode("utf-8", "replace") if outputs.raw else UNSET,
        )
        yield _message(batch, row, outputs.classified, who, _encode(body))


def _conclusion(verdict: Verdict) -> tuple[Any, ...]:
    """Return tactic, technique, level and rule ids, the last encoded once for all events that share them."""
    highest = max((detection.level for detection in verdict.detections), default=None)
    return (
        verdict.label.tactic,
        verdict.label.technique,
        None if highest is None else _LEVELS[highest],
        Raw(_encode([detection.rule_id for detection in verdict.detections])),
    )


_LAST = 253_402_300_799_999
"""The end of the year 9999 in milliseconds: producers may send any number, readers know no later time."""


def _record_times(timestamps: Sequence[int]) -> list[str | None]:
    """Return milliseconds since 1970 as RFC 3339 texts, a batch at once."""
    known = np.asarray(timestamps, dtype="int64")
    valid = (known >= 0) & (known <= _LAST)
    texts = np.datetime_as_string(np.where(valid, known, 0).astype("datetime64[ms]"), timezone="UTC").tolist()
    return texts if valid.all() else [text if ok else None for text, ok in zip(texts, valid, strict=True)]


def _dead_letters(judged: Judged, rows: Sequence[int], topic: str) -> Iterator[Message]:
    for row in rows:
        rejected = judged.verdicts[row].rejected
        if rejected is not None:
            yield _dead_letter(judged.batch, row, rejected, topic)


def _dead_letter(batch: Batch, row: int, rejected: Rejected, topic: str) -> Message:
    partition, offset = batch.partitions[row], batch.offsets[row]
    headers: list[Header] = [
        *batch.headers[row],
        ("rejected-reason", rejected.reason.value.encode()),
        ("rejected-detail", rejected.detail.encode("utf-8", "replace")),
        ("source-topic", batch.stream.name.encode()),
        ("source-partition", str(partition).encode()),
        ("source-offset", str(offset).encode()),
        ("source-timestamp", str(batch.timestamps[row]).encode()),
    ]
    return Message(partition, offset, topic, batch.keys[row], batch.values[row], headers)


def _message(batch: Batch, row: int, topic: str, who: _Identities, value: bytes) -> Message:
    return Message(batch.partitions[row], batch.offsets[row], topic, who.key(row), value, who.headers(row))
