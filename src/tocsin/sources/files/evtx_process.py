"""The process that reads EVTX chunks for us; it may hang or die without harm."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Self

from tocsin.sources.files import evtx_program
from tocsin.sources.files.evtx_program import ANSWER, CHUNK_SIZE, END, FAULT, SECONDS

_COMMAND = [sys.executable, "-P", evtx_program.__file__]


class EvtxProcess:
    """Reads chunks one after the other; a context manager. The process starts with the first of them.

    One that a chunk has killed is replaced for the next chunk.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(patience=0)

    def records(self, chunk: bytes) -> Iterator[tuple[str, str]]:
        """Yield the records of a chunk as (JSON, ""), and what cannot be read as ("", why)."""
        whole = False
        try:
            yield from self._answers(chunk)
            whole = True
        except (OSError, EOFError):
            code = self._end(patience=SECONDS)
            yield "", _why(code)
        finally:
            if not whole:  # what is left of its answer must not be taken for that to the next chunk
                self._end(patience=0)

    def _answers(self, chunk: bytes) -> Iterator[tuple[str, str]]:
        if self._process is None:
            self._process = subprocess.Popen(
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        to, from_ = self._process.stdin, self._process.stdout
        assert to is not None, "a pipe was asked for"
        assert from_ is not None, "a pipe was asked for"
        to.write(chunk.ljust(CHUNK_SIZE, b"\0"))
        to.flush()
        while len(head := from_.read(ANSWER.size)) == ANSWER.size:
            kind, size = ANSWER.unpack(head)
            text = from_.read(size).decode("utf-8", "replace")
            if kind == END:
                return
            yield ("", text) if kind == FAULT else (text, "")
        raise EOFError

    def _end(self, patience: float) -> int:
        """End the process, and return how it ended; one that is about to end has some seconds for it."""
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                _close(pipe)
        return code


def _close(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError):  # what was still to be written is lost with its reader
        pipe.close()


def _why(code: int) -> str:
    if code == -signal.SIGALRM:
        return f"reading it did not end within {SECONDS:.0f} s"
    return f"reading it ended its reader with code {code}"
