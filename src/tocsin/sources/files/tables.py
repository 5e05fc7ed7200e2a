"""CSV: a header row that names the columns, and one event a row."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from tocsin.decode.limits import DEFAULT, Limits
from tocsin.model import Rejected, RejectReason
from tocsin.sources.files.lines import lines
from tocsin.sources.files.pieces import Chunks, Piece

_encode = msgspec.json.Encoder().encode

_DELIMITERS = (",", ";", "\t")


def rows(chunks: Chunks, limits: Limits = DEFAULT) -> Iterator[Piece]:
    """Yield each row as a JSON object, by the number of the line it begins on; empty cells are left out.

    A row that has other cells than the header, or whose quotation marks are broken, is a fault that costs one
    line; reading goes on with the next.
    """
    tape = _Tape(lines(chunks, limits, blank=True))
    delimiter = ","
    header: list[str] | None = None
    while (first := tape.next()) is not None:
        tape.put_back([first])
        if header is None:
            delimiter = delimiter_of(first.value or b"")
        taken, found = _row(tape, delimiter)
        if isinstance(found, Rejected):
            tape.put_back(taken[1:])
            yield Piece(first.number, first.value, found)
        elif header is None:
            header = [name.strip().removeprefix("\ufeff") for name in found] if found else None
        elif found:
            yield _piece(taken, header, found)


def delimiter_of(line: bytes) -> str:
    """Return what separates the columns of a header row."""
    return max(_DELIMITERS, key=lambda sign: line.count(sign.encode()))


class _Tape:
    """Lines that can be put back."""

    def __init__(self, pieces: Iterator[Piece]) -> None:
        self._pieces = pieces
        self._back: deque[Piece] = deque()

    def next(self) -> Piece | None:
        """Return the next line, or None at the end."""
        return self._back.popleft() if self._back else next(self._pieces, None)

    def put_back(self, pieces: Sequence[Piece]) -> None:
        """Have these lines come next."""
        self._back.extendleft(reversed(pieces))


class _FaultyLineError(Exception):
    """A line inside a row is too long to be read."""


def _row(tape: _Tape, delimiter: str) -> tuple[list[Piece], list[str] | Rejected]:
    """Return the lines of the next row with its cells, or with what is wrong."""
    taken: list[Piece] = []

    def text() -> Iterator[str]:
        while (piece := tape.next()) is not None:
            taken.append(piece)
            if piece.fault is not None or piece.value is None:
                raise _FaultyLineError
            yield piece.value.decode("utf-8") + "\n"

    try:
        return taken, next(csv.reader(text(), delimiter=delimiter, strict=True))
    except csv.Error as error:
        return taken, Rejected(RejectReason.UNREADABLE, f"broken CSV: {error}")
    except UnicodeDecodeError as error:
        return taken, Rejected(RejectReason.NOT_UTF8, f"byte {error.start}: {error.reason}")
    except _FaultyLineError:
        return taken, taken[-1].fault or Rejected(RejectReason.UNREADABLE, "the line cannot be read")


def _piece(taken: list[Piece], header: list[str], cells: list[str]) -> Piece:
    number = taken[0].number
    if len(cells) != len(header):
        fault = Rejected(RejectReason.BAD_FIELD, f"{len(cells)} cells, but the header names {len(header)}")
        return Piece(number, b"\n".join(piece.value or b"" for piece in taken), fault)
    return Piece(
        number, _encode({name: cell for name, cell in zip(header, cells, strict=True) if name and cell})
    )
