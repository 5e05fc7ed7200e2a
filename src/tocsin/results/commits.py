"""When the results moved on: the times and positions of a table's commits, for whoever measures a pipeline.

The log alone tells it: each commit is a file of its own, written when it was made, with the new positions of
the partitions in it. So it is measured from outside, of every event, and costs the workers nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tocsin.results.location import Location, Where
from tocsin.results.table import VERDICTS, Origin


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit.

    Attributes:
        time: nanoseconds since 1970 when it was there for readers.
        positions: partition -> the next offset after it, of the partitions that it moved.
    """

    time: int
    positions: Mapping[int, int]


class _Transaction(msgspec.Struct):
    id: str = msgspec.field(name="appId")
    version: int


class _Action(msgspec.Struct):
    """One line of the log; of the actions only application transactions are looked at."""

    txn: _Transaction | None = None


_decode_lines = msgspec.json.Decoder(_Action).decode_lines


def commits_of(results: Where, origin: Origin, partitions: Iterable[int]) -> list[Commit]:
    """Return the commits that the log still has one by one, oldest first.

    Args:
        results: a local folder of results.
        origin: the topic.
        partitions: of the topic.

    Raises:
        SettingsError: the folder is not a local one.
    """
    applications = {origin.application(partition): partition for partition in partitions}
    log = (Location.of(results) / VERDICTS).path / "_delta_log"
    return list(_commits(sorted(log.glob("*.json")), applications))


def _commits(files: Iterable[Path], applications: Mapping[str, int]) -> Iterator[Commit]:
    for file in files:
        actions = _decode_lines(file.read_bytes())
        moved = {
            applications[action.txn.id]: action.txn.version
            for action in actions
            if action.txn is not None and action.txn.id in applications
        }
        if moved:
            yield Commit(file.stat().st_mtime_ns, moved)
