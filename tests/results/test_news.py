"""A follower learns what each commit of a worker added, and nothing from those who only rewrite."""

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.results.rows import ORIGIN, judged
from tocsin.errors import SettingsError
from tocsin.results.news import News, TableFollower, stock_of
from tocsin.results.sink import ResultsSink
from tocsin.results.table import DEAD_LETTERS
from tocsin.results.upkeep import compact, prune


def sink(folder: Path, partitions: list[int] | None = None) -> ResultsSink:
    made = ResultsSink(folder, ORIGIN, "detected", time.time)
    made.start(partitions or [0])
    return made


def store(ours: ResultsSink, first: int, count: int = 3) -> None:
    ours.write(judged(range(first, first + count), fired=[first]))
    ours.flush()


def offsets(follower: TableFollower, news: News) -> list[int]:
    return sorted(follower.rows(news.files, ["offset"])["offset"].to_pylist())


def test_each_row_is_news_once(tmp_path):
    """What was there at the start is not; a look without anything new gives nothing."""
    ours = sink(tmp_path)
    store(ours, 0)
    follower = TableFollower(tmp_path)
    assert follower.start.rows == 3
    assert follower.look() == News([])
    store(ours, 3)
    store(ours, 6)
    assert offsets(follower, follower.look()) == [3, 4, 5, 6, 7, 8]
    assert follower.look() == News([])
    assert follower.check() == News()


def test_rows_that_compaction_writes_anew_are_no_news(tmp_path):
    """They were told when they came; and what comes after it still is."""
    ours = sink(tmp_path)
    for number in range(4):
        store(ours, number * 3)
    follower = TableFollower(tmp_path)
    compact(tmp_path)
    assert follower.look() == News([])
    store(ours, 12)
    assert offsets(follower, follower.look()) == [12, 13, 14]


def test_prune_makes_the_counts_anew(tmp_path):
    """What was removed has to be counted off, which only a fresh count can."""
    ours = sink(tmp_path)
    store(ours, 0)
    follower = TableFollower(tmp_path)
    prune(tmp_path, datetime.now(UTC) + timedelta(days=1))
    assert follower.look() == News(anew=True)
    assert follower.start.rows == 0


def test_another_table_in_its_place_is_noticed(tmp_path):
    """As after a topic was made anew and the results were removed with it, even if it has more commits."""
    store(sink(tmp_path), 0)
    follower = TableFollower(tmp_path)
    shutil.rmtree(tmp_path / "verdicts")
    shutil.rmtree(tmp_path / DEAD_LETTERS)
    ours = sink(tmp_path)
    for number in range(5):
        store(ours, number * 2, 2)
    assert follower.check() == News(anew=True)
    assert follower.start.rows == 10


def test_a_log_that_was_cleaned_up_meanwhile_is_noticed(tmp_path):
    """Whoever slept for long begins with what is there."""
    ours = sink(tmp_path)
    store(ours, 0)
    follower = TableFollower(tmp_path)
    store(ours, 3)
    store(ours, 6)
    DeltaTable(tmp_path / "verdicts").create_checkpoint()
    for commit in (tmp_path / "verdicts" / "_delta_log").glob("*.json"):
        commit.unlink()
    assert follower.look() == News([])
    assert follower.check() == News(anew=True)
    assert follower.start.rows == 9


def test_the_levels_of_a_file_are_counted_from_one_column(tmp_path):
    """Every detection, not every event."""
    ours = sink(tmp_path)
    ours.write(judged(range(6), fired=[1, 2, 5]))
    ours.flush()
    follower = TableFollower(tmp_path)
    assert [dict(follower.levels(file)) for file, _ in follower.start.files] == [{"high": 3}]


def test_the_newest_file_comes_first(tmp_path):
    """So that whoever wants the last minutes can stop early."""
    ours = sink(tmp_path)
    for number in range(3):
        store(ours, number * 3)
        time.sleep(0.01)
    times = [newest for _, newest in stock_of(tmp_path).files]
    assert times == sorted(times, reverse=True)
    assert abs(times[0] / 1000 - time.time()) < 60


def test_without_a_table_it_says_so(tmp_path):
    """The console waits for one then."""
    with pytest.raises(SettingsError, match="no results here"):
        TableFollower(tmp_path)
