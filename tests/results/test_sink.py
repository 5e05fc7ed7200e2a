"""The results own the offsets: each record is there once, whoever wrote it and whoever died."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.results.rows import ORIGIN, event_id, judged
from tocsin.errors import SettingsError, StreamError
from tocsin.ports import PositionMoved
from tocsin.results import dead_letters
from tocsin.results import table as table_module
from tocsin.results.sink import ResultsSink
from tocsin.results.table import DEAD_LETTERS, Origin, dataset


def sink(folder: Path, keep_events: str = "detected") -> ResultsSink:
    return ResultsSink(folder, ORIGIN, keep_events, lambda: 1_800_000_000.0)


def offsets(folder: Path, table: str = "verdicts", partition: int = 0) -> list[int]:
    rows = dataset(folder, table).to_table(columns=["partition", "offset"]).to_pylist()
    return sorted(r["offset"] for r in rows if r["partition"] == partition)


def test_rows_and_positions_are_one_commit(tmp_path):
    """After a flush the next worker goes on exactly where the rows end."""
    ours = sink(tmp_path)
    assert ours.start([0, 1]) == {}
    ours.write(judged([0, 1, 2]))
    ours.write(judged([3, 4], partition=1))
    assert ours.flush() == {0: 3, 1: 5}
    assert sink(tmp_path).start([0, 1, 2]) == {0: 3, 1: 5}
    assert offsets(tmp_path) == [0, 1, 2]
    assert offsets(tmp_path, partition=1) == [3, 4]


def test_what_was_not_flushed_is_not_there(tmp_path):
    """A worker that dies before its flush leaves neither rows nor a position."""
    dying = sink(tmp_path)
    dying.start([0])
    dying.write(judged([0, 1]))
    assert sink(tmp_path).start([0]) == {}
    assert offsets(tmp_path) == []


def test_a_zombie_is_refused_and_goes_on_from_the_truth(tmp_path):
    """Two workers believe that they own a partition: one commits, the other discards and reads anew."""
    zombie, owner = sink(tmp_path), sink(tmp_path)
    zombie.start([0, 1])
    owner.start([0])
    zombie.write(judged([0, 1, 2]))
    zombie.write(judged([7], partition=1))
    owner.write(judged([0, 1]))
    owner.flush()
    with pytest.raises(PositionMoved) as moved:
        zombie.flush()
    assert moved.value.partitions == [0]
    assert moved.value.flushed == {1: 8}
    assert zombie.start([0]) == {0: 2}
    zombie.write(judged([2]))
    assert zombie.flush() == {0: 3, 1: 8}
    assert offsets(tmp_path) == [0, 1, 2]
    assert offsets(tmp_path, partition=1) == [7]


def test_a_zombie_whose_handle_was_refreshed_is_still_refused(tmp_path):
    """The log refuses only what changed since the handle was read; the position check does the rest."""
    zombie, owner = sink(tmp_path), sink(tmp_path)
    zombie.start([0, 1])
    owner.start([0])
    owner.write(judged([0, 1]))
    owner.flush()
    zombie.write(judged([5], partition=1))
    zombie.flush()  # refreshes the zombie's snapshot beyond the owner's commit
    zombie.write(judged([0, 1]))
    with pytest.raises(PositionMoved):
        zombie.flush()
    assert offsets(tmp_path) == [0, 1]


def test_workers_that_start_at_the_same_moment_share_the_results(tmp_path):
    """Only one of them creates the tables; the others use those."""
    for attempt in range(8):
        start = threading.Barrier(6)

        def open_and_write(number: int, folder=tmp_path / str(attempt), start=start) -> None:
            start.wait()
            ours = sink(folder)
            ours.start([number])
            ours.write(judged([0, 1], partition=number, rejected=[1]))
            ours.flush()

        with ThreadPoolExecutor(6) as threads:
            list(threads.map(open_and_write, range(6)))
        assert [offsets(tmp_path / str(attempt), partition=p) for p in range(6)] == [[0]] * 6
        assert dead_letters.count(tmp_path / str(attempt)) == {"not_json": 6}


def test_a_handle_that_is_opened_anew_is_as_careful(tmp_path, monkeypatch):
    """A long-lived worker opens its tables again and again; being overtaken meanwhile still shows."""
    monkeypatch.setattr(table_module, "_STALE", 1)
    zombie, owner = sink(tmp_path), sink(tmp_path)
    zombie.start([0, 1])
    owner.start([0])
    for first in (0, 2, 4):
        owner.write(judged([first, first + 1]))
        owner.flush()
    zombie.write(judged([0, 1]))
    zombie.write(judged([0, 1], partition=1))
    with pytest.raises(PositionMoved) as moved:
        zombie.flush()
    assert (moved.value.partitions, moved.value.flushed) == ([0], {1: 2})
    assert zombie.start([0, 1]) == {0: 6, 1: 2}
    assert offsets(tmp_path) == [0, 1, 2, 3, 4, 5]


def test_dead_letters_are_kept_whole_and_once(tmp_path):
    """A worker that dies between the two commits leaves dead letters that its successor does not repeat."""
    dying = sink(tmp_path)
    dying.start([0])
    dying.write(judged([0, 1, 2, 3], rejected=[1, 3]))
    dying._verdicts.commit = _dies  # type: ignore[method-assign]  # the failure point between the two commits
    with pytest.raises(ZeroDivisionError):
        dying.flush()
    assert offsets(tmp_path, DEAD_LETTERS) == [1, 3]

    heir = sink(tmp_path)
    assert heir.start([0]) == {}
    heir.write(judged([0, 1, 2, 3, 4], rejected=[1, 3, 4]))
    heir.flush()
    assert offsets(tmp_path) == [0, 2]
    assert offsets(tmp_path, DEAD_LETTERS) == [1, 3, 4]
    row = dataset(tmp_path, DEAD_LETTERS).to_table().to_pylist()[0]
    assert row["value"].startswith(b"record 0/")
    assert (row["key"], row["headers"]) == (b"host", [{"name": "event-id", "value": b"x"}])
    assert dead_letters.count(tmp_path) == {"not_json": 3}


def _dies(*_):
    raise ZeroDivisionError


def test_what_it_kept_itself_hides_nothing(tmp_path):
    """Only what a worker before it has kept is left out: a scan counts offsets anew in each file."""
    ours = sink(tmp_path)
    for _file in range(2):
        ours.write(judged([1, 2, 3], rejected=[2]))
        ours.flush()
    assert offsets(tmp_path, DEAD_LETTERS) == [2, 2]


def test_a_batch_of_rejects_alone_moves_the_position(tmp_path):
    """Otherwise a stretch of noise would be read again for ever."""
    ours = sink(tmp_path)
    ours.start([0])
    ours.write(judged([0, 1], rejected=[0, 1]))
    assert ours.flush() == {0: 2}
    assert sink(tmp_path).start([0]) == {0: 2}


def test_lost_partitions_are_forgotten(tmp_path):
    """What is held for a partition that another worker has is never written."""
    ours = sink(tmp_path)
    ours.start([0, 1])
    ours.write(judged([0, 1]))
    ours.write(judged([0], partition=1, rejected=[0]))
    ours.write(judged([1], partition=1))
    ours.discard([1])
    assert ours.flush() == {0: 2}
    assert sink(tmp_path).start([0, 1]) == {0: 2}
    assert dead_letters.count(tmp_path) == {}


def test_another_topic_is_refused(tmp_path):
    """A topic deleted and made again has the same name and other records."""
    sink(tmp_path)
    again = Origin(cluster="cluster", topic="raw-events", topic_id="another-id")
    with pytest.raises(SettingsError, match="holds the results of topic 'raw-events' \\(topic-id\\)"):
        ResultsSink(tmp_path, again, "none", lambda: 0.0)


@pytest.mark.skipif(os.name == "nt", reason="needs a path that no one can write to")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    """Said before anything is consumed."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match="cannot be written"):
        sink(tmp_path / "file" / "results")


