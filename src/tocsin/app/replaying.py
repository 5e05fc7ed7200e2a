"""Sends dead letters to their topic again, as they are or mended, piece by piece, each at most once."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec
from filelock import FileLock, Timeout

from tocsin.decode import decode
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.errors import SettingsError
from tocsin.model import Batch, Event, Headers, Rejected
from tocsin.model.identity import EVENT_ID_HEADER, TRACEPARENT_HEADER, traceparent
from tocsin.results import dead_letters
from tocsin.results.dead_letters import Choice, DeadLetter, Place
from tocsin.results.location import Location, Where
from tocsin.results.table import DEAD_LETTERS, Origin, origin_of
from tocsin.sinks.replay import HEADER, Outbound, Replay, UnknownError

Position = tuple[int, int]
"""Partition and offset."""

_PIECE_RECORDS = 1_000
"""Most records that are sent in one transaction and marked in one commit."""

_PIECE_BYTES = 16_000_000
"""Most bytes of them, as long as each is smaller: what is held in memory at once."""

_EXAMPLES = 10
"""How many of those that stay are named."""


class Intent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a replay is about to do, on disk before it does it.

    Attributes:
        name: of the batch, as its records in Kafka carry it.
        ends: partition of the topic -> where it ended before.
        positions: of the dead letters in it.
    """

    name: str
    ends: dict[int, int]
    positions: list[Position]


class Mended(Protocol):
    """New bytes for records, by position; they need not be in memory."""

    def positions(self) -> Iterable[Position]:
        """Return the positions for which there are bytes."""

    def value(self, position: Position) -> bytes | None:
        """Return the bytes for a position, or None if there are none."""


