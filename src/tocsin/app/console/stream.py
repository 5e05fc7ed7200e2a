"""Server-sent events: what is sent to a browser that listens, and one sampler for however many of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from http import HTTPStatus
from typing import Protocol

import msgspec
from starlette.responses import StreamingResponse

from tocsin.app.console.faults import Unanswered

RETRY = 2_000
"""Milliseconds after which a browser that was cut off comes back."""

_SILENCE = 15.0
"""Seconds after which a sign of life is sent: what stands between may hang up on a silent connection."""

MOST_LISTENERS = 500


class Bell:
    """Wakes what waits in event loops, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._ended = False

    @property
    def ended(self) -> bool:
        """Say whether nothing more will come."""
        return self._ended

    @property
    def listeners(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def ring(self) -> None:
        """Wake all of them."""
        with self._lock:
            waiting = list(self._waiting.items())
        for event, loop in waiting:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:  # its loop has ended, and it with it
                self.remove(event)

    def end(self) -> None:
        """Wake all of them for the last time."""
        self._ended = True
        self.ring()

    def add(self) -> asyncio.Event:
        """Return an event that is set at each ring; called in the loop that waits for it.

        Raises:
            Unanswered: too many wait already.
        """
        event = asyncio.Event()
        with self._lock:
            if len(self._waiting) >= MOST_LISTENERS:
                raise Unanswered(
                    HTTPStatus.SERVICE_UNAVAILABLE, f"{MOST_LISTENERS} browsers listen already", "close some"
                )
            self._waiting[event] = asyncio.get_running_loop()
        return event

    def remove(self, event: asyncio.Event) -> None:
        """Wake one no more."""
        with self._lock:
            self._waiting.pop(event, None)


class Frames(Protocol):
    """Makes what is sent to one browser."""

    def __call__(self, *, first: bool) -> bytes | None:
        """Return what is new, given whether it is the first; None for nothing."""


async def told_again(bell: Bell, frame: Frames) -> AsyncGenerator[bytes, None]:
    """Yield a frame at once and at each ring until the end; one that was missed is not made up for.

    Args:
        bell: rung when there is something new.
        frame: makes what is sent.
    """
    event = bell.add()
    try:
        yield f"retry: {RETRY}\n\n".encode()
        first = True
        while not bell.ended:
            event.clear()
            found = frame(first=first)
            if found is not None:
                yield found
                first = False
            try:
                await asyncio.wait_for(event.wait(), _SILENCE)
            except TimeoutError:
                yield b": still here\n\n"
    finally:
        bell.remove(event)


def message(event: str, data: bytes, number: int | None = None) -> bytes:
    """Return one event for the wire.

    Args:
        event: its name.
        data: JSON, which has no line breaks.
        number: its id.
    """
    id_ = b"" if number is None else b"id: %d\n" % number
    return b"%sevent: %s\ndata: %s\n\n" % (id_, event.encode(), data)


def streamed(frames: AsyncIterator[bytes]) -> StreamingResponse:
    """Return the answer that goes on until the browser leaves; a refusal is sent as an event `refused`."""
    return StreamingResponse(
        _or_refused(frames),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # else a proxy may hold events back
    )


async def _or_refused(frames: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for frame in frames:
            yield frame
    except Unanswered as refused:
        yield message("refused", msgspec.json.encode({"error": refused.problem, "hint": refused.hint}))
