"""Fields of OTLP messages in the wire format of Protocol Buffers, as far as traces need them.

The field numbers are those of OpenTelemetry's protocol, version 1 (`common/v1`, `resource/v1`, `trace/v1`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

Value = str | int | bool | Sequence[str]
"""What an attribute may be."""

_SPAN_ATTRIBUTES = b"\x4a"  # Span.attributes = 9
_RESOURCE_ATTRIBUTES = b"\x0a"  # Resource.attributes = 1


def varint(number: int) -> bytes:
    """Return a number >= 0 in groups of seven bits, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


LENGTHS = [varint(length) for length in range(4096)]
"""The lengths of nearly all messages, ready made."""


def sized(tag: bytes, content: bytes) -> bytes:
    """Return a field that has a length."""
    length = len(content)
    return tag + (LENGTHS[length] if length < len(LENGTHS) else varint(length)) + content


def attribute(name: str, value: Value) -> bytes:
    """Return an attribute as a field of a span."""
    return sized(_SPAN_ATTRIBUTES, _key(name) + sized(b"\x12", _value(value)))


def resource_attribute(name: str, value: str) -> bytes:
    """Return an attribute as a field of a resource."""
    return sized(_RESOURCE_ATTRIBUTES, _key(name) + sized(b"\x12", _value(value)))


@lru_cache(maxsize=1_024)
def _key(name: str) -> bytes:
    return sized(b"\x0a", name.encode())


def _value(value: Value) -> bytes:
    if isinstance(value, str):
        return sized(b"\x0a", value.encode("utf-8", "replace"))
    if isinstance(value, bool):
        return b"\x10" + bytes([value])
    if isinstance(value, int):
        return b"\x18" + varint(value & 0xFFFFFFFFFFFFFFFF)
    return sized(b"\x2a", b"".join(sized(b"\x0a", _value(each)) for each in value))
