"""A full disk stops writing in plain words, shows nothing half-written, and is over once there is room."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.results.rows import ORIGIN, judged
from tests.results.test_view import ids
from tocsin.errors import SettingsError, StreamError
from tocsin.results import dead_letters
from tocsin.results.sink import ResultsSink
from tocsin.results.table import DEAD_LETTERS, dataset
from tocsin.results.upkeep import compact
from tocsin.results.view import CsvView


@pytest.fixture
def disk(tmp_path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True, capture_output=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"cannot mount a small disk here: {error}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    """Take all of the room but some bytes."""
    ballast = disk / "ballast"
    ballast.touch()
    with ballast.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    if leave:
        with ballast.open("r+b") as file:
            file.truncate(max(ballast.stat().st_size - leave, 0))
    return ballast


def sink(folder: Path) -> ResultsSink:
    return ResultsSink(folder, ORIGIN, "none", lambda: 0.0)


def stored(folder: Path, table: str = "verdicts") -> list[int]:
    return sorted(dataset(folder, table).to_table()["offset"].to_pylist())


@pytest.mark.parametrize("room", [0, 4096, 8192, 16_384, 24_576])
def test_a_flush_fails_plainly_and_succeeds_when_there_is_room(disk, room):
    """Whichever of its writes was the one too many, what is held is written once by a later flush."""
    ours = sink(disk / "results")
    ours.start([0])
    ours.write(judged(range(5), rejected=[2]))
    ours.flush()
    ballast = fill(disk, leave=room)
    ours.write(judged(range(5, 400), rejected=range(5, 400, 5)))
    for _ in range(2):
        with pytest.raises(StreamError, match="the disk is full"):
            ours.flush()
        assert stored(disk / "results") == [0, 1, 3, 4]
    ballast.unlink()
    assert ours.flush() == {0: 400}
    rejected = [2, *range(5, 400, 5)]
    assert stored(disk / "results") == [o for o in range(400) if o not in rejected]
    assert stored(disk / "results", DEAD_LETTERS) == rejected
    assert sink(disk / "results").start([0]) == {0: 400}


def test_a_worker_is_not_started_on_a_full_disk(disk):
    """It says so before anything is consumed."""
    fill(disk)
    with pytest.raises(SettingsError, match="the disk is full"):
        sink(disk / "results")


def test_the_csv_waits_for_room(disk, tmp_path):
    """Half a row is cut off, and each event is there once when there is room again."""
    ours = sink(tmp_path / "results")
    ours.start([0])
    ours.write(judged(range(10)))
    ours.flush()
    view = CsvView(tmp_path / "results", disk / "out.csv")
    view.follow()
    ballast = fill(disk)
    ours.write(judged(range(10, 2_000)))
    ours.flush()
    for _ in range(2):
        with pytest.raises(StreamError, match="is the disk full"):
            view.follow()
    ballast.unlink()
    view.follow()
    view.close()
    assert len(ids(disk / "out.csv")) == len(set(ids(disk / "out.csv"))) == 2_000


def test_upkeep_fails_plainly_and_changes_nothing(disk):
    """Merging takes room for the merged file; without it the small ones stay."""
    ours = sink(disk / "results")
    ours.start([0])
    for first in range(0, 50, 5):
        ours.write(judged(range(first, first + 5), rejected=[first]))
        ours.flush()
    ballast = fill(disk)
    with pytest.raises(StreamError, match="disk is full"):
        compact(disk / "results")
    assert stored(disk / "results") == [o for o in range(50) if o % 5]
    ballast.unlink()
    compact(disk / "results")
    assert stored(disk / "results") == [o for o in range(50) if o % 5]
    assert dead_letters.count(disk / "results") == {"not_json": 10}
