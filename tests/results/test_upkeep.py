"""Upkeep changes how results are stored, and nothing of what they say: rows, positions, readers, the CSV."""

import csv
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.results.rows import ORIGIN, event_id, judged
from tocsin.errors import SettingsError
from tocsin.ports import PositionMoved
from tocsin.results import caretaker, dead_letters, upkeep
from tocsin.results import table as table_module
from tocsin.results.alone import alone
from tocsin.results.caretaker import Caretaker
from tocsin.results.location import Location
from tocsin.results.sink import ResultsSink
from tocsin.results.table import DEAD_LETTERS, VERDICTS, Reader, dataset
from tocsin.results.upkeep import Pruned, compact, prune
from tocsin.results.view import CsvView

NOW = 1_800_000_000.0


def sink(folder: Path, clock: Callable[[], float] = lambda: NOW) -> ResultsSink:
    ours = ResultsSink(folder, ORIGIN, "none", clock)
    ours.start([0, 1])
    return ours


def filled(folder: Path, commits: int = 6, clock: Callable[[], float] = lambda: NOW) -> ResultsSink:
    """Ten events a commit in each of two partitions, one of ten rejected."""
    ours = sink(folder, clock)
    for first in range(0, commits * 10, 10):
        for partition in (0, 1):
            ours.write(judged(range(first, first + 10), partition, rejected=[first + 7]))
        ours.flush()
    return ours


def offsets(folder: Path, table: str = VERDICTS, partition: int = 0) -> list[int]:
    rows = dataset(folder, table).to_table(columns=["partition", "offset"]).to_pylist()
    return sorted(r["offset"] for r in rows if r["partition"] == partition)


def events(end: int) -> list[int]:
    return [o for o in range(end) if o % 10 != 7]


@pytest.fixture
def keep_nothing(monkeypatch):
    """Readers keep no snapshot: files that were replaced and commits in a checkpoint go at once."""
    monkeypatch.setattr(upkeep, "_KEPT", 0)

    def set_properties(folder: Path, **more: str) -> None:
        for name in (VERDICTS, DEAD_LETTERS):
            properties = {"delta.logRetentionDuration": "interval 0 seconds", **more}
            DeltaTable(folder / name).alter.set_table_properties(properties)

    return set_properties


def test_compaction_changes_no_row_and_no_position(tmp_path):
    """One file takes the place of many, and workers go on where they were, with the handles they had."""
    worker = filled(tmp_path)
    before = dataset(tmp_path).to_table().sort_by([("partition", "ascending"), ("offset", "ascending")])
    (verdicts, letters) = compact(tmp_path)
    assert (verdicts.table, verdicts.merged, verdicts.into) == (VERDICTS, 6, 1)
    assert (letters.table, letters.merged, letters.into) == (DEAD_LETTERS, 6, 1)
    after = dataset(tmp_path).to_table().sort_by([("partition", "ascending"), ("offset", "ascending")])
    assert after.equals(before)
    worker.write(judged(range(60, 70)))
    assert worker.flush() == {0: 70, 1: 60}
    assert sink(tmp_path).start([0, 1]) == {0: 70, 1: 60}


def test_few_small_files_are_left_alone(tmp_path):
    """Merging two files for ever would write each row again and again."""
    filled(tmp_path, commits=3)
    assert [done.merged for done in compact(tmp_path, few=4)] == [0, 0]


def test_positions_outlive_everything(tmp_path, keep_nothing):
    """Compaction, vacuum, prune, checkpoints, log clean-up, and a table told to forget transactions."""
    filled(tmp_path)
    keep_nothing(tmp_path, **{"delta.setTransactionRetentionDuration": "interval 0 seconds"})
    compact(tmp_path)
    prune(tmp_path, datetime.fromtimestamp(NOW + 1, UTC))
    for name in (VERDICTS, DEAD_LETTERS):
        table = DeltaTable(tmp_path / name)
        table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
        table_module.sum_up(DeltaTable(tmp_path / name))
    assert (offsets(tmp_path), offsets(tmp_path, DEAD_LETTERS)) == ([], [])
    assert not (tmp_path / VERDICTS / "_delta_log" / f"{0:020}.json").exists()
    heir = sink(tmp_path)
    assert heir.start([0, 1]) == {0: 60, 1: 60}
    heir.write(judged([60, 61], rejected=[61]))
    heir.flush()
    assert (offsets(tmp_path), offsets(tmp_path, DEAD_LETTERS)) == ([60], [61])


