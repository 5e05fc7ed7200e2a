"""Shortens messages that are larger than their topic takes: an event with huge fields stops nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec

from tocsin.model.identity import EVENT_ID_HEADER
from tocsin.sinks.messages import Header, Message

LEAST = 16 * 1024
"""Bytes that a topic must take: whatever an event holds, its message can be brought below that."""

_AROUND = 256
"""Bytes that Kafka puts around a record and its batch, with room to spare; the batch's own are 61."""

_PER_HEADER = 16
"""Bytes that Kafka puts around a header at most: two lengths."""

_OTHERWISE = 2048
"""Bytes that a message of ours has at most beyond three times its value: key and event id are in the value,
and what else stands in its headers has a bound, the longest being a trace state of 512."""

_STEPS = ((4096, 512), (1024, 128), (256, 32), (64, 8), (64, 2))
"""Longest text in characters, and longest list, that are left: one step after the other until the message is
small enough. The ids that Tocsin makes have 36 characters, so they stay whole."""

_MARK = "…"


def fits(message: Message, most: int) -> bool:
    """Say whether a topic that takes `most` bytes takes a message."""
    return _size(message) <= most


def _size(message: Message) -> int:
    headers = sum(4 * len(name) + len(value or b"") + _PER_HEADER for name, value in message.headers)
    return len(message.value or b"") + len(message.key or b"") + headers + _AROUND


def trimmed(message: Message, most: int) -> Message:
    """Return a message as it was if it fits into `most` bytes, which are `LEAST` or more; else a shorter one.

    Of a message of ours the raw event goes first, then texts are cut, more and more of them: they end in an
    ellipsis, and the key `trimmed` names what was cut. A dead letter's bytes are cut at the end, and the
    header `trimmed-from` says how many there were.
    """
    last, _ = message.headers[-1]  # a dead letter has the record's own headers before ours
    ours = last == "content-type"
    if (ours and 3 * len(message.value or b"") + _OTHERWISE <= most) or fits(message, most):
        return message
    return _shorter(message, most) if ours else _cut(message, most)


def _shorter(message: Message, most: int) -> Message:
    record: dict[str, object] = msgspec.json.decode(message.value or b"")
    cut = cast(list[str], record.pop("trimmed", []))
    if record.pop("raw", None) is not None:
        cut = ["raw", *cut]
        found = _with(message, {**record, "trimmed": cut}, None)
        if fits(found, most):
            return found
    for step in _STEPS:
        short = {key: _short(value, step) for key, value in record.items()}
        marks = [key for key, value in record.items() if short[key] != value and key not in cut]
        found = _with(message, {**short, "trimmed": [*cut, *marks]}, step[0])
        if fits(found, most):
            return found
    return found


def _with(message: Message, record: Mapping[str, object], limit: int | None) -> Message:
    return msgspec.structs.replace(
        message,
        key=message.key and message.key[:limit],
        value=msgspec.json.encode(record),
        headers=[
            (name, value[:limit] if value and name == EVENT_ID_HEADER else value)
            for name, value in message.headers
            if limit is None or name != "tracestate"
        ],
    )


def _short(value: object, step: tuple[int, int]) -> object:
    text, entries = step
    if isinstance(value, str):
        return value if len(value) <= text else value[:text] + _MARK
    if isinstance(value, list):
        return [_short(item, step) for item in value[:entries]]
    if isinstance(value, dict):
        pairs = list(value.items())[:entries]
        return {cast(str, _short(name, step)): _short(item, step) for name, item in pairs}
    return value


def _cut(message: Message, most: int) -> Message:
    """Cut the value of a dead letter, and its own headers and key if those alone are too much."""
    note: list[Header] = [("trimmed-from", str(len(message.value or b"")).encode())]
    if message.headers[-1][0] == "trimmed-from":  # it was cut before, but not enough
        note = []
    kept = msgspec.structs.replace(message, value=b"", headers=[*message.headers, *note])
    for text, entries in _STEPS:
        if fits(kept, most):
            break
        headers = [(name[:text], value and value[:text]) for name, value in kept.headers]
        kept = msgspec.structs.replace(  # the last headers are ours
            kept, key=kept.key and kept.key[:text], headers=headers[-max(entries, _OURS) :]
        )
    room = most - _size(kept)
    return msgspec.structs.replace(kept, value=message.value and message.value[:room])


_OURS = 7
"""Headers that say why a record is a dead letter, where it lay and how long it was."""
