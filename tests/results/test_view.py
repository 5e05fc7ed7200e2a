"""The CSV has what the table has, each event once, whoever writes it and whatever was done to it."""

import csv
import shutil
import threading
from pathlib import Path

import pytest

from tests.results.rows import ORIGIN, event_id, judged
from tocsin.errors import SettingsError, StreamError
from tocsin.results import view as view_module
from tocsin.results.sink import ResultsSink
from tocsin.results.view import COLUMNS, CsvView


@pytest.fixture
def results(tmp_path):
    """A results folder with ten events in each of two partitions, in several commits."""
    sink = store(tmp_path / "results")
    for first in (0, 5):
        sink.write(judged(range(first, first + 5), fired=[first]))
        sink.write(judged(range(first, first + 5), partition=1))
        sink.flush()
    return tmp_path / "results"


def store(folder: Path) -> ResultsSink:
    sink = ResultsSink(folder, ORIGIN, "none", lambda: 0.0)
    sink.start([0, 1])
    return sink


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def ids(path: Path) -> list[str]:
    return sorted(row["event_id"] for row in rows(path))


ALL = sorted(event_id(o, p) for p in (0, 1) for o in range(10))


def follow(results: Path, path: Path) -> None:
    view = CsvView(results, path)
    assert view.follow()
    view.close()


def test_it_is_the_documents_csv(results, tmp_path):
    """The eight columns of the lab's documents, one row per event."""
    path = tmp_path / "classified_packets.csv"
    follow(results, path)
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)
    assert ids(path) == ALL
    labels = {row["event_id"]: (row["mitre_tactic"], row["mitre_technique"]) for row in rows(path)}
    assert labels[event_id(5)] == ("TA0002", "T1059.001")
    assert labels[event_id(6)] == ("TA0000", "T0000")


def test_following_again_adds_only_what_is_new(results, tmp_path):
    """A view goes on where it ended, also in another process."""
    path = tmp_path / "out.csv"
    follow(results, path)
    follow(results, path)
    sink = store(results)
    sink.write(judged([10]))
    sink.flush()
    follow(results, path)
    assert ids(path) == sorted([*ALL, event_id(10)])


def test_it_catches_up_with_commits_that_have_no_event(results, tmp_path):
    """A commit of rejects alone has nothing for the CSV; whoever waits for it must not wait for ever."""
    path = tmp_path / "out.csv"
    sink = store(results)
    sink.write(judged([10], rejected=[10]))
    sink.flush()
    view = CsvView(results, path)
    assert view.follow()
    assert view.has(sink.version)
    view.close()
    assert ids(path) == ALL


def test_what_a_crash_left_half_written_is_cut_off(results, tmp_path):
    """Bytes beyond the journal were never promised."""
    path = tmp_path / "out.csv"
    follow(results, path)
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(b"half a row, and no end of li")
    follow(results, path)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("step", range(1, 6))
def test_killed_at_any_step_it_goes_on(results, tmp_path, monkeypatch, step):
    """Each write to the disk may be the last; whoever comes next has every event once."""
    path = tmp_path / "out.csv"
    calls = iter(range(1, 99))

    def to_disk(file) -> None:
        file.flush()
        if next(calls) == step:
            raise ZeroDivisionError

    with monkeypatch.context() as point:
        point.setattr(view_module, "_to_disk", to_disk)
        dying = CsvView(results, path)
        with pytest.raises(ZeroDivisionError):
            dying.follow()
        dying.close()
    follow(results, path)
    assert ids(path) == ALL


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"a,line,of,mine,,,,\r\n")


def insert(path: Path) -> None:
    first, rest = path.read_bytes().split(b"\r\n", 1)
    path.write_bytes(first + b"\r\na,line,of,mine,,,,\r\n" + rest)


def garble_journal(path: Path) -> None:
    path.with_name("out.csv.journal").write_bytes(b"{half")


def foreign_journal(path: Path) -> None:
    journal = path.with_name("out.csv.journal")
    journal.write_text(journal.read_text().replace('"table":"', '"table":"x'))


EDITS = [Path.unlink, truncate, append, insert]