def test_files_that_were_replaced_are_deleted_in_the_end(tmp_path, keep_nothing):
    """Otherwise every event would be on the disk twice."""
    filled(tmp_path)
    keep_nothing(tmp_path)
    compact(tmp_path)
    time.sleep(0.01)
    compact(tmp_path)
    assert len(list((tmp_path / VERDICTS).glob("*.parquet"))) == 1
    assert offsets(tmp_path) == events(60)


def test_readers_keep_their_snapshot(tmp_path):
    """A question that runs while the files are replaced gets its answer."""
    filled(tmp_path)
    snapshot = Reader(tmp_path).look()
    compact(tmp_path)
    prune(tmp_path, datetime.fromtimestamp(NOW + 1, UTC))
    assert snapshot.rows().count_rows() == 108
    assert Reader(tmp_path).look().rows().count_rows() == 0


def test_a_reader_whose_log_is_gone_goes_on(tmp_path, keep_nothing):
    """One that slept while the commits it had not seen were summed up and deleted."""
    worker = filled(tmp_path, commits=1)
    reader = Reader(tmp_path)
    keep_nothing(tmp_path)
    for first in range(10, 40, 10):
        worker.write(judged(range(first, first + 10)))
        worker.flush()
    time.sleep(1.1)
    table_module.sum_up(DeltaTable(tmp_path / VERDICTS))
    assert not (tmp_path / VERDICTS / "_delta_log" / f"{2:020}.json").exists()
    assert reader.look().rows().count_rows() == 48


def test_a_worker_whose_log_is_gone_is_as_careful(tmp_path, keep_nothing):
    """The number of its next commit is free again; it must neither use it nor lose what it holds."""
    zombie, owner = sink(tmp_path), sink(tmp_path)
    zombie.write(judged(range(10)))
    zombie.write(judged(range(10), partition=1))
    keep_nothing(tmp_path)
    for first in range(0, 30, 10):
        owner.write(judged(range(first, first + 10)))
        owner.flush()
    time.sleep(1.1)
    table_module.sum_up(DeltaTable(tmp_path / VERDICTS))
    assert not (tmp_path / VERDICTS / "_delta_log" / f"{1:020}.json").exists()
    with pytest.raises(PositionMoved) as moved:
        zombie.flush()
    assert moved.value.partitions == [0]
    assert zombie.start([0, 1]) == {0: 30, 1: 10}
    assert offsets(tmp_path) == list(range(30))
    assert offsets(tmp_path, partition=1) == list(range(10))


def test_a_commit_that_took_long_is_looked_up(tmp_path, monkeypatch):
    """A process frozen just before its commit may write it where nobody looks any more: that is noticed."""
    worker = filled(tmp_path, commits=1)
    now = [table_module._now()]
    monkeypatch.setattr(table_module, "_now", lambda: now[0])
    worker.write(judged(range(10, 20)))

    def frozen_then_lost(*_: object, **__: object) -> None:
        now[0] += 3_600

    with monkeypatch.context() as frozen:
        frozen.setattr(table_module, "write_deltalake", frozen_then_lost)
        with pytest.raises(PositionMoved) as moved:
            worker.flush()
    assert moved.value.partitions == [0]
    assert worker.start([0]) == {0: 10}


def test_two_at_once_are_harmless(tmp_path):
    """Compaction and prune of several processes race with each other and with a worker."""
    worker = filled(tmp_path, commits=8)
    start = threading.Barrier(4)

    def work(job: Callable[[], object]) -> None:
        start.wait()
        job()

    def write() -> None:
        for first in range(80, 160, 10):
            worker.write(judged(range(first, first + 10), rejected=[first + 7]))
            worker.flush()

    jobs = [write, lambda: compact(tmp_path), lambda: compact(tmp_path), lambda: prune(tmp_path, MOMENT)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, jobs))
    assert offsets(tmp_path) == events(160)
    assert sorted(dead_letters.count(tmp_path).items()) == [("not_json", 24)]
    assert sink(tmp_path).start([0, 1]) == {0: 160, 1: 80}


