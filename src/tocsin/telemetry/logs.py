"""What a worker says: sentences for a person at a terminal, JSON lines for whatever collects logs."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Literal

import msgspec

from tocsin.model import Judged, Level
from tocsin.model.detection_record import detection_records


class Severity(IntEnum):
    """How much a line matters."""

    DEBUG = 0
    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


Form = Literal["text", "json"]

BURST, WINDOW = 10, 60.0
"""So many lines that differ only in their numbers are written in so many seconds; the others are counted."""

_MOST_KINDS = 1_000
"""Kinds of lines that are remembered, before the memory of them starts anew."""

_NUMBERS = re.compile(r"\d[\d.,]*")

_CONTENTS = ("host", "user", "source_ip", "matched")
"""What of a detection's record the event says, as far as it is not an id."""


@dataclass(slots=True)
class _Window:
    """How often a kind of line came since a moment."""

    since: float
    written: int = 0
    left_out: int = 0


class Log:
    """Writes lines, whole, from any thread.

    Args:
        write: takes a line without its end.
        form: `text` is the sentence alone; `json` an object with `time`, `level`, `message` and more.
        least: lines that matter less are left out.
        clock: monotonic seconds.
        now: seconds since 1970.

    Attributes:
        suppressed: lines left out because they repeated others.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        form: Form = "text",
        least: Severity = Severity.INFO,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.form = form
        self.suppressed = 0
        self._write = write
        self._least = least
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._windows: dict[str, _Window] = {}

    def info(self, message: str) -> None:
        """Say how things go."""
        self.say(Severity.INFO, message)

    def warning(self, message: str) -> None:
        """Say what somebody may have to look at."""
        self.say(Severity.WARNING, message)

    def say(
        self,
        severity: Severity,
        message: str,
        fields: Mapping[str, object] | None = None,
        kind: str | None = None,
    ) -> None:
        """Write a line, unless it matters too little or too many of its kind were written just now.

        Args:
            severity: how much it matters.
            message: a sentence.
            fields: what a program wants to know besides; only JSON has them.
            kind: what counts as a repetition; None for sentences that differ in their numbers only.
        """
        if severity < self._least:
            return
        with self._lock:
            left_out = self._admitted(f"{severity} " + (kind or _NUMBERS.sub("#", message)))
            if left_out is None:
                self.suppressed += 1
                return
            self._write(self._line(severity, message, fields or {}, left_out))

    def _admitted(self, kind: str) -> int | None:
        """Return how many of its kind were left out before this line; None when it is left out, too."""
        now = self._clock()
        window = self._windows.get(kind)
        left_out = 0
        if window is None or now - window.since >= WINDOW:
            left_out = 0 if window is None else window.left_out
            if len(self._windows) >= _MOST_KINDS:
                self._windows.clear()
            window = self._windows[kind] = _Window(now)
        if window.written >= BURST:
            window.left_out += 1
            return None
        window.written += 1
        return left_out

    def _line(self, severity: Severity, message: str, fields: Mapping[str, object], left_out: int) -> str:
        if self.form == "text":
            return f"{message} (and {left_out:,} times before)" if left_out else message
        at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        line = {"time": at.replace("+00:00", "Z"), "level": str(severity), "message": message, **fields}
        if left_out:
            line["left_out"] = left_out
        return msgspec.json.encode(line).decode()


def log_detections(log: Log, judged: Judged, at_least: Level, *, contents: bool) -> None:
    """Write a line for each detection of a batch, with the ids by which everything about it is found.

    Args:
        log: where to.
        judged: the batch.
        at_least: leave out detections of a lower level.
        contents: also write what the event says: host, user, address and the fields that matched.
    """
    for record in detection_records(judged, at_least):
        fields = {key: value for key, value in record.items() if contents or key not in _CONTENTS}
        fields["rule_level"] = fields.pop("level")  # a line's own level is how much the line matters
        message = f"{fields['rule_level']}: {fields['rule_title']}"
        log.say(Severity.INFO, message, fields, kind=str(record["rule_id"]))
