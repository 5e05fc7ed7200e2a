"""Saved events and the ground truth beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin.errors import SettingsError
from tocsin.simulate.files import EventFile, event_line, read_truth, truth_line
from tocsin.simulate.weave import Simulator

TIMES = range(1_790_000_000_000, 1_790_000_005_000)


@pytest.mark.parametrize("shape", ["lab", "windows"])
def test_saved_events(tmp_path: Path, shape: str) -> None:
    """A line is the event as it was published, with its id as `event_id`, once."""
    events = Simulator(3, shape, 0.2).take(TIMES)  # type: ignore[arg-type]  # parametrized
    with EventFile(tmp_path / "new" / "events.ndjson", event_line) as file:
        file.write(events[:100])
        file.write(events[100:])
    lines = (tmp_path / "new" / "events.ndjson").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(events)
    for line, event in zip(lines, events, strict=True):
        assert line.count(event.event_id) == 1
        assert json.loads(line) == {**json.loads(event.value), "event_id": event.event_id}


def test_truth(tmp_path: Path) -> None:
    """The truth names the malicious events, all of them and no others, and reads back."""
    events = Simulator(3, "windows", 0.2).take(TIMES)
    path = tmp_path / "truth.ndjson"
    with EventFile(path, truth_line) as file:
        file.write(events)
    malicious = [event for event in events if event.origin is not None]
    assert malicious
    truth = list(read_truth(path))
    assert [t.event_id for t in truth] == [event.event_id for event in malicious]
    assert [t.host for t in truth] == [event.host for event in malicious]
    assert truth[0].technique.startswith("T1")


def test_broken_truth(tmp_path: Path) -> None:
    """A line that is none of a truth file's is named with its number."""
    path = tmp_path / "truth.ndjson"
    path.write_text('{"event_id": "1"}\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"truth\.ndjson:1: not the ground truth"):
        list(read_truth(path))


def test_no_truth(tmp_path: Path) -> None:
    """A truth file that is not there is the user's to mend."""
    with pytest.raises(SettingsError, match="cannot be read"):
        list(read_truth(tmp_path / "nothing"))


def test_unwritable(tmp_path: Path) -> None:
    """A file that cannot be written is named before anything is published."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"events\.ndjson: cannot be written"):
        EventFile(tmp_path / "file" / "events.ndjson", event_line)
