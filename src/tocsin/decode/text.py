"""A record's bytes to a JSON object, or the reason why there is none."""

from __future__ import annotations

import msgspec

from tocsin.model import Rejected, RejectReason

MAX_BYTES = 10 * 1024 * 1024
"""A record larger than this is rejected: ten times what a Kafka broker takes by default."""

_BOM = b"\xef\xbb\xbf"
_loads = msgspec.json.Decoder().decode


def parse(value: bytes | None) -> dict[str, object] | Rejected:
    """Return the JSON object that a record holds; its strings are valid Unicode."""
    if value is None:
        return Rejected(RejectReason.TOMBSTONE, "the record has no value")
    if len(value) > MAX_BYTES:
        return Rejected(RejectReason.TOO_LARGE, f"{len(value):,} bytes; the limit is {MAX_BYTES:,}")
    try:
        found = _loads(value)
    except _FAULTS as error:
        if value.startswith(_BOM):
            return parse(value.removeprefix(_BOM))
        return _fault(value, error)
    if type(found) is not dict:
        return Rejected(RejectReason.NOT_AN_OBJECT, f"expected a JSON object, got {_kind(found)}")
    return found


_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What the JSON decoder raises: bad text; bad UTF-8 or a number of thousands of digits; deep nesting."""


def _fault(value: bytes, error: Exception) -> Rejected:
    """Say why a value is not JSON."""
    if isinstance(error, RecursionError):
        return Rejected(RejectReason.TOO_DEEP, "objects or arrays are nested too deeply")
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as fault:
        return Rejected(RejectReason.NOT_UTF8, f"byte {fault.start}: {fault.reason}")
    return Rejected(RejectReason.NOT_JSON, str(error) if value.strip() else "the value is empty")


def _kind(found: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return "null" if found is None else names.get(type(found), "something else")
