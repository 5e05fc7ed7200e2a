"""A record of a topic as the console shows it: text where it is text, else base64; never too much of it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tocsin.kafka.browsing import Found

LONGEST_VALUE = 256 * 1024
"""Bytes of a value that are shown."""

_LONGEST_KEY = 4 * 1024
_MOST_HEADERS = 100
_LAST_INSTANT = 253_402_300_799_999
"""The end of the year 9999 in milliseconds: producers may send any number."""

Encoding = Literal["utf-8", "base64"]


@dataclass(frozen=True, slots=True)
class RecordView:
    """A record.

    Attributes:
        timestamp: null where it has none.
        key: as text, or in base64 as `key_encoding` says; null where there is none.
        headers: name and value; a value that is not text is shown in hexadecimal after `0x`.
        value: as text, or in base64 as `encoding` says; null for a tombstone.
        value_bytes: of the whole value.
        truncated: only the begin of the value is shown.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime | None
    key: str | None
    key_encoding: Encoding
    headers: list[tuple[str, str | None]]
    value: str | None
    value_bytes: int
    truncated: bool
    encoding: Encoding


def record_view(found: Found) -> RecordView:
    """Return a record as it is shown."""
    value, encoding = shown(found.value, LONGEST_VALUE)
    key, key_encoding = shown(found.key, _LONGEST_KEY)
    return RecordView(
        topic=found.topic,
        partition=found.partition,
        offset=found.offset,
        timestamp=_instant(found.timestamp),
        key=key,
        key_encoding=key_encoding,
        headers=[(name, _header(header)) for name, header in found.headers[:_MOST_HEADERS]],
        value=value,
        value_bytes=len(found.value or b""),
        truncated=len(found.value or b"") > LONGEST_VALUE,
        encoding=encoding,
    )


def shown(value: bytes | None, longest: int) -> tuple[str | None, Encoding]:
    """Return the begin of a value, and how it is written.

    Args:
        value: None where there is none.
        longest: bytes of it that are shown.
    """
    if value is None:
        return None, "utf-8"
    begin = value[:longest]
    try:
        return begin.decode(), "utf-8"
    except UnicodeDecodeError as error:
        # Cut within a sign, which has four bytes at most, it is text all the same.
        if len(value) > longest and error.start >= longest - 3:
            return begin[: error.start].decode(), "utf-8"
        return base64.b64encode(begin).decode("ascii"), "base64"


def has(view: RecordView, wanted: str) -> bool:
    """Say whether a text is in what is shown of a record: key, value or a header, in any case."""
    texts = [view.key, view.value, *(text for header in view.headers for text in header)]
    return any(wanted.casefold() in text.casefold() for text in texts if text)


def _header(value: bytes | str | None) -> str | None:
    if value is None or isinstance(value, str):
        return value
    text, encoding = shown(value, _LONGEST_KEY)
    return text if encoding == "utf-8" else "0x" + value[:_LONGEST_KEY].hex()


def _instant(milliseconds: int | None) -> datetime | None:
    if milliseconds is None or not 0 <= milliseconds <= _LAST_INSTANT:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
