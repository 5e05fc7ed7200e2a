"""A program of its own: chunks of EVTX files on stdin, their records as JSON on stdout.

Broken chunks can keep the package `evtx` busy for ever or have it take all memory; here that costs nothing
but this process. It ends itself when a chunk takes too long, so nobody has to watch it. Started as a script
by `evtx_process`, it imports nothing of Tocsin: it has to be quick to start again.
"""

from __future__ import annotations

import contextlib
import io
import resource
import signal
import struct
import sys
from typing import cast

from evtx import PyEvtxParser

CHUNK_SIZE = 65_536
SECONDS = 5.0
"""For one chunk; a good one takes some milliseconds."""

MEMORY = 2 * 1024**3

RECORD, FAULT, END = b"rfe"
ANSWER = struct.Struct("<BI")
"""What comes, and how many bytes of it follow."""

_HEADER_SIZE = 4_096
_HEADER = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, 1, 128, 1, 3, _HEADER_SIZE, 1)
"""The header of a file that has one chunk: each chunk is read as a file, whatever the true header says."""


def main() -> None:
    """Answer chunk after chunk until stdin ends."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    while chunk := sys.stdin.buffer.read(CHUNK_SIZE):
        signal.setitimer(signal.ITIMER_REAL, SECONDS)  # ends the process, even inside foreign code
        _answer(chunk)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _answer(chunk: bytes) -> None:
    file = io.BytesIO(_HEADER.ljust(_HEADER_SIZE, b"\0") + chunk.ljust(CHUNK_SIZE, b"\0"))
    records = PyEvtxParser(file, number_of_threads=1).records_json()
    while True:
        try:
            record = cast(dict[str, object], next(records))
        except StopIteration:
            break
        except RuntimeError as error:
            _send(FAULT, str(error))
        else:
            _send(RECORD, str(record["data"]))
    _send(END, "")


def _send(kind: int, text: str) -> None:
    data = text.encode("utf-8", "replace")
    sys.stdout.buffer.write(ANSWER.pack(kind, len(data)) + data)
    sys.stdout.buffer.flush()  # so that what comes before a record that never ends is not lost


if __name__ == "__main__":
    main()
