"""The flat detections are those of the results, whatever is done to these in the meantime."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stats.detections.flat import ORIGIN, RULES, Seen, Writer, caught_up, silent, stored
from tocsin.results.table import dataset
from tocsin.results.upkeep import compact, prune
from tocsin.stats.detections.following import DetectionFollower
from tocsin.stats.detections.intake import known
from tocsin.stats.detections.narrowing import Narrowing
from tocsin.stats.detections.questions import detection, page, total
from tocsin.stats.detections.store import DetectionStore

FIRED = tuple(RULES)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


@pytest.fixture
def store(tmp_path, results) -> Iterator[DetectionStore]:
    with DetectionStore(results, tmp_path / "cache") as opened:
        yield opened


def ids_in(store: DetectionStore) -> list[str]:
    found = page(store, Narrowing(), 100_000)
    assert found.next is None
    return sorted(str(row["detection_id"]) for row in found.rows)


def ids_of(results: Path) -> list[str]:
    rows = dataset(results).to_table(columns=["detections"]).to_pylist()
    return sorted(fired["detection_id"] for row in rows for fired in row["detections"] or ())


def test_every_detection_of_every_commit_is_there_once(results, store):
    """What came in before and after the first look is there, and nothing twice."""
    follower, writer = DetectionFollower(results, store, silent), Writer(results)
    writer.write(Seen(0, fired=FIRED), Seen(1), Seen(2, fired=FIRED[:1]))
    follower.catch_up()
    assert ids_in(store) == ids_of(results)
    writer.write(Seen(3, fired=FIRED[1:]))
    writer.write(Seen(4))
    follower.catch_up()
    follower.catch_up()
    assert len(ids_in(store)) == 6
    assert ids_in(store) == ids_of(results)


def test_compaction_and_late_rows_change_nothing(results, store):
    """Old rows in new files are not taken for new ones, and new ones in the same file are not missed."""
    follower, one, two = DetectionFollower(results, store, silent), Writer(results), Writer(results, 1)
    for minute in range(5):
        one.write(Seen(minute, fired=FIRED[:1]))
        two.write(Seen(minute, fired=FIRED[:1]))
    follower.catch_up()
    for minute in range(5):
        one.write(Seen(minute, fired=FIRED[:2]))
        two.write(Seen(minute))
    compact(results)
    two.write(Seen(9, fired=FIRED))
    follower.catch_up()
    assert ids_in(store) == ids_of(results)
    assert len(dataset(results).files) < 5, "nothing was compacted"


def test_what_is_pruned_goes(results, store):
    """Prune removes the same detections from both, and does not make everything anew."""
    follower, writer = DetectionFollower(results, store, silent), Writer(results)
    for minute in range(4):
        writer.write(Seen(minute, fired=FIRED), Seen(minute))
    follower.catch_up()
    before = set(store.ask("SELECT n, detection_id FROM detections"))
    prune(results, stored(2))
    follower.catch_up()
    assert ids_in(store) == ids_of(results)
    assert len(ids_in(store)) == 6
    assert set(store.ask("SELECT n, detection_id FROM detections")) < before
    prune(results, stored(100))
    follower.catch_up()
    assert ids_in(store) == []


def test_rows_removed_in_another_way_are_noticed(results, store):
    """When the counts do not agree everything is read anew."""
    follower, writer = DetectionFollower(results, store, silent), Writer(results)
    writer.write(*(Seen(minute, fired=FIRED) for minute in range(4)))
    follower.catch_up()
    from tocsin.results.location import Location  # noqa: PLC0415 - what another program would do

    (Location.of(results) / "verdicts").opened().delete('"offset" = 2')
    follower.catch_up()
    assert ids_in(store) == ids_of(results)
    assert len(ids_in(store)) == 9


def test_a_table_made_anew_is_another_one(results, store, tmp_path):
    """Nothing is left of results that were deleted."""
    follower = DetectionFollower(results, store, silent, believed=0.0)
    Writer(results).write(Seen(0, fired=FIRED), Seen(1, fired=FIRED))
    follower.catch_up()
    results.rename(tmp_path / "gone")
    Writer(results).write(Seen(0, fired=FIRED[:1]))
    follower.catch_up()
    assert ids_in(store) == ids_of(results)
    assert len(ids_in(store)) == 1


def test_it_goes_on_after_a_restart(results, tmp_path):
    """A second opening reads only what is new."""
    writer = Writer(results)
    writer.write(Seen(0, fired=FIRED))
    with caught_up(results, tmp_path / "cache") as store:
        first = known(store)
    writer.write(Seen(1, fired=FIRED))
    with DetectionStore(results, tmp_path / "cache") as store:
        assert known(store) == first
        DetectionFollower(results, store, silent).catch_up()
        assert ids_in(store) == ids_of(results)


@pytest.mark.parametrize("state", ["garbage", "half"])
def test_a_damaged_or_half_made_file_is_made_anew(results, tmp_path, state):
    """Nobody has to delete it by hand."""
    Writer(results).write(Seen(0, fired=FIRED))
    with caught_up(results, tmp_path / "cache") as store:
        path = store.path
        if state == "half":
            with store.writing() as database:
                database.execute("UPDATE state SET complete = false")
                database.execute("DELETE FROM detections")
    if state == "garbage":
        path.write_bytes(b"no database" * 1_000)
    with caught_up(results, tmp_path / "cache") as store:
        assert store.path == path
        assert ids_in(store) == ids_of(results)


def test_two_at_once_have_a_copy_each(results, tmp_path):
    """A second console neither fails nor disturbs the first, and leaves nothing behind."""
    Writer(results).write(Seen(0, fired=FIRED))
    with caught_up(results, tmp_path / "cache") as one:
        with caught_up(results, tmp_path / "cache") as two:
            assert one.path != two.path
            assert ids_in(one) == ids_in(two) == ids_of(results)
        assert not two.path.exists()
    assert one.path.exists()


def test_a_writer_that_commits_and_compacts_meanwhile(results, store):
    """Followed all the time, every detection is seen, none twice, and in the end all are there."""
    done = threading.Event()
    writer = Writer(results)
    writer.write(Seen(0))

    def work() -> None:
        for minute in range(40):
            writer.write(Seen(minute, fired=FIRED[: minute % 4]), Seen(minute))
            if minute % 10 == 9:
                compact(results)
        done.set()

    worker = threading.Thread(target=work)
    with DetectionFollower(results, store, silent) as follower:
        worker.start()
        while not done.wait(0.01):
            seen = ids_in(store)
            assert len(set(seen)) == len(seen)
        worker.join()
        assert follower.standing.trouble == ""
    DetectionFollower(results, store, silent).catch_up()
    assert ids_in(store) == ids_of(results)


def test_nothing_there_yet_is_no_trouble(results, store):
    """A console may be opened before the first worker."""
    with DetectionFollower(results, store, silent) as follower:
        for _ in range(500):
            if follower.standing.ready:
                break
            threading.Event().wait(0.01)
        assert follower.standing.ready
        assert follower.standing.trouble == ""
    assert total(store, Narrowing()) == 0
    assert detection(store, "no id") is None


def test_whose_results_they_are_shows_in_the_place(results, tmp_path):
    """Two results folders never share a copy."""
    with (
        DetectionStore(results, tmp_path / "cache") as one,
        DetectionStore(tmp_path / "other", tmp_path / "cache") as two,
    ):
        assert one.path.parent != two.path.parent
    assert ORIGIN.topic == "raw-events"
