"""The trace store stays small and has few files, whatever a worker writes into it, and loses nothing else."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tocsin.telemetry import store_files
from tocsin.telemetry.spans import Attributes, Kind, Shared, Spans
from tocsin.telemetry.store import StoreWriter, stored_spans
from tocsin.telemetry.store_files import FOLDER, MANY, Shelf, prune_traces, save

NOW = 1_750_000_000_000
"""Milliseconds since 1970."""


def one(number: int, copies: int = 1) -> Spans:
    """Spans of a trace that has a number."""
    trace = np.frombuffer(number.to_bytes(16, "big"), np.uint8)
    return Spans(
        "packet-classifier",
        "consume_event",
        Kind.CONSUMER,
        np.tile(trace, (copies, 1)),
        np.random.default_rng(number).integers(0, 256, (copies, 8), np.uint8),
        np.zeros((copies, 8), np.uint8),
        np.full(copies, 1, np.int64),
        np.full(copies, 2, np.int64),
        [Shared([Attributes(("host.name", "WS-01"))] * copies)],
    )


def put(folder: Path, shelf: Shelf, number: int, copies: int = 1) -> None:
    """Do what a writer does every few seconds, as if seconds had passed."""
    scratch = folder / f"scratch-{number}"
    writer = StoreWriter(scratch, print)
    writer.put([one(number, copies)])
    writer.close()
    (made,) = (scratch / FOLDER).iterdir()
    shelf.add(save(pq.read_table(made), folder / FOLDER, NOW + number * 1_000))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / FOLDER).mkdir()
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted((folder / FOLDER).iterdir())


def test_many_files_become_one(folder):
    """And every trace is still there, once."""
    shelf = Shelf(folder, 10**9)
    for number in range(MANY + 3):
        put(folder, shelf, number)
    assert len(files(folder)) == 1 + 3
    for number in range(MANY + 3):
        assert len(stored_spans(folder, f"{number:032x}")) == 1


def test_large_files_are_left_alone(folder, monkeypatch):
    """Merging costs memory: what is large enough is not read again."""
    monkeypatch.setattr(store_files, "LARGE", 1)
    shelf = Shelf(folder, 10**9)
    for number in range(MANY):
        put(folder, shelf, number)
    assert len(files(folder)) == MANY


def test_a_store_never_grows_beyond_its_bound(folder):
    """The oldest traces go, the newest are there, even when one file alone is too large."""
    shelf = Shelf(folder, 50_000)
    for number in range(12):
        put(folder, shelf, number, copies=500)
        assert len(files(folder)) == 1 or sum(file.stat().st_size for file in files(folder)) <= 50_000
    assert stored_spans(folder, f"{0:032x}") == []
    assert len(stored_spans(folder, f"{11:032x}")) == 500


def test_what_an_earlier_worker_left_counts(folder):
    """Its finished files as part of the size; one that it never finished is removed after an hour."""
    put(folder, Shelf(folder, 10**9), 1, copies=500)
    torn = folder / FOLDER / f".{NOW}-torn.parquet"
    torn.touch()
    put(folder, Shelf(folder, 1), 2)
    assert stored_spans(folder, f"{1:032x}") == []
    assert torn.exists()
    os.utime(torn, (0, 0))
    put(folder, Shelf(folder, 1), 3)
    assert not torn.exists()


def test_pruning_removes_what_was_stored_before(folder):
    """Counted first; what is younger stays."""
    shelf = Shelf(folder, 10**9)
    for number in range(4):
        put(folder, shelf, number)
    before = datetime.fromtimestamp(NOW / 1_000, UTC) + timedelta(seconds=2)
    assert prune_traces(folder, before, dry_run=True) == store_files.Removed(2, 4)
    assert len(files(folder)) == 4
    assert prune_traces(folder, before) == store_files.Removed(2, 4)
    assert [len(stored_spans(folder, f"{number:032x}")) for number in range(4)] == [0, 0, 1, 1]


def test_files_that_are_pruned_under_a_worker_do_not_disturb_it(folder):
    """It merges what is left."""
    shelf = Shelf(folder, 10**9)
    for number in range(MANY - 1):
        put(folder, shelf, number)
    prune_traces(folder, datetime.fromtimestamp(NOW / 1_000 + 5, UTC))
    put(folder, shelf, MANY)
    assert len(files(folder)) == 1
    assert [len(stored_spans(folder, f"{number:032x}")) for number in (4, 5, MANY)] == [0, 1, 1]


def test_a_reader_begins_anew_when_files_go(folder, monkeypatch):
    """A worker that merges files under it does not make it fail."""
    shelf = Shelf(folder, 10**9)
    put(folder, shelf, 1)
    put(folder, shelf, 2)
    real = store_files.store_files
    seen: list[list[Path]] = []

    def listed(place: Path) -> list[Path]:
        found = real(place)
        if not seen:
            found[0].unlink()
        seen.append(found)
        return found

    monkeypatch.setattr("tocsin.telemetry.store.store_files", listed)
    assert len(stored_spans(folder, f"{2:032x}")) == 1
    assert len(seen) == 2


def test_a_writer_merges_by_itself(tmp_path, monkeypatch):
    """On its own thread, while spans keep coming."""
    monkeypatch.setattr("tocsin.telemetry.store._SECONDS", 0.005)
    writer = StoreWriter(tmp_path, print)
    deadline = time.monotonic() + 60
    number = 0
    while writer.stored < 2 * MANY and time.monotonic() < deadline:
        writer.put([one(number)])
        number += 1
        time.sleep(0.01)
    writer.close()
    assert (writer.stored, writer.dropped) == (number, 0)
    assert len(files(tmp_path)) < MANY
    assert all(len(stored_spans(tmp_path, f"{n:032x}")) == 1 for n in (0, number - 1))
