"""Files of a cloud's log service: one object with all events under `Records`, or one such object a line."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tocsin.sources.files.pieces import Piece

_BEGIN = re.compile(rb'\s*\{\s*"[Rr]ecords"\s*:\s*\[\s*(?=\{)')


class _Held(msgspec.Struct):
    """What such an object holds, each event as it stands there."""

    records: list[msgspec.Raw] | None = None
    Records: list[msgspec.Raw] | None = None


_decode = msgspec.json.Decoder(_Held).decode


def beginning(head: bytes) -> int:
    """Return how many bytes stand before the first event; 0 when a text begins with something else."""
    found = _BEGIN.match(head)
    return found.end() if found else 0


def unpacked(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield the events, counted from 1, from the documents after the beginning of a first object.

    The end of that object is no record. Further objects of the kind are opened; what is something else is
    passed on.
    """
    number = 0
    for piece in pieces:
        if piece.value is not None and piece.value == b"}":
            continue
        for value in _events(piece):
            number += 1
            yield Piece(number, value, piece.fault)


def _events(piece: Piece) -> list[bytes | None]:
    if piece.value is None or not beginning(piece.value):
        return [piece.value]
    try:
        held = _decode(piece.value)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return [piece.value]
    found = held.Records if held.records is None else held.records
    return [piece.value] if found is None else [bytes(event) for event in found]
