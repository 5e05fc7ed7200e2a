"""A record's bytes to a JSON object, or the reason why there is none."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from math import isqrt
from typing import NoReturn

import msgspec

from tocsin.decode.limits import DEFAULT, PATHS, Limits
from tocsin.model import Rejected, RejectReason

_Container = dict[str, object] | list[object]

_loads = msgspec.json.Decoder().decode


def parse(value: bytes | None, limits: Limits = DEFAULT) -> dict[str, object] | Rejected:
    """Return the JSON object that a record holds, if it is within the limits; its strings are valid Unicode.

    A byte order mark is passed over, UTF-16 is transcoded, half a surrogate pair becomes U+FFFD (Windows
    allows it in a command line), and a number out of range a text: an event must not hide behind it.
    """
    if value is None:
        return Rejected(RejectReason.TOMBSTONE, "the record has no value")
    if len(value) > limits.record_bytes:
        return too_large(len(value), limits)
    try:
        found = _loads(value)
    except FAULTS as error:
        return _mended(value, error, limits)
    return _object(value, found, limits)


def too_large(size: int, limits: Limits = DEFAULT) -> Rejected:
    """Return why a record of so many bytes is not looked at."""
    return _beyond(RejectReason.TOO_LARGE, f"{size:,} bytes", limits.record_bytes, "record_bytes")


FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)
"""What the JSON decoder raises: bad text; bad UTF-8 or a number of thousands of digits; deep nesting."""

_BOM = b"\xef\xbb\xbf"
_LONE = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")
_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


def _object(value: bytes, found: object, limits: Limits) -> dict[str, object] | Rejected:
    if type(found) is not dict:
        return Rejected(RejectReason.NOT_AN_OBJECT, f"expected a JSON object, got {_kind(found)}")
    if len(value) > limits.small or _may_be_deep(value, limits.depth):
        return _fault_of_size(found, limits) or found
    return found


def _fault_of_size(found: dict[str, object], limits: Limits) -> Rejected | None:
    """Return which limit a large or nested object exceeds, if any; looks at it a level at a time."""
    level: list[tuple[int, _Container]] = [(0, found)]  # with the length of the dotted name that leads there
    values = paths = longest = 0
    for _ in range(limits.depth):
        below: list[tuple[int, _Container]] = []
        for length, outer in level:
            values += len(outer)
            if values > limits.values:
                return _beyond(RejectReason.TOO_LARGE, "more values than that", limits.values, "values")
            for name, item in outer.items() if isinstance(outer, dict) else (("", item) for item in outer):
                paths += length + len(name)
                if isinstance(item, str):
                    longest = max(longest, len(item))
                elif isinstance(item, dict | list):
                    below.append((length + len(name) + 1, item))
                longest = max(longest, len(name))
        if longest > limits.text_characters:
            text = f"a text of {longest:,} characters"
            return _beyond(RejectReason.TOO_LARGE, text, limits.text_characters, "text_characters")
        if paths > PATHS:
            return Rejected(
                RejectReason.TOO_LARGE, f"dotted names of {paths:,} characters; the limit is {PATHS:,}"
            )
        if not below:
            return None
        level = below
    return _too_deep(limits)


def unsound_rows(values: Sequence[bytes], limits: Limits = DEFAULT) -> set[int]:
    """Return the rows of records that a decoder which passes over most of a record may misjudge.

    All others that such a decoder takes are in UTF-8 and within the limits. It is best given some dozens at a
    time, which stay in the processor's cache.
    """
    found = large_rows(values, limits)
    plain = list(map(bytes.isascii, values))
    if not all(plain):
        found.update(
            [row for row, is_plain in enumerate(plain) if not is_plain and not _is_utf_8(values[row])]
        )
    found.update(_rows_that_may_be_deep(values, limits.depth))
    return found


def large_rows(values: Sequence[bytes], limits: Limits = DEFAULT) -> set[int]:
    """Return the rows of records that may be beyond the limits on how large they are."""
    most, *_ = bounds(limits)
    sizes = list(map(len, values))
    if max(sizes, default=0) <= most:
        return set()
    return {row for row, size in enumerate(sizes) if size > most and not _is_within(values[row], limits)}


def bounds(limits: Limits) -> tuple[int, int, int, int]:
    """Return how large a record may be of which nothing is known but its bytes.

    Returns:
        Bytes up to which it is within all limits but for the depth, however it is divided (see `small`);
        bytes, values, and values times bytes up to which it is when its values are counted.
    """
    most = min(limits.record_bytes, limits.text_characters)
    return min(most, 2 * limits.values, isqrt(8 * PATHS)), most, limits.values, PATHS


def _is_within(value: bytes, limits: Limits) -> bool:
    """Say whether a large record is within the limits but for the depth, however it is divided."""
    _, most, most_values, most_product = bounds(limits)
    if len(value) > most:
        return False
    values = 1 + len(value) - len(value.replace(b",", b"")) + _brackets(value)
    return values <= most_values and values * len(value) <= most_product  # no dotted name is longer than it


def _is_utf_8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _rows_that_may_be_deep(values: Sequence[bytes], depth: int) -> Iterator[int]:
    """Yield the rows of records with more opening brackets than that."""
    for start in range(0, len(values), _COUNTED_AT_ONCE):
        some = values[start : start + _COUNTED_AT_ONCE]
        if _may_be_deep(b"".join(some), depth):
            yield from (row for row, value in enumerate(some, start) if _may_be_deep(value, depth))


_COUNTED_AT_ONCE = 12
"""Records in which brackets are counted together: calls cost, and so does to be over the depth by chance."""


def _may_be_deep(value: bytes, depth: int) -> bool:
    return _brackets(value) > depth


def _brackets(value: bytes) -> int:
    """Return how many objects and arrays there are at most; taking brackets out is the fastest count."""
    return 2 * len(value) - len(value.replace(b"{", b"")) - len(value.replace(b"[", b""))


def _too_deep(limits: Limits) -> Rejected:
    return _beyond(RejectReason.TOO_DEEP, "objects or arrays are nested deeper", limits.depth, "depth")


def _beyond(reason: RejectReason, what: str, limit: int, setting: str) -> Rejected:
    return Rejected(reason, f"{what}; the limit is {limit:,} (limits.{setting})")


def _mended(value: bytes, error: Exception, limits: Limits) -> dict[str, object] | Rejected:
    """Try what a strict decoder refuses although it can be understood; else say what is wrong."""
    if isinstance(error, RecursionError):
        return _too_deep(limits)
    plain = _in_utf_8(value)
    if plain is not value:
        try:
            return _object(plain, _loads(plain), limits)
        except FAULTS as fault:
            value, error = plain, fault
    if _HALF_PAIR.search(value) or isinstance(error, msgspec.ValidationError):  # a number out of range
        try:
            return _object(value, _whole(_lenient(value)), limits)
        except (ValueError, RecursionError):
            pass
    return _too_deep(limits) if isinstance(error, RecursionError) else _fault(value, error)


def _in_utf_8(value: bytes) -> bytes:
    """Return a text without its byte order mark and in UTF-8; the same object if it is so already."""
    if value.startswith(_BOM):
        return value.removeprefix(_BOM)
    encoding = utf_16_of(value)
    return value.decode(encoding, "replace").removeprefix("\ufeff").encode("utf-8") if encoding else value


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
        return _LONE.sub("\ufffd", found).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    if isinstance(found, dict):
        return {_whole(key): _whole(inner) for key, inner in found.items()}
    return [_whole(inner) for inner in found] if isinstance(found, list) else found


def _lenient(value: bytes) -> object:
    return json.loads(value, parse_float=_float, parse_int=_int, parse_constant=_refuse)


def _float(digits: str) -> float | str:
    number = float(digits)
    return digits if math.isinf(number) else number


def _int(digits: str) -> int | str:
    return int(digits) if len(digits) <= sys.int_info.default_max_str_digits else digits


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
