"""What all readers of files yield and raise: records with their number, and the end of what can be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from tocsin.model import Rejected, RejectReason

Chunks = Iterator[bytes]
"""A file's bytes, piece by piece. What cannot be read on is told by raising `UnreadableError`."""


class Piece(NamedTuple):
    """One record of a file.

    Attributes:
        number: its line, or how many-th record it is; from 1, rising.
        value: its bytes as JSON; what could be read of it when there is a fault, or None.
        fault: why it could not be read whole.
    """

    number: int
    value: bytes | None
    fault: Rejected | None = None


class UnreadableError(Exception):
    """A file cannot be read on from here; what came before is good."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.fault = Rejected(RejectReason.UNREADABLE, detail)
