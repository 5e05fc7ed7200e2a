"""However many browsers listen, and however slow they are, one sampler feeds them and nothing piles up."""

import asyncio
import threading
from collections.abc import AsyncIterable, AsyncIterator

import pytest

from tocsin.app.console import stream
from tocsin.app.console.faults import Unanswered
from tocsin.app.console.stream import Bell, message, streamed, told_again


class Counter:
    """Makes frames that count."""

    def __init__(self) -> None:
        self.at = 0

    def __call__(self, *, first: bool) -> bytes | None:
        return message("first" if first else "n", str(self.at).encode(), self.at)


def test_a_slow_browser_gets_the_newest_and_not_all():
    """What it missed is past."""

    async def listen() -> list[bytes]:
        bell, counter = Bell(), Counter()
        frames = told_again(bell, counter)
        got = [await anext(frames), await anext(frames)]
        for counter.at in range(1, 50):
            bell.ring()
        await asyncio.sleep(0)
        got.append(await anext(frames))
        await frames.aclose()
        assert bell.listeners == 0
        return got

    retry, first, newest = asyncio.run(listen())
    assert retry == b"retry: 2000\n\n"
    assert first == b"id: 0\nevent: first\ndata: 0\n\n"
    assert newest == b"id: 49\nevent: n\ndata: 49\n\n"


def test_a_bell_wakes_from_any_thread_and_ends_all():
    """The sampler is not in the browsers' loop."""

    async def listen() -> list[int]:
        bell, counter = Bell(), Counter()

        async def one() -> int:
            return sum([1 async for _ in told_again(bell, counter)])

        waiting = [asyncio.create_task(one()) for _ in range(20)]
        await asyncio.sleep(0.05)
        for _ in range(3):
            threading.Thread(target=bell.ring).start()
            await asyncio.sleep(0.05)
        threading.Thread(target=bell.end).start()
        return await asyncio.wait_for(asyncio.gather(*waiting), 10)

    assert asyncio.run(listen()) == [5] * 20, "the retry, the first, and three more"


def test_silence_is_filled(monkeypatch):
    """Else what stands between would hang up."""
    monkeypatch.setattr(stream, "_SILENCE", 0.01)

    async def listen() -> bytes:
        frames = told_again(Bell(), Counter())
        got = [await anext(frames) for _ in range(3)]
        await frames.aclose()
        return got[2]

    assert asyncio.run(listen()) == b": still here\n\n"


def test_one_too_many_is_told(monkeypatch):
    """As an event, for the answer has begun."""
    monkeypatch.setattr(stream, "MOST_LISTENERS", 1)

    async def listen() -> list[bytes]:
        bell = Bell()
        frames = told_again(bell, Counter())
        await anext(frames)
        refused = [part async for part in _body(streamed(told_again(bell, Counter())).body_iterator)]
        await frames.aclose()
        return refused

    (refused,) = asyncio.run(listen())
    assert refused.startswith(b"event: refused\ndata: {")
    assert b"listen already" in refused


async def _body(parts: AsyncIterable[object]) -> AsyncIterator[bytes]:
    async for part in parts:
        assert isinstance(part, bytes)
        yield part


def test_a_bell_has_a_bound():
    """Each listener holds a connection."""

    async def fill() -> None:
        bell = Bell()
        for _ in range(stream.MOST_LISTENERS):
            bell.add()
        with pytest.raises(Unanswered):
            bell.add()

    asyncio.run(fill())


def test_a_loop_that_has_ended_is_forgotten():
    """Its browsers are gone; the others are still told."""
    bell = Bell()

    async def listen() -> None:
        bell.add()

    asyncio.run(listen())
    assert bell.listeners == 1
    bell.ring()
    assert bell.listeners == 0
