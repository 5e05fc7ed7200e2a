"""What disks, power cuts and hands do to the results is mended, or told with file and way out."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from deltalake import DeltaTable

from tests.results.rows import ORIGIN, event_id, judged
from tests.results.test_view import ids
from tocsin.errors import SettingsError, StreamError
from tocsin.results import dead_letters
from tocsin.results.dead_letters import Choice
from tocsin.results.sink import ResultsSink
from tocsin.results.table import DEAD_LETTERS, VERDICTS, dataset, sum_up
from tocsin.results.upkeep import compact
from tocsin.results.view import CsvView


def sink(folder: Path) -> ResultsSink:
    return ResultsSink(folder, ORIGIN, "none", lambda: 0.0)


@pytest.fixture
def results(tmp_path):
    """Six commits of five records each, the first of each rejected; a checkpoint after the fourth."""
    ours = sink(tmp_path / "results")
    ours.start([0])
    for first in range(0, 30, 5):
        ours.write(judged(range(first, first + 5), rejected=[first]))
        ours.flush()
        if first == 15:
            sum_up(DeltaTable(tmp_path / "results" / VERDICTS))
    return tmp_path / "results"


def commit(number: int) -> Callable[[Path], Path]:
    return lambda results: results / VERDICTS / "_delta_log" / f"{number:020}.json"


def checkpoint(results: Path) -> Path:
    return next((results / VERDICTS / "_delta_log").glob("*.checkpoint.parquet"))


def hint(results: Path) -> Path:
    return results / VERDICTS / "_delta_log" / "_last_checkpoint"


def part(results: Path) -> Path:
    """The data file of the second commit."""
    return results / VERDICTS / Path(dataset(results).files[1]).name


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def garble(file: Path) -> None:
    file.write_bytes(os.urandom(300))


def leave_half_written(file: Path) -> None:
    file.with_name(file.name + "#1").write_bytes(file.read_bytes()[:100])


HARMS = [truncate, garble, Path.unlink]
READ_AGAIN = "the records of that commit are read from the topic again"
RESTORE = "restore it from a backup"
WHOLE = "the log is whole without"


@pytest.mark.parametrize(
    ("file", "harm", "remedy"),
    [
        (commit(6), truncate, READ_AGAIN),
        (commit(6), garble, READ_AGAIN),
        (commit(5), truncate, RESTORE),
        (commit(5), garble, RESTORE),
        (commit(5), Path.unlink, RESTORE),
        (checkpoint, truncate, WHOLE),
        (checkpoint, garble, WHOLE),
    ],
)
def test_a_damaged_log_is_refused_by_name(results, tmp_path, file, harm, remedy):
    """Worker, question, CSV and upkeep all say which file it is, and how to get out of it."""
    harmed = file(results)
    harm(harmed)
    for use in (sink, dataset, compact, lambda place: CsvView(place, tmp_path / "out.csv").follow()):
        with pytest.raises((SettingsError, StreamError)) as refused:
            use(results)
        assert str(harmed) in refused.value.problem
        assert remedy in refused.value.hint


@pytest.mark.parametrize("harm", [truncate, empty, garble])
def test_deleting_the_last_commit_as_told_loses_nothing(results, tmp_path, harm):
    """Its records are judged again, and neither table nor CSV has any of them twice."""
    view = CsvView(results, tmp_path / "out.csv")
    view.follow()
    view.close()
    last = commit(6)(results)
    harm(last)
    with pytest.raises(SettingsError, match=READ_AGAIN):
        sink(results)
    last.unlink()
    again = sink(results)
    (first,) = again.start([0]).values()
    assert first == 25
    again.write(judged(range(first, 35), rejected=[25, 30]))
    again.flush()
    again.write(judged([35]))
    again.flush()
    view.follow()
    view.close()
    expected = sorted(event_id(o) for o in range(36) if o % 5 or o == 35)
    assert sorted(event_id(o) for o in dataset(results).to_table()["offset"].to_pylist()) == expected
    assert ids(tmp_path / "out.csv") == expected
    assert dead_letters.count(results) == {"not_json": 7}


@pytest.mark.parametrize("harm", [truncate, garble])
def test_deleting_a_checkpoint_as_told_mends_the_table(results, harm):
    """The commits that it sums up are there still."""
    harm(checkpoint(results))
    checkpoint(results).unlink()
    with pytest.raises(SettingsError) as refused:
        sink(results)
    assert str(hint(results)) in refused.value.hint
    hint(results).unlink()
    assert sink(results).start([0]) == {0: 30}


@pytest.mark.parametrize(
    ("file", "harm"),
    [
        (hint, truncate),
        (hint, empty),
        (hint, garble),
        (hint, Path.unlink),
        (commit(2), garble),
        (commit(2), Path.unlink),
    ],
)
def test_what_is_not_needed_any_more_may_be_damaged(results, file, harm):
    """The hint at the last checkpoint, and commits that a checkpoint has."""
    harm(file(results))
    ours = sink(results)
    assert ours.start([0]) == {0: 30}
    ours.write(judged([30]))
    ours.flush()
    assert dataset(results).count_rows() == 25


@pytest.mark.parametrize("file", [commit(6), part, checkpoint])
def test_what_a_crash_left_half_written_is_nothing(results, file):
    """Files get their name when they are whole."""
    leave_half_written(file(results))
    ours = sink(results)
    assert ours.start([0]) == {0: 30}
    ours.write(judged([30]))
    ours.flush()
    compact(results)
    assert dataset(results).count_rows() == 25


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_data_file_is_named(results, tmp_path, harm):
    """The CSV waits and upkeep stops; the worker goes on, for what it adds is sound."""
    harmed = part(results)
    harm(harmed)
    for use in (compact, lambda place: CsvView(place, tmp_path / "out.csv").follow()):
        with pytest.raises(StreamError, match=harmed.name):
            use(results)
    ours = sink(results)
    ours.start([0])
    ours.write(judged([30]))
    assert ours.flush() == {0: 31}


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_file_of_dead_letters_is_named(results, harm):
    """Also to whoever lists them."""
    harmed = results / DEAD_LETTERS / Path(dataset(results, DEAD_LETTERS).files[0]).name
    harm(harmed)
    with pytest.raises(StreamError, match=harmed.name):
        list(dead_letters.find(results, Choice()))
    if harm is not truncate:
        with pytest.raises(StreamError, match=harmed.name):
            dead_letters.count(results)


def test_a_table_without_its_log_is_not_begun_anew(results):
    """All rows would be there and count for nothing."""
    shutil.rmtree(results / VERDICTS / "_delta_log")
    with pytest.raises(SettingsError, match="has data files, but no log"):
        sink(results)
    assert not (results / VERDICTS / "_delta_log").exists()
