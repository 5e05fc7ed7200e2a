"""Sends dead letters to their topic again, as they are or mended, each at most once."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from tocsin.decode import decode
from tocsin.errors import SettingsError
from tocsin.model import Batch, Event, Headers, Rejected
from tocsin.model.identity import EVENT_ID_HEADER, TRACEPARENT_HEADER, traceparent
from tocsin.results import dead_letters
from tocsin.results.dead_letters import Choice, DeadLetter
from tocsin.results.table import DEAD_LETTERS, Origin, origin_of
from tocsin.sinks.replay import Outbound, Replay

Position = tuple[int, int]
"""Partition and offset."""

SUFFIX = ".replay"
"""Of the consumer group that has the marks, after the name of the workers' group."""


class Intent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a replay is about to do, on disk before it does it.

    Attributes:
        name: of the batch, as its mark in Kafka has it.
        group: the consumer group that has the mark.
        positions: of the dead letters in it.
    """

    name: str
    group: str
    positions: list[Position]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay did.

    Attributes:
        recovered: dead letters that an interrupted replay had sent, now marked.
        sent: sent now.
        still: those that still are no events, with the reason; they stay.
    """

    recovered: int
    sent: int
    still: list[tuple[DeadLetter, Rejected]]


def replay(results: Path, to: Replay, choice: Choice, mended: Mapping[Position, bytes]) -> Outcome:
    """Send dead letters that are events by now: because of a newer decoder, or because they were mended.

    The order is: note the intent, send in a transaction, mark as replayed, forget the intent. Whoever is
    interrupted in between leaves an intent, and the next replay finds out from Kafka how far it went.

    Args:
        results: the results folder.
        to: where they are sent.
        choice: which ones; those that were replayed before never are.
        mended: new bytes for records at these positions.

    Raises:
        SettingsError: another replay of these results is running, they are another topic's, an interrupted
            replay cannot be looked into, or a mended record is not a dead letter.
        StreamError: the broker or the store is away; nothing is sent twice when it is tried again.
    """
    _check_topic(results, to)
    intent_file = results / "replay.json"
    lock = FileLock(results / "replay.lock")
    try:
        with lock.acquire(timeout=0):
            recovered = _recover(results, to, intent_file)
            return _replay(results, to, choice, mended, recovered)
    except Timeout as error:
        raise SettingsError(f"{results}: another replay is running", "wait for it to end") from error


def _check_topic(results: Path, to: Replay) -> None:
    held = origin_of(results, DEAD_LETTERS)
    here = Origin(to.topic.cluster, to.topic.name, to.topic.id)
    if held is not None and held != here:
        raise SettingsError(
            f"{results}: came from topic {held.topic!r} ({held.topic_id}) of cluster {held.cluster},"
            f" not from topic {here.topic!r} ({here.topic_id}) of cluster {here.cluster}",
            "records are sent to the topic they came from: name it with --topic",
        )


def _recover(results: Path, to: Replay, intent_file: Path) -> int:
    """Finish what an interrupted replay began; return how many records it had sent."""
    if not intent_file.exists():
        return 0
    try:
        intent = msgspec.json.decode(intent_file.read_bytes(), type=Intent)
    except msgspec.MsgspecError as error:
        raise SettingsError(
            f"{intent_file}: cannot be read, so it is not known if an interrupted replay was sent: {error}",
            "look for its records in the topic, then delete the file",
        ) from error
    if intent.group != to.group:
        raise SettingsError(
            f"{intent_file}: a replay with the mark in group {intent.group} was interrupted",
            f"finish it first, with --group {intent.group.removesuffix(SUFFIX)}",
        )
    sent = to.was_sent(intent.name)
    if sent:
        dead_letters.mark_replayed(results, intent.positions, datetime.now(UTC))
    intent_file.unlink()
    return len(intent.positions) if sent else 0


def _replay(
    results: Path, to: Replay, choice: Choice, mended: Mapping[Position, bytes], recovered: int
) -> Outcome:
    chosen = Choice(choice.reason, choice.partition, choice.offset, replayed=False)
    still: list[tuple[DeadLetter, Rejected]] = []
    outbound: dict[Position, Outbound] = {}
    unknown = set(mended)
    for letter in dead_letters.find(results, chosen):
        position = (letter.record.partition, letter.record.offset)
        unknown.discard(position)
        value = mended.get(position, letter.record.value)
        event = _event(letter, value)
        if isinstance(event, Rejected):
            still.append((letter, event))
        else:
            outbound[position] = Outbound(letter.record.key, value, _headers(letter.record.headers, event))
    if unknown:
        partition, offset = min(unknown)
        raise SettingsError(
            f"no dead letter waits at partition {partition}, offset {offset}",
            "it may have been replayed already; see: tocsin dead-letters list",
        )
    if outbound:
        _send(results, to, outbound)
    return Outcome(recovered, len(outbound), still)


def _send(results: Path, to: Replay, outbound: Mapping[Position, Outbound]) -> None:
    intent = Intent(str(uuid.uuid4()), to.group, list(outbound))
    intent_file = results / "replay.json"
    fresh = intent_file.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(intent))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(intent_file)
    to.send(intent.name, outbound.values())
    dead_letters.mark_replayed(results, intent.positions, datetime.now(UTC))
    intent_file.unlink()


def _event(letter: DeadLetter, value: bytes | None) -> Event | Rejected:
    record = letter.record
    batch = Batch(
        stream=record.stream,
        partitions=[record.partition],
        offsets=[record.offset],
        timestamps=[record.timestamp],
        keys=[record.key],
        values=[value],
        headers=[record.headers],
    )
    (found,) = decode(batch)
    return found


def _headers(headers: Headers, event: Event) -> Headers:
    """Return the record's headers, with the id it had at its first position: it stays the same event."""
    named = {name for name, _ in headers}
    ours: list[tuple[str, bytes | None]] = list(headers)
    if EVENT_ID_HEADER not in named:
        ours.append((EVENT_ID_HEADER, event.event_id.encode()))
    if TRACEPARENT_HEADER not in named:
        ours.append((TRACEPARENT_HEADER, traceparent(event.event_id, sampled=False).encode()))
    return ours
