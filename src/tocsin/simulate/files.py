"""Simulated events saved as NDJSON, and the ground truth beside them: what was malicious, and why.

The truth never stands in an event. It names events by the id under which they end up in the results: the
`event-id` header that the producer stamps, or the `event_id` of a saved line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from tocsin.errors import SettingsError
from tocsin.simulate.weave import Happening


class Truth(msgspec.Struct, frozen=True, gc=False):
    """One malicious event.

    Attributes:
        run: which of the simulation's attacks it belongs to; a scenario may be played many times.
        step: a step of the scenario; it may leave several events.
        host: the machine that logged it, as the event writes its name.
    """

    event_id: str
    scenario: str
    run: int
    step: str
    technique: str
    host: str


class EventFile:
    """A file that grows by what `line` makes of each event; a context manager.

    Raises:
        SettingsError: the file cannot be written.
    """

    def __init__(self, path: Path, line: Callable[[Happening], bytes]) -> None:
        self._line = line
        self._file = _opened(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def write(self, events: Iterable[Happening]) -> None:
        """Append events."""
        self._file.write(b"".join(map(self._line, events)))


def event_line(event: Happening) -> bytes:
    """Return an event as a line of NDJSON with its id.

    Windows events carry no id in Kafka, where the header does; in a file there is no header, so it is added.
    """
    if event.value.startswith(_ID):
        return event.value + b"\n"
    return b'%s"%s",%s\n' % (_ID, event.event_id.encode("ascii"), event.value[1:])


def truth_line(event: Happening) -> bytes:
    """Return what is true of an event as a line of NDJSON; nothing for an ordinary one."""
    origin = event.origin
    if origin is None:
        return b""
    truth = Truth(event.event_id, origin.scenario, origin.run, origin.step, origin.technique, event.host)
    return msgspec.json.encode(truth) + b"\n"


def read_truth(path: Path) -> Iterator[Truth]:
    """Yield what a truth file says.

    Raises:
        SettingsError: the file cannot be read, or a line is none of a truth file's.
    """
    decode = msgspec.json.Decoder(Truth).decode
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield decode(line)
                except (msgspec.MsgspecError, ValueError) as error:
                    raise SettingsError(
                        f"{path}:{number}: not the ground truth of events: {error}"
                    ) from error
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error


_ID = b'{"event_id":'


def _opened(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror}") from error
