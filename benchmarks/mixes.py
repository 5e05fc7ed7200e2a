"""Mixes of recorded Windows events to measure engines with: natural, of an EDR, and with no value twice."""

from __future__ import annotations

import random
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson

PROCESSES = 0.25
"""Share of process creations in what an EDR collects."""

_KEPT = frozenset(
    {"Channel", "SourceName", "ProviderGuid", "EventType", "Severity", "Hostname", "host", "@version", "tags"}
    | {"EventTime", "EventReceivedTime", "@timestamp", "UtcTime", "TimeCreated", "Message"}
)
"""What says which kind of event it is, and when: with other values it would be another kind, or no event."""


def lines_of(paths: Sequence[str]) -> list[bytes]:
    """Return all lines of NDJSON files, plain or zipped, in an order of chance that is always the same."""
    lines = [line for path in paths for line in _lines(Path(path))]
    random.Random(7).shuffle(lines)  # noqa: S311 - no secret
    return lines


def _lines(path: Path) -> Iterator[bytes]:
    if path.suffix != ".zip":
        yield from path.read_bytes().splitlines()
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("__MACOSX"):
                yield from archive.read(name).splitlines()


def natural(lines: Sequence[bytes], count: int) -> list[bytes]:
    """R: as it was recorded."""
    return [lines[index % len(lines)] for index in range(count)]


def edr(lines: Sequence[bytes], count: int) -> list[bytes]:
    """P: every fourth event is a process creation."""
    chance = random.Random(11)  # noqa: S311 - as above
    processes = [line for line in lines if _is_process(line)] or list(lines)
    return [chance.choice(processes if chance.random() < PROCESSES else lines) for _ in range(count)]


def unique(lines: Sequence[bytes], count: int) -> list[bytes]:
    """W: the same with a GUID in every text: before the last part of a path, at the end of any other."""
    chance = random.Random(13)  # noqa: S311 - as above
    return [_with_guid(line, str(uuid.UUID(int=chance.getrandbits(128)))) for line in edr(lines, count)]


MIXES: dict[str, Callable[[Sequence[bytes], int], list[bytes]]] = {"R": natural, "P": edr, "W": unique}


def _is_process(line: bytes) -> bool:
    event = orjson.loads(line)
    number, channel = event.get("EventID"), str(event.get("Channel")).lower()
    return (number == 1 and channel.endswith("sysmon/operational")) or (
        number == 4688 and channel == "security"
    )


def _with_guid(line: bytes, guid: str) -> bytes:
    event = orjson.loads(line)
    return orjson.dumps(
        {
            name: _marked(value, guid) if isinstance(value, str) and name not in _KEPT else value
            for name, value in event.items()
        }
    )


def _marked(text: str, guid: str) -> str:
    folder, slash, name = text.rpartition("\\")
    return f"{folder}{slash}{guid}{slash}{name}" if slash else text + guid
