"""Results in an S3-compatible store keep the same promises; a server of moto's stands in for the store."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

import pytest

from tests.results.rows import ORIGIN, event_id, judged
from tests.results.test_view import ids
from tocsin.app.cli import run
from tocsin.errors import SettingsError, StreamError
from tocsin.ports import PositionMoved
from tocsin.results import dead_letters, location
from tocsin.results.alone import alone
from tocsin.results.dead_letters import Choice, find
from tocsin.results.info import info
from tocsin.results.location import Location
from tocsin.results.sink import ResultsSink
from tocsin.results.table import DEAD_LETTERS, VERDICTS, Origin, dataset
from tocsin.results.upkeep import compact, prune
from tocsin.results.view import CsvView

T = TypeVar("T")


class Server(NamedTuple):
    process: subprocess.Popen[str]
    address: str


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A store, in a process of its own as real ones are."""
    command = [sys.executable, "-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        found = (re.search(r"http://127\.0\.0\.1:\d+", line) for line in process.stdout)
        address = next(match[0] for match in found if match)
        with ThreadPoolExecutor(1) as reader:  # a full pipe would stop the server
            drained = reader.submit(process.stdout.read)
            try:
                yield Server(process, address)
            finally:
                process.terminate()
                drained.result()


@pytest.fixture
def bucket(server, monkeypatch, request) -> str:
    """A place for the results of one test, and an environment in which it is reached."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "tests")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tests")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    name = "b" + re.sub("[^a-z0-9]", "", request.node.name)[-50:]
    with urllib.request.urlopen(urllib.request.Request(f"{server.address}/{name}", method="PUT")):
        return f"s3://{name}/some/results"


def sink(place: str, partitions: tuple[int, ...] = (0, 1)) -> ResultsSink:
    ours = ResultsSink(place, ORIGIN, "none", lambda: 1_000_000.0)
    ours.start(list(partitions))
    return ours


def stored(place: str, table: str = VERDICTS) -> list[tuple[int, int]]:
    rows = dataset(place, table).to_table(columns=["partition", "offset"]).to_pylist()
    return sorted((r["partition"], r["offset"]) for r in rows)


def test_rows_and_positions_are_one_commit(bucket):
    """As in a local folder, with nothing but conditional puts."""
    ours = sink(bucket)
    ours.write(judged(range(5), rejected=[3]))
    ours.write(judged(range(2), partition=1))
    assert ours.flush() == {0: 5, 1: 2}
    assert sink(bucket).start([0, 1]) == {0: 5, 1: 2}
    assert stored(bucket) == [(0, 0), (0, 1), (0, 2), (0, 4), (1, 0), (1, 1)]
    assert [x.record.value for x in find(bucket, Choice())] == [b"record 0/3"]


def test_a_zombie_is_refused(bucket):
    """Two workers believe that they own a partition: one commits, the other goes on from there."""
    zombie, owner = sink(bucket), sink(bucket)
    zombie.write(judged(range(3)))
    zombie.write(judged([7], partition=1))
    owner.write(judged(range(2)))
    owner.flush()
    with pytest.raises(PositionMoved) as moved:
        zombie.flush()
    assert (moved.value.partitions, moved.value.flushed) == ([0], {1: 8})
    assert zombie.start([0]) == {0: 2}
    assert stored(bucket) == [(0, 0), (0, 1), (1, 7)]


def test_two_writers_race(bucket):
    """Each has its own partition, and both commit at the same moment again and again."""
    writers = [sink(bucket, (p,)) for p in (0, 1)]

    def write(partition: int) -> None:
        for first in range(0, 30, 3):
            writers[partition].write(judged(range(first, first + 3), partition))
            writers[partition].flush()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, (0, 1)))
    assert stored(bucket) == [(p, o) for p in (0, 1) for o in range(30)]
    assert sink(bucket).start([0, 1]) == {0: 30, 1: 30}


def test_two_writers_race_for_one_partition(bucket):
    """Whoever is second reads the position and goes on; no offset is there twice, none is missing."""

    def write(_: int) -> None:
        ours = ResultsSink(bucket, ORIGIN, "none", lambda: 0.0)
        at = ours.start([0]).get(0, 0)
        while at < 24:
            ours.write(judged(range(at, at + 3)))
            try:
                at = ours.flush()[0]
            except PositionMoved:
                at = ours.start([0])[0]

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, (0, 1)))
    end = sink(bucket).start([0])[0]
    assert stored(bucket) == [(0, o) for o in range(end)]


def test_the_csv_is_a_local_view_of_it(bucket, tmp_path):
    """It follows, goes on in another process, and is made anew, as with a local folder."""
    ours = sink(bucket)
    for first in (0, 5):
        ours.write(judged(range(first, first + 5)))
        ours.flush()
        view = CsvView(bucket, tmp_path / "out.csv")
        assert view.follow()
        view.close()
        assert ids(tmp_path / "out.csv") == sorted(event_id(o) for o in range(first + 5))
    (tmp_path / "out.csv").unlink()
    view.follow()
    view.close()
    assert ids(tmp_path / "out.csv") == sorted(event_id(o) for o in range(10))


def test_upkeep_works_there(bucket, monkeypatch):
    """Files are merged, old rows pruned, and positions stay."""
    monkeypatch.setattr("tocsin.results.upkeep._KEPT", 0)
    ours = sink(bucket)
    for first in range(0, 20, 5):
        ours.write(judged(range(first, first + 5), rejected=[first]))
        ours.flush()
    (verdicts, letters) = compact(bucket)
    assert (verdicts.merged, verdicts.into, letters.merged, letters.into) == (4, 1, 4, 1)
    assert verdicts.deleted == 4
    assert stored(bucket) == [(0, o) for o in range(20) if o % 5]
    assert [p.deleted for p in prune(bucket, datetime.fromtimestamp(1_000_001, UTC))] == [16, 4]
    assert stored(bucket) == []
    assert dead_letters.count(bucket) == {}
    ours.write(judged([20]))
    assert ours.flush() == {0: 21}


def test_one_process_merges_at_a_time(bucket):
    """There is no lock in a store: a commit claims it, and the log lets one such commit through."""
    ours = sink(bucket)
    for first in range(0, 20, 5):
        ours.write(judged(range(first, first + 5)))
        ours.flush()
    home = Location.of(bucket)
    with alone(home, home / VERDICTS) as mine:
        assert mine
        with alone(home, home / VERDICTS) as other:
            assert not other
        assert [done.table for done in compact(bucket)] == [DEAD_LETTERS]
    assert [done.merged for done in compact(bucket)] == [4, 0]
    assert stored(bucket) == [(0, o) for o in range(20)]


def test_commands_look_there(bucket, capsys, tmp_path):
    """`results`, `stats` and `dead-letters` take the URL like a folder."""
    ours = sink(bucket)
    ours.write(judged(range(5), rejected=[3], fired=[1]))
    ours.flush()
    for command in (
        ["results", "info", "--csv", ""],
        ["results", "compact"],
        ["results", "prune", "--older-than", "1d", "--dry-run"],
        ["stats"],
        ["dead-letters", "list"],
    ):
        assert run([*command, "--results", bucket, "--format", "ndjson"]) == 0
        assert capsys.readouterr().out.count("{") >= 1
    assert run(["stats", bucket, "--format", "table"]) == 0
    assert "TA0002" in capsys.readouterr().out
    assert info(bucket, None).tables[0].rows == 4


def test_another_topic_is_refused(bucket):
    """As in a local folder."""
    sink(bucket)
    with pytest.raises(SettingsError, match="holds the results of topic 'raw-events'"):
        ResultsSink(bucket, Origin("cluster", "raw-events", "another"), "none", lambda: 0.0)


def test_a_place_without_results_is_told(bucket):
    """With what to do."""
    with pytest.raises(SettingsError, match="no results here"):
        dataset(bucket)


def test_a_store_that_is_away_is_told(bucket, monkeypatch):
    """In words, with the variables to look at."""
    sink(bucket)
    monkeypatch.setattr(location, "_RETRIES", {**QUICK, "max_retries": "1"})
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for use, kind in ((dataset, StreamError), (sink, SettingsError)):
        with pytest.raises(kind, match="does not answer, or refuses") as told:
            use(bucket)
        assert "AWS_ENDPOINT_URL" in told.value.hint


def test_what_is_held_while_the_store_hangs_is_written_once(bucket, server, monkeypatch):
    """Nobody can tell if a write that got no answer was done: the position in the log can."""
    monkeypatch.setattr(location, "_RETRIES", QUICK)
    ours = sink(bucket)
    ours.write(judged(range(3)))
    ours.flush()
    ours.write(judged(range(3, 6)))
    server.process.send_signal(signal.SIGSTOP)
    try:
        with pytest.raises(StreamError, match="does not answer, or refuses"):
            ours.flush()
    finally:
        server.process.send_signal(signal.SIGCONT)
    try:
        assert answered(ours.flush) == {0: 6}
    except PositionMoved:
        assert answered(lambda: ours.start([0])) == {0: 6}
    assert answered(lambda: stored(bucket)) == [(0, o) for o in range(6)]


QUICK = {"max_retries": "0", "retry_timeout": "4s", "connect_timeout": "4s", "timeout": "4s"}


def answered(ask: Callable[[], T]) -> T:
    """Ask until there is an answer: a server that has just woken up may be slow."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return ask()
        except StreamError:
            assert time.monotonic() < deadline


@pytest.mark.parametrize("text", ["gs://bucket/x", "http://host/x", "s3://", "s3:///"])
def test_other_urls_are_refused(text):
    """Where conditional puts were not tried, nothing is promised."""
    with pytest.raises(SettingsError, match="cannot be kept there"):
        Location.of(text)


def test_names_of_a_place():
    """The lab's words for a bucket and a folder."""
    assert str(Location.of("s3a://bucket/a/") / "verdicts") == "s3://bucket/a/verdicts"
    assert (Location.of("data/results") / "verdicts").text == "data/results/verdicts"
    with pytest.raises(SettingsError, match="needs results in a local folder"):
        _ = Location.of("s3://bucket/a").path
