"""The CSV with real processes around it: freezing or killing its writer loses and doubles nothing."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.results.rows import ORIGIN, event_id, judged
from tests.results.test_view import ids, rows
from tocsin.results.sink import ResultsSink
from tocsin.results.view import COLUMNS, CsvView

FOLLOW = """
import sys, time
from pathlib import Path
from tocsin.results.view import CsvView
view = CsvView(Path(sys.argv[1]), Path(sys.argv[2]))
while True:
    if view.follow():
        print(flush=True)
    time.sleep(0.005)
"""


@contextmanager
def follower(results: Path, path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that follows until it is killed; it prints a line for each time that it was the writer."""
    command = [sys.executable, "-c", FOLLOW, str(results), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def has_written(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == b"\n"


def until(condition: Callable[..., bool], *arguments: object) -> None:
    deadline = time.monotonic() + 60
    while not condition(*arguments):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def has_rows(path: Path, count: int) -> bool:
    return path.exists() and len(rows(path)) == count


@pytest.fixture
def sink(tmp_path) -> ResultsSink:
    ours = ResultsSink(tmp_path / "results", ORIGIN, "none", lambda: 0.0)
    ours.start([0])
    return ours


def store(sink: ResultsSink, first: int, count: int) -> int:
    sink.write(judged(range(first, first + count)))
    sink.flush()
    return first + count


def events(end: int) -> list[str]:
    return sorted(event_id(o) for o in range(end))


def test_a_killed_writer_leaves_nothing_half(sink, tmp_path):
    """Eight writers are killed at random moments of their work; the next one goes on."""
    path, dice, end = tmp_path / "out.csv", random.Random(11), 0
    for _ in range(8):
        end = store(sink, end, 400)
        with follower(tmp_path / "results", path) as process:
            has_written(process)
            end = store(sink, end, 400)
            time.sleep(dice.uniform(0, 0.03))
            process.send_signal(signal.SIGKILL)
    view = CsvView(tmp_path / "results", path)
    assert view.follow(wait=5)
    view.close()
    assert ids(path) == events(end)
    assert path.read_bytes().count(b"\r\n") == end + 1


def test_a_frozen_writer_delays_the_csv_and_no_more(sink, tmp_path):
    """Another process waits, for two would write; when the first wakes up, it goes on where it was."""
    path, end = tmp_path / "out.csv", 0
    with follower(tmp_path / "results", path) as writer:
        for _ in range(3):
            end = store(sink, end, 300)
            has_written(writer)
            writer.send_signal(signal.SIGSTOP)
            end = store(sink, end, 300)
            other = CsvView(tmp_path / "results", path)
            assert not other.follow(wait=0.2)
            assert not other.has(sink.version)
            writer.send_signal(signal.SIGCONT)
            until(other.has, sink.version)
            other.close()
            assert ids(path) == events(end)
        writer.send_signal(signal.SIGSTOP)
        end = store(sink, end, 300)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        heir = CsvView(tmp_path / "results", path)
        assert heir.follow(wait=5)
        heir.close()
    assert ids(path) == events(end)


def test_any_number_of_followers_make_one_csv(sink, tmp_path):
    """They all look at the table; one of them writes, and another when that one is killed."""
    path, end = tmp_path / "out.csv", 0
    end = store(sink, end, 100)
    with (
        follower(tmp_path / "results", path) as first,
        follower(tmp_path / "results", path) as second,
        follower(tmp_path / "results", path),
    ):
        for process in (first, second):
            end = store(sink, end, 100)
            watcher = CsvView(tmp_path / "results", path)
            until(watcher.has, sink.version)
            process.kill()
        end = store(sink, end, 100)
        until(watcher.has, sink.version)
    assert ids(path) == events(end)


def test_a_deleted_csv_comes_back_while_its_writer_runs(sink, tmp_path):
    """With everything that the results have, and nothing of it twice."""
    path = tmp_path / "out.csv"
    end = store(sink, 0, 500)
    with follower(tmp_path / "results", path) as writer:
        for _ in range(3):
            has_written(writer)
            until(has_rows, path, end)
            path.unlink()
            until(has_rows, path, end)
            assert ids(path) == events(end)
            assert path.read_text(encoding="utf-8").startswith(",".join(COLUMNS))
            end = store(sink, end, 100)
