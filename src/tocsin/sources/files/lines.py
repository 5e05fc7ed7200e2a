"""Text line by line: NDJSON, and what CSV is made of."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.text import too_large
from tocsin.sources.files.pieces import Chunks, Piece


def lines(chunks: Chunks, limits: Limits = DEFAULT, *, blank: bool = False) -> Iterator[Piece]:
    """Yield the lines of a text, without their line feeds, by their numbers from 1.

    Of a line that is too long only the size is kept.

    Args:
        chunks: the text.
        limits: a line may be as long as a record.
        blank: yield blank lines, too.
    """
    number = 0
    rest = b""
    dropped = 0
    for chunk in chunks:
        parts = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
        rest = parts.pop()
        for part in parts:
            number += 1
            if dropped:
                yield Piece(number, None, too_large(dropped + len(part), limits))
                dropped = 0
            elif blank or (part and not part.isspace()):
                yield Piece(number, part)
        if dropped or len(rest) > limits.record_bytes:
            dropped += len(rest)
            rest = b""
    if dropped:
        yield Piece(number + 1, None, too_large(dropped, limits))
    elif rest and not rest.isspace():
        yield Piece(number + 1, rest)
