"""Classifies recorded events without a broker: batches of files in, detections and verdicts out."""

from __future__ import annotations

import csv
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tocsin.detect import Detector
from tocsin.detect.route import Router
from tocsin.errors import SettingsError
from tocsin.model import NOTHING, Batch, Detection, Events, Judged, Level, LogSource, Rejected
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.results.view import COLUMNS
from tocsin.rules import RuleSet

EXAMPLES = 10
"""Rejected records remembered one by one; the others are only counted."""

COMMIT_ROWS = 50_000
"""Records held before they are written to the results table."""

Take = Callable[[Judged], None]
"""Is given each judged batch."""


def scan(batches: Iterable[Batch], detector: Detector, takers: Sequence[Take]) -> None:
    """Judge every batch and hand it to each taker, in order."""
    for batch in batches:
        judged = detector.judge(batch)
        for take in takers:
            take(judged)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record lies: `line` is a line or the number of the record."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class Finding:
    """What one rule found.

    Attributes:
        rule: title, level and tags, from the first of its detections.
        count: how many detections.
        hosts: host -> how many.
        first, last: when, as the events wrote it; empty when none of them says.
        example: where the first of them lies.
    """

    rule: Detection
    example: Place
    count: int = 0
    hosts: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""

    def add(self, host: str, timestamp: str) -> None:
        """Count a detection."""
        self.count += 1
        if host:
            self.hosts[host] += 1
        if timestamp:
            self.first = min(self.first or timestamp, timestamp, key=_moment)
            self.last = max(self.last or timestamp, timestamp, key=_moment)


def _moment(timestamp: str) -> datetime:
    found = datetime.fromisoformat(timestamp)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class Tally:
    """What a scan has read and found so far.

    Attributes:
        records: all that were read; each is an event or was rejected.
        files: that had records.
        rejected: reason -> how many.
        examples: the first rejected records.
        findings: rule id -> what it found.
        logsources: of the events.
    """

    def __init__(self) -> None:
        self.records = 0
        self.files: set[str] = set()
        self.rejected: Counter[str] = Counter()
        self.examples: list[tuple[Place, Rejected]] = []
        self.findings: dict[str, Finding] = {}
        self.logsources: set[LogSource] = set()

    def take(self, judged: Judged) -> None:
        """Add a batch."""
        batch = judged.batch
        self.records += len(batch)
        self.files.add(batch.stream.name)
        sources = zip(judged.events.logsources, judged.verdicts, strict=True)
        self.logsources.update({source for source, verdict in sources if verdict.rejected is None})
        for row, verdict in enumerate(judged.verdicts):
            if verdict is NOTHING:
                continue
            place = Place(batch.stream.name, batch.offsets[row])
            if verdict.rejected is not None:
                self._reject(place, verdict.rejected)
            for detection in verdict.detections:
                self._find(detection, judged.events, row, place)

    def ranked(self, at_least: Level) -> list[Finding]:
        """Return what rules of this level or above found: highest level first, then most detections."""
        shown = [finding for finding in self.findings.values() if finding.rule.level >= at_least]
        return sorted(shown, key=lambda f: (-f.rule.level, -f.count, f.rule.rule_title, f.rule.rule_id))

    def levels(self) -> Mapping[Level, int]:
        """Return level -> how many detections, highest first."""
        found: Counter[Level] = Counter()
        for finding in self.findings.values():
            found[finding.rule.level] += finding.count
        return {level: found[level] for level in sorted(found, reverse=True)}

    def applicable(self, rules: RuleSet) -> int:
        """Return how many rules are about any of the logs that events came from."""
        router = Router(rules.rules)
        return len({index for source in self.logsources for index in router.candidates(source)})

    def _reject(self, place: Place, rejected: Rejected) -> None:
        self.rejected[rejected.reason.value] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append((place, rejected))

    def _find(self, detection: Detection, events: Events, row: int, place: Place) -> None:
        finding = self.findings.get(detection.rule_id)
        if finding is None:
            finding = self.findings[detection.rule_id] = Finding(detection, place)
        finding.add(events.hosts[row], events.timestamps[row])


@contextmanager
def csv_file(path: Path) -> Iterator[Take]:
    """Yield a taker that writes one line per event, with the lab's eight columns.

    The file takes its name when it is complete; a file that is there is replaced.

    Raises:
        SettingsError: it cannot be written, or is kept by workers.
    """
    if path.with_name(path.name + ".journal").exists():
        raise SettingsError(f"{path}: is the CSV of 'tocsin detect'", "choose another file with --csv")
    part = path.with_name(path.name + ".part")
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("w", newline="", encoding="utf-8")
    try:
        writer = csv.writer(file)

        def take(judged: Judged) -> None:
            with _writing(path):
                writer.writerows(_cells(judged))

        writer.writerow(COLUMNS)
        yield take
        with _writing(path):
            file.close()
            part.replace(path)
    finally:
        file.close()
        part.unlink(missing_ok=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror or error}") from error


def _cells(judged: Judged) -> Iterator[tuple[str, ...]]:
    events = judged.events
    columns = (
        events.ids,
        events.timestamps,
        events.users,
        events.hosts,
        events.source_ips,
        events.types,
        judged.verdicts,
    )
    for *cells, verdict in zip(*columns, strict=True):
        if verdict.rejected is None:
            yield (*cells, verdict.label.tactic, verdict.label.technique)


@contextmanager
def results_table(folder: Path) -> Iterator[Take]:
    """Yield a taker that keeps every verdict and every rejected record in tables like a worker's.

    The folder must be new or empty: what was scanned once would be there twice after a second scan.

    Raises:
        SettingsError: something is there already, or it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(
            f"{folder}: holds something already",
            "a scan's results need a folder of their own: name a new one",
        )
    sink = ResultsSink(folder, Origin("files", "scan", "scan"), "detected", time.time)
    held = 0

    def take(judged: Judged) -> None:
        nonlocal held
        sink.write(judged)
        held += len(judged.batch)
        if held >= COMMIT_ROWS:
            sink.flush()
            held = 0

    yield take
    sink.flush()
