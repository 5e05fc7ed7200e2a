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

_LIMITS = (4096, 1024, 256, 64, 16)
"""Longest text that is left, in characters, one after the other until the message is small enough. Lists keep
an eighth as many entries."""

_MARK = "…"


def fits(message: Message, most: int) -> bool:
    """Say whether a topic that takes `most` bytes takes a message."""
    headers = sum(len(name) * 4 + len(value or b"") + _PER_HEADER for name, value in message.headers)
    return len(message.value or b"") + len(message.key or b"") + headers + _AROUND <= most


def trimmed(message: Message, most: int) -> Message:
    """Return a message as it was if it fits into `most` bytes, which are `LEAST` or more; else a shorter one.

    Of a message of ours the raw event goes first, then texts are cut, more and more of them: they end in an
    ellipsis, and the key `trimmed` names what was cut. A dead letter's bytes are cut at the end, and the
    header `trimmed-from` says how many there were.
    """
    if fits(message, most):
        return message
    ours = dict(message.headers).get("content-type") == b"application/json" and message.value is not None
    return _shorter(message, most) if ours else _cut(message, most)


def _shorter(message: Message, most: int) -> Message:
    record: dict[str, object] = msgspec.json.decode(message.value or b"")
    without_raw = {**record, "trimmed": ["raw"]}
    if without_raw.pop("raw", None) is not None:
        found = _with(message, without_raw, None)
        if fits(found, most):
            return found
    record.pop("trimmed", None)
    for limit in _LIMITS:
        short = {key: _short(value, limit) for key, value in record.items() if key != "raw"}
        marks = [key for key, value in record.items() if short.get(key) != value]
        found = _with(message, {**short, "trimmed": marks}, limit)
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


def _short(value: object, limit: int) -> object:
    if isinstance(value, str):
        return value if len(value) <= limit else value[:limit] + _MARK
    if isinstance(value, list):
        return [_short(item, limit) for item in value[: limit // 8]]
    if isinstance(value, dict):
        pairs = list(value.items())[: limit // 8]
        return {cast(str, _short(name, limit)): _short(item, limit) for name, item in pairs}
    return value


def _cut(message: Message, most: int) -> Message:
    value = message.value or b""
    note: Header = ("trimmed-from", str(len(value)).encode())
    for limit in (most, *_LIMITS):
        headers = [(name[:limit], content and content[:limit]) for name, content in message.headers]
        kept = msgspec.structs.replace(
            message,
            key=message.key and message.key[:limit],
            value=b"",
            headers=[*headers[-limit // 2 :], note],  # the last ones are ours
        )
        if fits(kept, most):
            break
    room = max(0, most - _AROUND - sum(len(n) * 4 + len(v or b"") + _PER_HEADER for n, v in kept.headers))
    return msgspec.structs.replace(kept, value=value[: max(0, room - len(kept.key or b""))])