def test_a_folder_that_is_gone_is_told(tmp_path):
    """Nothing is written into a folder that somebody has removed: its log would have a hole."""
    ours = sink(tmp_path / "results")
    ours.start([0])
    for first in (0, 2):
        ours.write(judged([first, first + 1]))
        ours.flush()
    shutil.rmtree(tmp_path / "results")
    ours.write(judged([4]))
    with pytest.raises(StreamError, match="the results cannot be read or written"):
        ours.flush()
    assert not (tmp_path / "results").exists()


def test_a_row_says_what_was_concluded(tmp_path):
    """Label, detections with ids that a replay repeats, times, and the raw bytes of what was detected."""
    for folder in (tmp_path / "first", tmp_path / "replay"):
        ours = sink(folder)
        ours.start([0])
        ours.write(judged([5, 6], fired=[6]))
        ours.flush()
    first, second = dataset(tmp_path / "first").to_table().sort_by("offset").to_pylist()
    assert (first["tactic"], first["technique"], first["level"], first["detections"], first["raw"]) == (
        "TA0000",
        "T0000",
        None,
        [],
        None,
    )
    assert (second["tactic"], second["technique"], second["level"]) == ("TA0002", "T1059.001", 3)
    assert second["raw"] == b"record 0/6"
    assert second["event_id"] == event_id(6)
    assert second["trace_id"] == event_id(6).replace("-", "")
    assert second["time"].isoformat() == "2026-11-21T10:00:00.123000+00:00"
    detection = second["detections"][0]
    assert (detection["rule_id"], detection["level"]) == ("rule-1", "high")
    assert detection["matched"] == [{"field": "CommandLine", "value": "powershell -enc"}]
    replayed = dataset(tmp_path / "replay").to_table().sort_by("offset").to_pylist()[1]
    assert replayed["detections"] == second["detections"]


