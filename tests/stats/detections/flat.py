"""Results for the tests of this room: written as a worker writes them, and counted by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.model import Batch, Detection, Event, Events, Judged, Label, Level, LogSource, Stream, Verdict
from tocsin.model.identity import ids_at
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.stats.detections.following import DetectionFollower
from tocsin.stats.detections.store import DetectionStore

STREAM = Stream("topic", "raw-events", "topic-id")
ORIGIN = Origin("cluster", "raw-events", "topic-id")
BEGAN = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)

RULES = {
    "rule-enc": ("Encoded command", Level.HIGH, ("TA0002",), ("T1059.001",)),
    "rule-dump": ("Memory of LSASS read", Level.CRITICAL, ("TA0006",), ("T1003.001", "T1555")),
    "rule-net": ("Uncommon port", Level.LOW, (), ()),
}
"""Rule id -> title, level, tactics and techniques."""


@dataclass(frozen=True)
class Seen:
    """An event, and the rules that fire on it with what they matched."""

    minute: float
    host: str = "WS-01"
    user: str = "fin-01"
    fired: Sequence[str] = ()
    matched: Sequence[tuple[str, str]] = (("CommandLine", "powershell -enc QQ"),)
    timestamp: str = ""
    raw: bytes = field(default=b"{}")

    @property
    def when(self) -> datetime:
        return BEGAN + timedelta(minutes=self.minute)


class Writer:
    """A worker of one partition, as far as the results can tell.

    Each write is one commit, stored a minute after the one before.
    """

    def __init__(self, folder: Path | str, partition: int = 0, keep: str = "all") -> None:
        self.commits = 0
        self._partition, self._offset = partition, 0
        self._sink = ResultsSink(folder, ORIGIN, keep, self._now)
        self._offset = self._sink.start([partition]).get(partition, 0)

    def _now(self) -> float:
        return stored(self.commits).timestamp()

    def write(self, *events: Seen) -> None:
        """Write events in one commit."""
        count, first = len(events), self._offset
        batch = Batch(
            STREAM,
            [self._partition] * count,
            list(range(first, first + count)),
            [round(event.when.timestamp() * 1_000) for event in events],
            [None] * count,
            [event.raw for event in events],
            [()] * count,
        )
        found = [_event(event, self._partition, first + place) for place, event in enumerate(events)]
        self._sink.write(Judged(batch, Events.of(found), [_verdict(event) for event in events], "rules"))
        self._sink.flush()
        self._offset += count
        self.commits += 1


def stored(commit: int) -> datetime:
    """Return when a commit of a writer was stored, counted from 0."""
    return BEGAN + timedelta(days=1, minutes=commit)


def _event(event: Seen, partition: int, offset: int) -> Event:
    return Event(
        event_id=ids_at(["flat", str(partition)], [offset])[0],
        timestamp=event.timestamp or event.when.isoformat(),
        user=event.user,
        host=event.host,
        source_ip="10.0.0.1",
        event_type="process_start",
        fields={},
        logsource=LogSource(),
    )


def _verdict(event: Seen) -> Verdict:
    fired = tuple(_detection(rule_id, event) for rule_id in event.fired)
    tactics = [d.tactics[0] for d in fired if d.tactics] or ["TA0000"]
    techniques = [d.techniques[0] for d in fired if d.techniques] or ["T0000"]
    return Verdict(Label(tactics[0], techniques[0]), fired)


def _detection(rule_id: str, event: Seen) -> Detection:
    title, level, tactics, techniques = RULES[rule_id]
    return Detection(rule_id, title, "rev", level, tactics, techniques, tuple(event.matched))


def silent(sentence: str) -> None:
    """Take what is told, as a test that expects nothing to be told."""
    raise AssertionError(sentence)


def caught_up(folder: Path, cache: Path) -> DetectionStore:
    """Return the flat detections of some results; the caller closes them."""
    store = DetectionStore(folder, cache)
    DetectionFollower(folder, store, silent).catch_up()
    return store
