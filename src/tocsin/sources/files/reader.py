"""Reads recorded events from files: finds out what each one is, and hands out batches."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec

from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.text import utf_16_of
from tocsin.model import Batch, Stream
from tocsin.sources.files import event_log
from tocsin.sources.files.batches import beginning, unpacked
from tocsin.sources.files.documents import documents
from tocsin.sources.files.evtx_process import EvtxProcess
from tocsin.sources.files.lines import lines
from tocsin.sources.files.listing import STDIN, listed
from tocsin.sources.files.pieces import Chunks, Piece, UnreadableError
from tocsin.sources.files.tables import delimiter_of, rows
from tocsin.sources.files.unpack import ZIP, Budget, CountedFile, broken, chunks_of, contents, entries, peek

BATCH_RECORDS = 5_000
BATCH_BYTES = 32 * 1024 * 1024

_HEAD = 64 * 1024
"""Bytes by which a text's arrangement is told."""

_BOM = b"\xef\xbb\xbf"


def _nobody(_read: int) -> None:
    pass


class RecordedFiles:
    """Files, folders and archives full of events, as batches of records.

    Memory is bounded whatever their size: everything is read as a stream.

    Args:
        paths: as the user gives them; `-` is standard input.
        stdin: what `-` stands for.
        limits: of what is larger only the size is kept.

    Attributes:
        names: of the files, as the user gave them or found in a folder that was given.
        size: bytes of all of them.
        left_out: how many files were passed over because their kind is not known; grows while archives are
            read.

    Raises:
        SettingsError: a path does not exist or may not be read.
    """

    def __init__(
        self, paths: Sequence[str], stdin: IO[bytes] | None = None, limits: Limits = DEFAULT
    ) -> None:
        found = listed(paths)
        self.names = found.names
        self.size = found.size
        self.left_out = found.left_out
        self._stdin = stdin
        self._limits = limits

    def batches(self, on_read: Callable[[int], None] = _nobody) -> Iterator[Batch]:
        """Yield the records, file by file and in order; offsets are lines, or counted records, from 1.

        What cannot be read is a record with a fault, and reading goes on with whatever comes after it.

        Args:
            on_read: is told how many bytes of the files were read, again and again.
        """
        with EvtxProcess() as process:
            budgets = ((name, Budget(on_read, self._leave_out)) for name in self.names)
            found = (content for name, budget in budgets for content in self._contents(name, budget))
            for number, (name, chunks) in enumerate(found):
                stream, pieces = Stream("file", name, name), _guarded(name, chunks, process, self._limits)
                while batch := _batch(stream, number, pieces):
                    yield batch

    def _contents(self, name: str, budget: Budget) -> Iterator[tuple[str, Chunks]]:
        """Yield the name and the bytes of a file, or of each entry of an archive."""
        try:
            yield from self._open(name, budget)
        except UnreadableError as error:
            yield name, broken(error)
        except OSError as error:
            yield name, broken(UnreadableError(f"cannot be read: {error.strerror or error}"))

    def _open(self, name: str, budget: Budget) -> Iterator[tuple[str, Chunks]]:
        if name == STDIN:
            if self._stdin is not None:
                yield from contents(name, chunks_of(self._stdin, budget), budget)
            return
        path = Path(name)
        if _is_archive(path):
            with CountedFile(path, budget) as file:
                yield from entries(name, file, budget)
            return
        with path.open("rb", buffering=0) as file:
            yield from contents(name, chunks_of(file, budget), budget)

    def _leave_out(self, _name: str) -> None:
        self.left_out += 1


def _is_archive(path: Path) -> bool:
    """Say whether a file is a zip archive that can be read here and there, without copying it first."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(ZIP)) == ZIP


def _guarded(name: str, chunks: Chunks, process: EvtxProcess, limits: Limits) -> Iterator[Piece]:
    """Yield the records of one content; where it cannot be read on is the last of them."""
    number = 0
    ends: list[UnreadableError] = []
    try:
        for piece in _pieces(name, _until_unreadable(chunks, ends), process, limits):
            number = piece.number
            yield piece
    except UnreadableError as error:
        ends.append(error)
    if ends:  # of several the first is the cause
        yield Piece(number + 1, None, ends[0].fault)


def _until_unreadable(chunks: Chunks, ends: list[UnreadableError]) -> Chunks:
    """Yield the chunks; if they cannot be read to the end, note why and let the reader finish what it has."""
    try:
        yield from chunks
    except UnreadableError as error:
        ends.append(error)


def _pieces(name: str, chunks: Chunks, process: EvtxProcess, limits: Limits) -> Iterator[Piece]:
    """Find out what a content is, by its first bytes, and yield its records."""
    head, chunks = peek(chunks, _HEAD)
    if head.startswith(event_log.MAGIC):
        return event_log.records(chunks, process)
    encoding = utf_16_of(head)
    if encoding:
        head, chunks = peek(_transcoded(chunks, encoding), _HEAD)
    if head.startswith(_BOM):
        head, chunks = peek(_without(chunks, len(_BOM)), _HEAD)
    if _is_table(name, head):
        return rows(chunks, limits)
    before = beginning(head)
    if before:
        return unpacked(documents(_without(chunks, before), limits))
    return documents(chunks, limits) if _is_arranged(head) else lines(chunks, limits)


def _is_table(name: str, head: bytes) -> bool:
    """Say whether a text is CSV: it is called so, or its first line names columns that events have."""
    text = head.lstrip()
    if text[:1] in {b"{", b"["}:
        return False
    if name.lower().removesuffix(".gz").endswith((".csv", ".tsv")):
        return True
    first = text.split(b"\n", 1)[0]
    names = {cell.strip().strip(b'"') for cell in first.split(delimiter_of(first).encode())}
    return len(names) > 1 and not names.isdisjoint({b"event_type", b"EventID"})


def _is_arranged(head: bytes) -> bool:
    """Say whether JSON is not one object a line: in an array, pretty-printed, or all on one line."""
    text = head.lstrip()
    if text[:1] in {b"[", b"\x1e"}:
        return True
    if text[:1] != b"{":
        return False
    *whole, _last = text.split(b"\n")
    return not any(_is_object(line) for line in islice(whole, 10))


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _transcoded(chunks: Chunks, encoding: str) -> Chunks:
    """Yield a UTF-16 text as UTF-8, without its byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    first = True
    for chunk in chunks:
        text = decoder.decode(chunk)
        yield (text.removeprefix("\ufeff") if first else text).encode("utf-8")
        first = False
    yield decoder.decode(b"", final=True).encode("utf-8")


def _without(chunks: Chunks, size: int) -> Chunks:
    """Yield all but the first bytes."""
    head, chunks = peek(chunks, size)
    yield head[size:]
    next(chunks, None)
    yield from chunks


def _batch(stream: Stream, number: int, pieces: Iterator[Piece]) -> Batch | None:
    """Return the next records as a batch, or None when there are no more."""
    taken: list[Piece] = []
    size = 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece.value or b"")
        if len(taken) == BATCH_RECORDS or size >= BATCH_BYTES:
            break
    if not taken:
        return None
    count = len(taken)
    return Batch(
        stream=stream,
        partitions=[number] * count,
        offsets=[piece.number for piece in taken],
        timestamps=[-1] * count,
        keys=[None] * count,
        values=[piece.value for piece in taken],
        headers=[()] * count,
        faults={row: piece.fault for row, piece in enumerate(taken) if piece.fault is not None},
    )
