"""Windows's binary event logs (EVTX), read chunk by chunk so that a broken one costs only itself.

An EVTX file is a header of 4 KiB and chunks of 64 KiB, each with a header of its own and everything that is
needed to read its records. The package `evtx` reads them, in a process of its own; what it passes over in
silence is noticed by comparing with the record numbers in the chunk's header. The format is described in the
specification that Joachim Metz wrote for libevtx.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tocsin.model import Rejected, RejectReason
from tocsin.sources.files.evtx_process import EvtxProcess
from tocsin.sources.files.pieces import Chunks, Piece, UnreadableError

MAGIC = b"ElfFile\0"

_HEADER_SIZE = 4_096
_CHUNK_SIZE = 65_536
_CHUNK_MAGIC = b"ElfChnk\0"
_RECORD_MAGIC = b"\x2a\x2a\0\0"
_FIRST_RECORD = 512
_NUMBERS = struct.Struct("<QQ")  # first and last record of a chunk, behind the magic
_MOST = 4_096  # records in a chunk; one takes 24 bytes at the very least


def records(chunks: Chunks, process: EvtxProcess) -> Iterator[Piece]:
    """Yield the records of an event log as JSON, counted from 1; what cannot be read counts, too."""
    number = 0
    for index, block in enumerate(_blocks(chunks)):
        cut_off = len(block) < _CHUNK_SIZE
        for value, fault in _records_of(index, _whole_records(block) if cut_off else block, process):
            number += 1
            yield Piece(number, value, fault)
        if cut_off:
            raise UnreadableError(f"chunk {index}: the file was cut off here")


def _blocks(chunks: Chunks) -> Iterator[bytes]:
    """Yield the chunks of the log; the last one may be cut off."""
    rest = b""
    header = _HEADER_SIZE
    for chunk in chunks:
        rest += chunk
        if header:
            if len(rest) < header:
                continue
            rest, header = rest[header:], 0
        whole = len(rest) - len(rest) % _CHUNK_SIZE
        for place in range(0, whole, _CHUNK_SIZE):
            yield rest[place : place + _CHUNK_SIZE]
        rest = rest[whole:]
    if header:
        raise UnreadableError("the file was cut off inside its header")
    if rest.strip(b"\0"):
        yield rest


def _records_of(
    index: int, block: bytes, process: EvtxProcess
) -> Iterator[tuple[bytes | None, Rejected | None]]:
    if not block.startswith(_CHUNK_MAGIC):
        if block.strip(b"\0"):  # else it was made in advance and never used
            yield None, _fault(index, "it does not begin like a chunk")
        return
    good = bad = 0
    for text, why in process.records(block):
        if why:
            bad += 1
            yield None, _fault(index, why)
        else:
            good += 1
            yield text.encode("utf-8"), None
    missing = _expected(block) - good - bad
    if missing > 0 and (good or not bad):  # else the one fault was the whole chunk's
        yield None, _fault(index, f"{missing} of its {missing + good + bad} records cannot be read")


def _whole_records(block: bytes) -> bytes:
    """Return a chunk that was cut off up to the end of its last whole record."""
    end = _FIRST_RECORD
    while block.startswith(_RECORD_MAGIC, end):
        size = int.from_bytes(block[end + 4 : end + 8], "little")
        if size < len(_RECORD_MAGIC) or end + size > len(block):
            break
        end += size
    return block[:end]


def _expected(block: bytes) -> int:
    """Return how many records a chunk says it has; none where that cannot be true."""
    if len(block) < len(_CHUNK_MAGIC) + _NUMBERS.size:
        return 0
    first, last = _NUMBERS.unpack_from(block, len(_CHUNK_MAGIC))
    count = last - first + 1
    return count if 0 < count <= _MOST else 0


def _fault(index: int, detail: str) -> Rejected:
    shown = " ".join(detail.split())
    return Rejected(RejectReason.UNREADABLE, f"chunk {index}: {shown[:200]}")
