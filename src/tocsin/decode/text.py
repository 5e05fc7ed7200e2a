"""A record's bytes to a JSON object, or the reason why there is none."""

from __future__ import annotations

import json
import re
from typing import NoReturn

import msgspec

from tocsin.model import Rejected, RejectReason

MAX_BYTES = 10 * 1024 * 1024
"""A record larger than this is rejected: ten times what a Kafka broker takes by default."""

MAX_DEPTH = 100
"""Objects and arrays inside one another; events have five, and what reads them may recurse."""

_loads = msgspec.json.Decoder().decode


def parse(value: bytes | None) -> dict[str, object] | Rejected:
    """Return the JSON object that a record holds; its strings are valid Unicode.

    A byte order mark is passed over, UTF-16 is transcoded, and half a surrogate pair becomes U+FFFD: Windows
    allows it in a command line, and an event must not hide behind it.
    """
    if value is None:
        return Rejected(RejectReason.TOMBSTONE, "the record has no value")
    if len(value) > MAX_BYTES:
        return too_large(len(value))
    try:
        found = _loads(value)
    except _FAULTS as error:
        return _mended(value, error)
    return _object(value, found)


def too_large(size: int) -> Rejected:
    """Return why a record of so many bytes is not looked at."""
    return Rejected(RejectReason.TOO_LARGE, f"{size:,} bytes; the limit is {MAX_BYTES:,}")


_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What the JSON decoder raises: bad text; bad UTF-8 or a number of thousands of digits; deep nesting."""

_BOM = b"\xef\xbb\xbf"
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


def _object(value: bytes, found: object) -> dict[str, object] | Rejected:
    if type(found) is not dict:
        return Rejected(RejectReason.NOT_AN_OBJECT, f"expected a JSON object, got {_kind(found)}")
    if _is_deep(value, found):
        return _TOO_DEEP
    return found


_TOO_DEEP = Rejected(RejectReason.TOO_DEEP, f"objects or arrays are nested deeper than {MAX_DEPTH}")


def _is_deep(value: bytes, found: dict[str, object]) -> bool:
    if value.find(b"{", 1) < 0 and value.find(b"[") < 0:  # most records; the search costs 0.1 us
        return False
    if value.count(b"{") + value.count(b"[") <= MAX_DEPTH:
        return False
    level: list[object] = [found]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)  # type: ignore[attr-defined]
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True


def _mended(value: bytes, error: Exception) -> dict[str, object] | Rejected:
    """Try what a strict decoder refuses although it can be understood; else say what is wrong."""
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    if value.startswith(_BOM):
        return parse(value.removeprefix(_BOM))
    encoding = utf_16_of(value)
    if encoding:
        return parse(value.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8"))
    if _HALF_PAIR.search(value):
        try:
            return _object(value, _whole(json.loads(value, parse_constant=_refuse)))
        except (ValueError, RecursionError):
            pass
    return _fault(value, error)


def utf_16_of(value: bytes) -> str:
    """Return which UTF-16 a text begins in, by its byte order mark or by the zero in its first character."""
    start = value[:2]
    if start == b"\xff\xfe" or (start[1:] == b"\0" and start[:1].isascii() and start[:1] != b"\0"):
        return "utf-16-le"
    if start == b"\xfe\xff" or (start[:1] == b"\0" and start[1:].isascii() and start[1:] not in {b"", b"\0"}):
        return "utf-16-be"
    return ""


def _whole(found: object) -> object:
    """Return a JSON value with U+FFFD in the place of every half of a surrogate pair."""
    if isinstance(found, str):
        return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(found, dict):
        return {_whole(key): _whole(inner) for key, inner in found.items()}
    return [_whole(inner) for inner in found] if isinstance(found, list) else found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _fault(value: bytes, error: Exception) -> Rejected:
    """Say why a value is not JSON."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as fault:
        return Rejected(RejectReason.NOT_UTF8, f"byte {fault.start}: {fault.reason}")
    return Rejected(RejectReason.NOT_JSON, str(error) if value.strip() else "the value is empty")


def _kind(found: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return "null" if found is None else names.get(type(found), "something else")
