"""The CSV follows beside the loop, survives trouble, and never keeps a worker from ending."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.results.rows import ORIGIN, judged
from tocsin.results.sink import ResultsSink
from tocsin.results.view import CsvView
from tocsin.run.follow import Follower


@pytest.fixture
def sink(tmp_path: Path) -> ResultsSink:
    sink = ResultsSink(tmp_path / "results", ORIGIN, "none", lambda: 0.0)
    sink.start([0])
    return sink


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


class Following:
    """A follower of the CSV, and what it has told."""

    def __init__(self, results: Path, csv: Path) -> None:
        self.told: list[str] = []
        self.follower = Follower(CsvView(results, csv), self.told.append)

    def __enter__(self) -> Self:
        self.follower.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.follower.stop(0, patience=0.0)


@pytest.fixture
def following(sink, tmp_path, csv) -> Iterator[Following]:
    with Following(tmp_path / "results", csv) as following:
        yield following


def store(sink: ResultsSink, *offsets: int) -> None:
    sink.write(judged(offsets))
    sink.flush()


def lines(csv: Path) -> int:
    return csv.read_text().count("\n") if csv.exists() else 0


def wait_until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_it_is_a_second_behind_at_most(sink, following, csv):
    """What is committed appears in the CSV while the worker lives."""
    store(sink, 0, 1)
    wait_until(lambda: lines(csv) == 3)
    store(sink, 2)
    wait_until(lambda: lines(csv) == 4)
    assert following.told == []


def test_a_table_that_is_away_delays_it(sink, following, csv, tmp_path):
    """Trouble is told once, and so is its end; the thread lives through it."""
    store(sink, 0)
    wait_until(lambda: lines(csv) == 2)
    away = (tmp_path / "results").rename(tmp_path / "away")
    wait_until(lambda: following.told)
    time.sleep(1.0)  # the next look has nothing new to say
    assert len(following.told) == 1
    assert following.told[0].startswith("the CSV is delayed")
    away.rename(tmp_path / "results")
    wait_until(lambda: following.told[1:] == ["the CSV is followed again"])


def test_a_fault_that_nobody_foresaw_delays_it(sink, following, csv, monkeypatch):
    """It is told, and does not end the thread without which the CSV would stay as it is."""
    faults = [ZeroDivisionError("of a library")]
    real = CsvView.follow

    def follow(view: CsvView, wait: float = 0.0) -> bool:
        if faults:
            raise faults.pop()
        return real(view, wait)

    monkeypatch.setattr(CsvView, "follow", follow)
    store(sink, 0, 1)
    wait_until(lambda: lines(csv) == 3 and following.told[1:])
    assert following.told == [
        "the CSV is delayed: ZeroDivisionError: of a library",
        "the CSV is followed again",
    ]


def test_ending_completes_the_csv(sink, following, csv):
    """The last rows are in it when the worker has ended."""
    store(sink, 0)
    wait_until(lambda: lines(csv) == 2)
    store(sink, 1, 2, 3)
    following.follower.stop(sink.version)
    assert lines(csv) == 5


def test_ending_waits_for_another_writer_and_takes_over_from_it(sink, csv, tmp_path):
    """Two workers end at about the same time: the CSV is complete when both have."""
    with Following(tmp_path / "results", csv) as writer:
        store(sink, 0)
        wait_until(lambda: lines(csv) == 2)
        other = Follower(CsvView(tmp_path / "results", csv), print)
        other.start()
        store(sink, 1)
        ending = threading.Thread(target=other.stop, args=(sink.version,))
        ending.start()
        writer.follower.stop(0)
        ending.join()
    assert lines(csv) == 3


def test_ending_does_not_wait_for_what_cannot_be_written(sink, following, csv, tmp_path):
    """With the disk full or the folder gone the worker says so and ends."""
    store(sink, 0)
    wait_until(lambda: lines(csv) == 2)
    version = sink.version
    (tmp_path / "results").rename(tmp_path / "away")
    begun = time.monotonic()
    following.follower.stop(version + 1, patience=30.0)
    assert time.monotonic() - begun < 5
    assert following.told[-1].endswith("the next worker will complete it")