@pytest.mark.parametrize(("keep", "kept"), [("all", 2), ("detected", 1), ("none", 0)])
def test_raw_events_are_kept_as_asked(tmp_path, keep, kept):
    """`all`, those with a detection above informational, or none."""
    ours = sink(tmp_path, keep)
    ours.start([0])
    ours.write(judged([0, 1], fired=[1]))
    ours.flush()
    assert sum(r is not None for r in dataset(tmp_path).to_table()["raw"].to_pylist()) == kept


@settings(max_examples=15, deadline=None)
@given(script=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.booleans()), max_size=8))
def test_any_interleaving_of_workers_gives_each_record_once(tmp_path_factory, script):
    """Three workers read, flush, are refused and start again in any order: offsets stay gapless."""
    folder = tmp_path_factory.mktemp("interleaved")
    sinks = [sink(folder) for _ in range(3)]
    at = [s.start([0]).get(0, 0) for s in sinks]
    for who, count, flush in script:
        offered = range(at[who], at[who] + count)
        sinks[who].write(judged(offered, rejected=[o for o in offered if o % 3 == 1]))
        at[who] += count
        if flush:
            try:
                sinks[who].flush()
            except PositionMoved:
                at[who] = sinks[who].start([0])[0]
    end = sinks[0].start([0]).get(0, 0)
    assert offsets(folder) == [o for o in range(end) if o % 3 != 1]
    assert offsets(folder, DEAD_LETTERS) == [o for o in range(end) if o % 3 == 1]


def test_the_tables_are_plain_delta_tables(tmp_path):
    """Spark, Polars and Trino read them as they are."""
    ours = sink(tmp_path)
    ours.start([0])
    ours.write(judged([0]))
    ours.flush()
    table = DeltaTable(tmp_path / "verdicts")
    assert table.transaction_version("cluster/topic-id/0") == 1
    assert table.protocol().min_reader_version <= 3
