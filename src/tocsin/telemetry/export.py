"""Sends blocks of spans to a collector, on a thread of its own: whoever gives one never waits.

What does not fit into the queue while the collector is away is dropped and counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from tocsin.telemetry.transport import NotSentError, Transport

QUEUE_BYTES = 32_000_000
"""Spans that wait: some hundred thousand."""

REQUEST_BYTES = 2_000_000
"""Of several blocks one request is made up to this; collectors take 4 MB over gRPC by default."""

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 10.0
"""Seconds between two tries; doubled each time."""

_PATIENCE = 60.0
"""Seconds after which a request is given up; those behind it may be more welcome."""

FLUSH_SECONDS = 5.0
"""What `close` waits for the rest to be taken."""


class Exporter:
    """A bounded queue with its thread.

    Args:
        transport: the way to the collector.
        name: the collector's, for humans.
        tell: called with a sentence when it goes away, when it is back, and when it refuses.
        queue_bytes: how much may wait.

    Attributes:
        exported: spans that were taken.
        dropped: spans that were not, for whatever reason.
    """

    def __init__(
        self, transport: Transport, name: str, tell: Callable[[str], None], queue_bytes: int = QUEUE_BYTES
    ) -> None:
        self.exported = self.dropped = 0
        self._transport = transport
        self._name = name
        self._tell = tell
        self._most = queue_bytes
        self._changed = threading.Condition()
        self._queue: deque[tuple[int, bytes]] = deque()
        self._bytes = 0  # in the queue, and on their way
        self._sending = 0  # spans on their way
        self._deadline: float | None = None
        self._away = False
        self._thread = threading.Thread(target=self._work, name="traces", daemon=True)
        self._thread.start()

    def give(self, spans: int, block: bytes) -> None:
        """Append a block with so many spans; dropped when there is no room, or after `close`."""
        with self._changed:
            if self._deadline is not None or self._bytes + len(block) > self._most:
                self.dropped += spans
                return
            self._queue.append((spans, block))
            self._bytes += len(block)
            self._changed.notify()

    def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Send what waits, so many seconds at most; what is left then counts as dropped."""
        with self._changed:
            if self._deadline is not None:
                return
            self._deadline = time.monotonic() + seconds
            self._changed.notify()
        self._thread.join(seconds + 0.1)
        with self._changed:
            left = sum(spans for spans, _ in self._queue) + self._sending
            self.dropped += left
            self._queue.clear()
            self._sending = 0
        if self.dropped:
            self._tell(f"{self.dropped:,} spans were not taken by {self._name}; {self.exported:,} were")

    def _work(self) -> None:
        try:
            self._send_all()
        finally:
            self._transport.close()

    def _send_all(self) -> None:
        while (request := self._next()) is not None:
            refused = self._refused(request)
            with self._changed:
                self.exported += max(0, self._sending - refused)
                self.dropped += min(self._sending, refused)
                self._sending = 0  # it may be so already: then `close` has given up on it, and counted it
                self._bytes -= len(request)

    def _next(self) -> bytes | None:
        """Wait for blocks and return some as one request; None when there is nothing left to wait for."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._deadline is not None)
            if not self._queue or self._is_over():
                return None
            spans, blocks = self._queue.popleft()
            parts = [blocks]
            size = len(blocks)
            while self._queue and size + len(self._queue[0][1]) <= REQUEST_BYTES:
                more, block = self._queue.popleft()
                spans += more
                size += len(block)
                parts.append(block)
            self._sending = spans
            return b"".join(parts)

    def _refused(self, request: bytes) -> int:
        """Send a request, again if that may help; return how many of its spans were not taken."""
        begun, wait = time.monotonic(), _FIRST_WAIT
        while True:
            try:
                refused = _refused_by(self._transport.send(request))
            except NotSentError as error:
                self._note(str(error))
                pause = wait if error.after is None else max(wait, error.after)
                if not error.again or time.monotonic() + pause - begun > _PATIENCE or self._is_over():
                    return self._sending
                self._pause(pause)
                wait = min(2 * wait, _LONGEST_WAIT)
            except Exception as error:  # noqa: BLE001 - a library's; traces must not end because of it
                self._note(repr(error))
                return self._sending
            else:
                self._note("")
                return refused

    def _note(self, trouble: str) -> None:
        if trouble and not self._away:
            self._tell(
                f"traces: {self._name} does not take them: {trouble}; those that do not fit are dropped"
            )
        elif self._away and not trouble:
            self._tell(f"traces: {self._name} takes them again; {self.dropped:,} spans were dropped so far")
        self._away = bool(trouble)

    def _pause(self, seconds: float) -> None:
        """Wait so long, at most to the deadline if there is one by then."""
        with self._changed:
            if self._deadline is None:
                self._changed.wait_for(lambda: self._deadline is not None, seconds)
            else:
                self._changed.wait(max(0.0, min(seconds, self._deadline - time.monotonic())))

    def _is_over(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline


def _refused_by(answer: bytes) -> int:
    """Return how many spans a collector says that it refused: `partial_success.rejected_spans`."""
    if len(answer) < 4 or answer[0] != 0x0A or answer[2] != 0x08:
        return 0
    found = shift = 0
    for byte in answer[3:]:
        found |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    return found