MOMENT = datetime.fromtimestamp(NOW - 1, UTC)


def test_prune_deletes_what_was_stored_before(tmp_path):
    """Verdicts and dead letters of the days before go, also out of files that have newer ones."""
    today = [NOW]
    worker = sink(tmp_path, lambda: today[0])
    for first in range(0, 60, 10):
        for partition in (0, 1):
            worker.write(judged(range(first, first + 10), partition, rejected=[first + 7]))
        worker.flush()
        today[0] = NOW + 86_400 * ((first + 10) // 20)
    compact(tmp_path)
    before = datetime.fromtimestamp(NOW + 86_400, UTC)
    counted = prune(tmp_path, before, dry_run=True)
    assert counted == [Pruned(VERDICTS, 36, 108), Pruned(DEAD_LETTERS, 4, 12)]
    assert offsets(tmp_path) == events(60)
    assert prune(tmp_path, before) == counted
    assert offsets(tmp_path) == [o for o in events(60) if o >= 20]
    assert offsets(tmp_path, DEAD_LETTERS) == [27, 37, 47, 57]
    assert prune(tmp_path, before) == [Pruned(VERDICTS, 0, 72), Pruned(DEAD_LETTERS, 0, 8)]


def test_a_folder_without_results_is_refused(tmp_path):
    """Nothing is made there."""
    for work in (compact, lambda place: prune(place, MOMENT)):
        with pytest.raises(SettingsError, match="no results here"):
            work(tmp_path)
    assert list(tmp_path.iterdir()) == []


def ids(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return sorted(row["event_id"] for row in csv.DictReader(file))


@settings(max_examples=20, deadline=None)
@given(
    script=st.lists(
        st.sampled_from(["write", "write", "compact", "prune", "vacuum", "follow", "restart"]), max_size=14
    )
)
def test_upkeep_never_shows_in_the_csv(tmp_path_factory, script):
    """Whatever is done to the files in between, each event that the view could see is in it once."""
    folder = tmp_path_factory.mktemp("upkeep")
    worker = filled(folder / "results", commits=1)
    view = CsvView(folder / "results", folder / "out.csv")
    seen: set[int] = set()
    end = 10
    for step in [*script, "follow"]:
        if step == "write":
            worker.write(judged(range(end, end + 10), rejected=[end + 7]))
            worker.flush()
            end += 10
        elif step == "compact":
            compact(folder / "results")
        elif step == "prune":
            prune(folder / "results", datetime.fromtimestamp(NOW + 1, UTC))
        elif step == "vacuum":
            table = DeltaTable(folder / "results" / VERDICTS)
            table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
        elif step == "restart":
            view.close()
            view = CsvView(folder / "results", folder / "out.csv")
        else:
            seen |= set(offsets(folder / "results"))
            assert view.follow()
            of_second = [event_id(o, 1) for o in events(10)] if 0 in seen else []
            assert ids(folder / "out.csv") == sorted([*(event_id(o) for o in seen), *of_second])
    view.close()


def test_pruned_events_leave_the_csv_when_it_is_made_anew(tmp_path):
    """Its lines stay until then: a program that reads along must not see the file shrink."""
    path = tmp_path / "out.csv"
    worker = filled(tmp_path / "results", commits=1)
    view = CsvView(tmp_path / "results", path)
    view.follow()
    prune(tmp_path / "results", datetime.fromtimestamp(NOW + 1, UTC))
    worker.write(judged([10]))
    worker.flush()
    view.follow()
    assert len(ids(path)) == 19
    path.unlink()
    view.follow()
    view.close()
    assert ids(path) == [event_id(10)]


def test_a_killed_upkeep_leaves_nothing_broken(tmp_path):
    """SIGKILL at any moment of its life: the next one does the work, and no row is missing."""
    worker = filled(tmp_path, commits=4)
    end, dice = 40, random.Random(7)
    for _ in range(4):
        for _ in range(3):
            worker.write(judged(range(end, end + 10), rejected=[end + 7]))
            worker.flush()
            end += 10
        code = f"from tocsin.results.upkeep import compact; print(flush=True); compact({str(tmp_path)!r})"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(dice.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
        assert offsets(tmp_path) == events(end)
    compact(tmp_path)
    assert offsets(tmp_path) == events(end)
    assert len(Reader(tmp_path).look().files) == 1


def test_a_worker_has_its_results_tended(tmp_path, monkeypatch):
    """After enough commits a process of its own merges what they left, and replaced files go."""
    monkeypatch.setattr(caretaker, "_SOONEST", 0.0)
    monkeypatch.setattr(caretaker, "_TURN", 0.02)
    monkeypatch.setattr(caretaker, "_COMMITS", 60)
    told: list[str] = []
    worker = sink(tmp_path)
    with Caretaker(tmp_path, lambda: worker.version, told.append):
        for offset in range(70):
            worker.write(judged([offset]))
            worker.flush()
        deadline = time.monotonic() + 60
        while len(Reader(tmp_path).look().files) > 20 and time.monotonic() < deadline:
            time.sleep(0.1)
    assert len(Reader(tmp_path).look().files) <= 20
    assert offsets(tmp_path) == list(range(70))
    assert told == []


def test_upkeep_that_fails_is_told_once(tmp_path, monkeypatch):
    """And the worker goes on."""
    monkeypatch.setattr(caretaker, "_SOONEST", 0.0)
    monkeypatch.setattr(caretaker, "_COMMITS", 1)
    monkeypatch.setattr(caretaker, "_TURN", 0.02)
    told: list[str] = []
    versions = iter(range(100_000))
    with Caretaker(tmp_path / "nothing", lambda: next(versions), told.append):
        deadline = time.monotonic() + 60
        while not told and time.monotonic() < deadline:
            time.sleep(0.05)
    assert len(told) == 1
    assert "the upkeep is delayed" in told[0]


def test_upkeep_that_cannot_be_started_is_told_and_tried_again(tmp_path, monkeypatch):
    """As on a machine that is out of processes for a while."""
    monkeypatch.setattr(caretaker, "_SOONEST", 0.0)
    monkeypatch.setattr(caretaker, "_COMMITS", 1)
    monkeypatch.setattr(caretaker, "_TURN", 0.02)
    refusals = [OSError(11, "Resource temporarily unavailable")]
    real: Callable[..., object] = subprocess.Popen

    def started(*arguments: object, **named: object) -> object:
        if refusals:
            raise refusals.pop()
        return real(*arguments, **named)

    monkeypatch.setattr(subprocess, "Popen", started)
    told: list[str] = []
    worker = sink(tmp_path)
    worker.flush()
    versions = iter(range(100_000))
    with Caretaker(tmp_path, lambda: next(versions), told.append):
        deadline = time.monotonic() + 60
        while len(told) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert "the upkeep is delayed: [Errno 11] Resource temporarily unavailable" in told[0]
    assert "the upkeep works again" in told[1]


def test_nothing_is_due_without_commits():
    """An idle worker starts no process."""
    assert not caretaker._is_due(0, 1e9)
    assert not caretaker._is_due(199, 61)
    assert caretaker._is_due(200, 61)
    assert not caretaker._is_due(10_000, 59)
    assert caretaker._is_due(1, 601)


def test_only_one_process_tends_at_a_time(tmp_path):
    """The others leave at once: merging the same files twice would be work for nothing."""
    filled(tmp_path, commits=60)
    with alone(Location.of(tmp_path), Location.of(tmp_path / VERDICTS)):
        caretaker.take_care(os.fspath(tmp_path))
    assert len(Reader(tmp_path).look().files) == 60
    caretaker.take_care(os.fspath(tmp_path))
    assert len(Reader(tmp_path).look().files) == 1