@dataclass(slots=True)
class Outcome:
    """What a replay did.

    Attributes:
        recovered: dead letters that an interrupted replay had sent, now marked.
        sent: sent now.
        still: how many still are no events; they stay.
        before: how many of those mended were sent by an earlier replay, or are not among the chosen.
        lost: how many have nothing that could be sent: their records, or their bytes, were not kept.
        examples: a few of those that still are no events, with the reason.
    """

    recovered: int = 0
    sent: int = 0
    still: int = 0
    before: int = 0
    lost: int = 0
    examples: list[tuple[DeadLetter, Rejected]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mending:
    """How dead letters become events.

    Attributes:
        mended: new bytes for some of them; None for none.
        shape, limits: as workers decode.
    """

    mended: Mended | None = None
    shape: str | None = None
    limits: Limits = DEFAULT


def replay(
    results: Where,
    to: Replay,
    choice: Choice,
    mending: Mending,
    watch: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Send dead letters that are events by now: because of a newer decoder, or because they were mended.

    For each piece the order is: note the intent, send in a transaction, mark as replayed, forget the intent.
    Whoever is interrupted in between leaves an intent, and the next replay finds out from the topic how far
    it went.

    Args:
        results: the results folder.
        to: where they are sent.
        choice: which ones; those that were replayed before never are.
        mending: how they become events.
        watch: called after each piece.

    Raises:
        SettingsError: another replay of these results is running, they are another topic's, an interrupted
            replay cannot be looked into, or a mended record is not a dead letter.
        StreamError: the broker or the store is away; nothing is sent twice when it is tried again.
    """
    folder = Location.of(results).path
    _check_topic(results, to)
    lock = FileLock(folder / "replay.lock")
    try:
        with lock.acquire(timeout=0):
            done = Outcome(recovered=_recover(results, to, folder / "replay.json"))
            for piece in _pieces(_waiting(results, choice, mending.mended, done)):
                _send_piece(results, to, piece, mending, done)
                watch(done)
            return done
    except Timeout as error:
        raise SettingsError(f"{results}: another replay is running", "wait for it to end") from error


def _check_topic(results: Where, to: Replay) -> None:
    held = origin_of(results, DEAD_LETTERS)
    here = Origin(to.topic.cluster, to.topic.name, to.topic.id)
    if held is not None and held != here:
        raise SettingsError(
            f"{results}: came from {held}, not from {here}",
            "records are sent to the topic they came from, from its workers' results: name it with --topic",
        )


def _recover(results: Where, to: Replay, intent_file: Path) -> int:
    """Finish what an interrupted replay began; return how many records it had sent."""
    if not intent_file.exists():
        return 0
    hint = f"look for its records in the topic (header {HEADER!r}), then delete the file"
    try:
        intent = msgspec.json.decode(intent_file.read_bytes(), type=Intent)
        sent = to.was_sent(intent.name, intent.ends)
    except msgspec.MsgspecError as error:
        raise SettingsError(
            f"{intent_file}: cannot be read, so it is not known if an interrupted replay was sent: {error}",
            hint,
        ) from error
    except UnknownError as error:
        raise SettingsError(f"{intent_file}: {error}", hint) from error
    if sent:
        dead_letters.mark_replayed(results, intent.positions, datetime.now(UTC))
    intent_file.unlink()
    return len(intent.positions) if sent else 0


def _waiting(results: Where, choice: Choice, mended: Mended | None, done: Outcome) -> list[Place]:
    """Return what may be sent; only positions and sizes, so that there can be millions.

    Raises:
        SettingsError: something was mended that is no dead letter.
    """
    found = dead_letters.places(results, replace(choice, replayed=False))
    given = set(mended.positions()) if mended else set()
    given_in_vain = given.difference((w.partition, w.offset) for w in found)
    if given_in_vain:
        others = {(w.partition, w.offset) for w in dead_letters.places(results, Choice())}
        unknown = given_in_vain - others
        if unknown:
            partition, offset = min(unknown)
            raise SettingsError(
                f"no dead letter is at partition {partition}, offset {offset}",
                "see: tocsin dead-letters list",
            )
        done.before = len(given_in_vain)
    whole = [w for w in found if w.has_value or (w.partition, w.offset) in given]
    done.lost = len(found) - len(whole)
    return whole


def _pieces(found: Iterable[Place]) -> Iterator[list[Place]]:
    """Cut into pieces of one partition each, in the order of their offsets."""
    piece: list[Place] = []
    size = 0
    for one in sorted(found, key=lambda w: (w.partition, w.offset)):
        full = len(piece) >= _PIECE_RECORDS or size + one.size > _PIECE_BYTES
        if piece and (full or piece[0].partition != one.partition):
            yield piece
            piece, size = [], 0
        piece.append(one)
        size += one.size
    if piece:
        yield piece


def _send_piece(results: Where, to: Replay, piece: list[Place], mending: Mending, done: Outcome) -> None:
    wanted = {w.offset for w in piece}
    outbound: dict[Position, Outbound] = {}
    stretch = Choice(
        partition=piece[0].partition, between=(piece[0].offset, piece[-1].offset), replayed=False
    )
    for letter in dead_letters.find(results, stretch):
        if letter.record.offset not in wanted:
            continue
        position = (letter.record.partition, letter.record.offset)
        value = mending.mended.value(position) if mending.mended else None
        value = letter.record.value if value is None else value
        event = _event(letter, value, mending)
        if isinstance(event, Rejected):
            done.still += 1
            if len(done.examples) < _EXAMPLES:
                done.examples.append((letter, event))
        else:
            outbound[position] = Outbound(letter.record.key, value, _headers(letter.record.headers, event))
    if outbound:
        _send(results, to, outbound)
        done.sent += len(outbound)


def _send(results: Where, to: Replay, outbound: dict[Position, Outbound]) -> None:
    intent = Intent(str(uuid.uuid4()), dict(to.ends()), list(outbound))
    intent_file = Location.of(results).path / "replay.json"
    fresh = intent_file.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.encode(intent))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(intent_file)
    to.send(intent.name, outbound.values())
    dead_letters.mark_replayed(results, intent.positions, datetime.now(UTC))
    intent_file.unlink()


def _event(letter: DeadLetter, value: bytes | None, mending: Mending) -> Event | Rejected:
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
    (found,) = decode(batch, mending.shape, mending.limits)
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