@pytest.mark.parametrize("harm", [*EDITS, garble_journal, foreign_journal])
def test_a_harmed_view_is_rebuilt(results, tmp_path, harm):
    """The table is the truth; the CSV can always be made again."""
    path = tmp_path / "out.csv"
    follow(results, path)
    harm(path)
    follow(results, path)
    assert ids(path) == ALL


@pytest.mark.parametrize("harm", EDITS)
def test_its_writer_mends_it_while_it_runs(results, tmp_path, harm):
    """What somebody does to the file is put right at the next look, with or without new events."""
    path = tmp_path / "out.csv"
    view = CsvView(results, path)
    view.follow()
    harm(path)
    view.follow()
    assert ids(path) == ALL
    harm(path)
    sink = store(results)
    sink.write(judged([10]))
    sink.flush()
    view.follow()
    view.close()
    assert ids(path) == sorted([*ALL, event_id(10)])


def test_following_reads_only_what_is_new(results, tmp_path):
    """A table of a day has thousands of files; a look must not read those that the CSV has already."""
    view = CsvView(results, tmp_path / "out.csv")
    view.follow()
    for file in (results / "verdicts").glob("*.parquet"):
        file.write_bytes(b"not read again")
    sink = store(results)
    sink.write(judged([10]))
    sink.flush()
    view.follow()
    view.close()
    assert ids(tmp_path / "out.csv") == sorted([*ALL, event_id(10)])


def test_a_table_that_cannot_be_read_delays_the_csv(results, tmp_path):
    """It is said so, and the CSV goes on when the file is there again."""
    view = CsvView(results, tmp_path / "out.csv")
    file = next((results / "verdicts").glob("*.parquet"))
    away = file.rename(tmp_path / "away")
    with pytest.raises(StreamError, match="the results cannot be read"):
        view.follow()
    away.rename(file)
    view.follow()
    view.close()
    assert ids(tmp_path / "out.csv") == ALL


def test_one_writer_at_a_time(results, tmp_path):
    """The second becomes the writer when the first has gone."""
    path = tmp_path / "out.csv"
    first, second = CsvView(results, path), CsvView(results, path)
    assert first.follow()
    assert not second.follow()
    assert second.has(2)
    assert not second.has(3)
    first.close()
    assert second.follow(wait=1.0)
    second.close()
    assert ids(path) == ALL


def test_a_foreign_csv_is_not_touched(results, tmp_path):
    """A file that somebody else wrote is neither continued nor overwritten."""
    path = tmp_path / "mine.csv"
    path.write_text("precious\n")
    with pytest.raises(SettingsError, match="was not written by tocsin"):
        CsvView(results, path)
    assert path.read_text() == "precious\n"


def test_the_csv_of_other_results_is_not_touched(results, tmp_path):
    """A worker of another topic that forgets --csv must not replace the first one's events by its own."""
    path = tmp_path / "out.csv"
    follow(results, path)
    store(tmp_path / "others")
    with pytest.raises(SettingsError, match=f"is the CSV of the results in {results}"):
        CsvView(tmp_path / "others", path)
    assert ids(path) == ALL


def test_results_that_were_moved_keep_their_csv(results, tmp_path):
    """The table is known by its id, wherever it is mounted."""
    path = tmp_path / "out.csv"
    follow(results, path)
    moved = results.rename(tmp_path / "moved")
    follow(moved, path)
    assert ids(path) == ALL


def test_results_that_were_made_anew_have_their_csv_made_anew(results, tmp_path):
    """Whoever deletes the results in order to begin again gets the new events alone."""
    path = tmp_path / "out.csv"
    follow(results, path)
    shutil.rmtree(results)
    sink = store(results)
    sink.write(judged([3]))
    sink.flush()
    follow(results, path)
    assert ids(path) == [event_id(3)]


def test_another_thread_of_the_writer_goes_on_with_the_csv(results, tmp_path):
    """A worker follows in a thread of its own, and completes the CSV in its main thread when it ends."""
    view = CsvView(results, tmp_path / "out.csv")
    thread = threading.Thread(target=view.follow)
    thread.start()
    thread.join()
    assert view.follow()
    view.close()
    follow(results, tmp_path / "out.csv")
