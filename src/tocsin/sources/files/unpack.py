"""Files inside files: gzip streams and zip archives, read in place and within bounds."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, cast

from tocsin.sources.files.listing import is_hidden, is_of_known_kind
from tocsin.sources.files.pieces import Chunks, UnreadableError

CHUNK = 256 * 1024

MAX_RATIO = 300
"""Logs shrink to a tenth or a sixtieth; only what was made to grow passes this."""

ALWAYS_ALLOWED = 256 * 1024 * 1024
"""Bytes that may come out of an archive however small it is."""

MAX_LEVELS = 3
"""Archives inside one another."""

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"


@dataclass(slots=True)
class Budget:
    """How much may still come out of one file of the user's, all that is packed in it together.

    Attributes:
        on_read: is told the bytes read from the file, for a progress bar.
        left_out: told the name of every entry that is of no known kind.
    """

    on_read: Callable[[int], None]
    left_out: Callable[[str], None]
    _read: int = field(default=0, init=False)
    _made: int = field(default=0, init=False)

    def read(self, size: int) -> None:
        """Note what was read from the file itself."""
        self._read += size
        self.on_read(size)

    def make(self, size: int) -> None:
        """Note what was unpacked.

        Raises:
            UnreadableError: it is more than any log gives.
        """
        self._made += size
        if self._made > ALWAYS_ALLOWED and self._made > MAX_RATIO * self._read:
            raise UnreadableError(
                f"unpacked to {self._made:,} bytes from {self._read:,}; the limit is {MAX_RATIO} times"
            )


def chunks_of(file: IO[bytes], budget: Budget) -> Chunks:
    """Yield a file's bytes."""
    while True:
        try:
            chunk = file.read(CHUNK)
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror or error}") from error
        if not chunk:
            return
        budget.read(len(chunk))
        yield chunk


def peek(chunks: Chunks, size: int) -> tuple[bytes, Chunks]:
    """Return the first bytes, at least `size` if there are so many, and all the chunks."""
    head = b""
    try:
        for chunk in chunks:
            head += chunk
            if len(head) >= size:
                break
    except UnreadableError as error:  # not before these bytes were used
        chunks = broken(error)
    return head, chain([head] if head else [], chunks)


def broken(error: UnreadableError) -> Chunks:
    """Yield nothing, and raise the error."""
    yield from ()
    raise error


def contents(name: str, chunks: Chunks, budget: Budget, level: int = 0) -> Iterator[tuple[str, Chunks]]:
    """Yield what a file holds: itself, what is compressed in it, or each entry of an archive.

    An entry is called `archive.zip!entry`. Names of entries are shown, never used as paths.

    Raises:
        UnreadableError: in reading on, not necessarily here.
    """
    head, chunks = peek(chunks, len(ZIP))
    if not head.startswith((GZIP, ZIP)):
        yield name, chunks
    elif level == MAX_LEVELS:
        raise UnreadableError(f"archives are nested deeper than {MAX_LEVELS}")
    elif head.startswith(GZIP):
        yield from contents(name, _inflated(chunks, budget), budget, level + 1)
    else:
        with tempfile.SpooledTemporaryFile(max_size=64 * CHUNK) as spool:
            for chunk in chunks:
                spool.write(chunk)
            yield from entries(name, spool, budget, level)


def entries(
    name: str, file: IO[bytes] | CountedFile, budget: Budget, level: int = 0
) -> Iterator[tuple[str, Chunks]]:
    """Yield the entries of a zip archive that are of a known kind."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise UnreadableError(f"not a good zip archive: {error}") from error
    with archive:
        for info in sorted(archive.infolist(), key=lambda i: i.filename):
            if info.is_dir() or is_hidden(info.filename):
                continue
            if not is_of_known_kind(info.filename):
                budget.left_out(f"{name}!{info.filename}")
                continue
            inner = f"{name}!{info.filename}"
            try:
                yield from contents(inner, _entry(archive, info, budget), budget, level + 1)
            except UnreadableError as error:
                yield inner, broken(error)  # the other entries may be good


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> Chunks:
    try:
        with cast(zipfile.ZipExtFile, archive.open(info)) as file:  # which typeshed does not tell
            while chunk := file.read1(CHUNK):  # what `read` has gathered is lost when it fails
                budget.make(len(chunk))
                yield chunk
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UnreadableError(f"cannot be unpacked: {str(error) or 'it ends too early'}") from error


def _inflated(chunks: Chunks, budget: Budget) -> Chunks:
    """Yield what a gzip stream of one or more members holds, up to the very byte where it breaks."""
    member = zlib.decompressobj(wbits=31)
    for chunk in chunks:
        rest, more = chunk, True
        while more:
            if member.eof:
                rest = rest.lstrip(b"\0")  # padding, as tapes and block devices leave it
                if not rest:
                    break
                member = zlib.decompressobj(wbits=31)
            before = member.copy()
            try:
                made = member.decompress(rest, CHUNK)
            except zlib.error as error:
                yield _salvaged(before, rest)
                raise UnreadableError(f"the gzip stream is broken: {error}") from error
            rest = member.unused_data if member.eof else member.unconsumed_tail
            more = bool(rest) or len(made) == CHUNK
            budget.make(len(made))
            yield made
    if not member.eof:
        raise UnreadableError("the gzip stream ends too early: the file was cut off")


def _salvaged(member: zlib._Decompress, data: bytes) -> bytes:
    """Return what comes out before the byte that breaks the stream."""
    made = bytearray()
    try:
        for place in range(len(data)):
            made += member.decompress(data[place : place + 1])
    except zlib.error:
        pass
    return bytes(made)


class CountedFile(io.RawIOBase):
    """A file of the user's that must be read here and there, whose bytes are counted all the same."""

    def __init__(self, path: Path, budget: Budget) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._budget = budget

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]
        """Read, and count."""
        size = self._file.readinto(buffer) or 0
        self._budget.read(size)
        return size

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go elsewhere."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Say where."""
        return self._file.tell()

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()
