"""The CSV has what the table has, each event once, whoever writes it and whatever was done to it."""

import csv
import threading
from pathlib import Path

import pytest

from tests.results.rows import ORIGIN, event_id, judged
from tocsin.errors import SettingsError
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


@pytest.mark.parametrize("harm", ["deleted", "truncated", "journal garbage", "journal of another table"])
def test_a_harmed_view_is_rebuilt(results, tmp_path, harm):
    """The table is the truth; the CSV can always be made again."""
    path = tmp_path / "out.csv"
    follow(results, path)
    journal = path.with_name("out.csv.journal")
    if harm == "deleted":
        path.unlink()
    elif harm == "truncated":
        path.write_bytes(path.read_bytes()[:100])
    elif harm == "journal garbage":
        journal.write_bytes(b"{half")
    else:
        journal.write_text(journal.read_text().replace('"table":"', '"table":"x'))
    follow(results, path)
    assert ids(path) == ALL


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


def test_another_thread_of_the_writer_goes_on_with_the_csv(results, tmp_path):
    """A worker follows in a thread of its own, and completes the CSV in its main thread when it ends."""
    view = CsvView(results, tmp_path / "out.csv")
    thread = threading.Thread(target=view.follow)
    thread.start()
    thread.join()
    assert view.follow()
    view.close()
    follow(results, tmp_path / "out.csv")
