"""The score: steps found, ordinary events taken for malicious, and what the results do not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.errors import SettingsError
from tocsin.model import Detection, Event, Events, Judged, Level, LogSource, Verdict
from tocsin.model.record import Batch, Stream
from tocsin.model.verdict import NO_LABEL
from tocsin.results.sink import ResultsSink
from tocsin.results.table import Origin
from tocsin.simulate.files import Truth
from tocsin.stats.score import Judgement, Score, judgements_of, score

TRUTH = [
    Truth("a1", "run-key", 1, "write-run-key", "T1547.001", "WS-1"),
    Truth("a2", "run-key", 1, "write-run-key", "T1547.001", "WS-1"),
    Truth("a3", "run-key", 1, "write-startup-folder", "T1547.001", "WS-1"),
    Truth("b1", "run-key", 2, "write-run-key", "T1547.001", "WS-2"),
    Truth("c1", "ransomware", 3, "delete-backups", "T1490", "SRV-1"),
]


def judged(**rules: tuple[str, ...]) -> Score:
    return score(TRUTH, [Judgement(event_id, fired) for event_id, fired in rules.items()])


def test_any_event_finds_its_step() -> None:
    """A step is found when a rule fired on one of its events; another run's step is another step."""
    found = judged(a1=(), a2=("r1",), a3=(), b1=(), c1=("r2", "r3"))
    assert (found.total.steps, found.total.found, found.total.recall) == (4, 2, 0.5)
    assert [(r.name, r.steps, r.found) for r in found.scenarios] == [("ransomware", 1, 1), ("run-key", 3, 1)]
    assert [(r.name, r.steps, r.found) for r in found.techniques] == [("T1490", 1, 1), ("T1547.001", 3, 1)]
    assert [(r.name, r.steps, r.found) for r in found.kinds] == [
        ("run-key/write-run-key", 2, 1),
        ("run-key/write-startup-folder", 1, 0),
        ("ransomware/delete-backups", 1, 1),
    ]
    assert found.total.rules == {"r1": 1, "r2": 1, "r3": 1}


def test_false_positives() -> None:
    """Ordinary events on which something fired are counted once each, and per rule."""
    found = judged(a1=("r1",), n1=("r1", "r2"), n2=("r1",), n3=(), n4=())
    assert (found.normal, found.false_positives) == (4, 2)
    assert found.false_positives_per_thousand == 500.0
    assert found.noisy == {"r1": 2, "r2": 1}


def test_absent_events() -> None:
    """Malicious events that were never judged are counted, and their steps count as missed."""
    found = judged(a1=("r1",), n1=())
    assert (found.events, found.absent) == (2, 4)
    assert (found.total.steps, found.total.found) == (4, 1)


def test_nothing_at_all() -> None:
    """Without truth and results there is nothing to divide by."""
    empty = score([], [])
    assert (empty.total.recall, empty.false_positives_per_thousand, empty.scenarios) == (0.0, 0.0, ())


def test_level_counts(tmp_path: Path) -> None:
    """Of stored results only detections at or above the level count, rule by rule."""
    results(tmp_path, [[], [Level.LOW], [Level.MEDIUM], [Level.INFORMATIONAL, Level.HIGH]])
    found = {j.event_id: j.rules for j in judgements_of(tmp_path, Level.MEDIUM)}
    assert found == {"0": (), "1": (), "2": ("rule-medium",), "3": ("rule-high",)}
    assert sum(bool(j.rules) for j in judgements_of(tmp_path, Level.INFORMATIONAL)) == 3


def test_no_results(tmp_path: Path) -> None:
    """A folder without results is the user's to mend."""
    with pytest.raises(SettingsError, match="no results"):
        list(judgements_of(tmp_path, Level.MEDIUM))


def results(folder: Path, levels: list[list[Level]]) -> None:
    """Store one event for each list of the levels of its detections."""
    verdicts = [Verdict(NO_LABEL, tuple(detection(level) for level in found)) for found in levels]
    events = Events.of([event(str(i)) for i in range(len(levels))])
    batch = Batch.of_values(Stream("topic", "t", "id"), [b"{}"] * len(levels))
    sink = ResultsSink(folder, Origin(cluster="c", topic="t", topic_id="id"), "none", lambda: 1.8e9)
    sink.start([0])
    sink.write(Judged(batch, events, verdicts, "revision"))
    sink.flush()


def detection(level: Level) -> Detection:
    return Detection(f"rule-{level}", "A rule", "1", level, (), (), ())


def event(event_id: str) -> Event:
    return Event(event_id, "2026-01-31T12:00:00Z", "dev-01", "WS-1", "", "other", {}, LogSource("windows"))
