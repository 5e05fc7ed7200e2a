"""The loop keeps its order of work and loses nothing at any of its edges."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tocsin.detect import Detector
from tocsin.errors import StreamError
from tocsin.model import Batch, Judged, Stream
from tocsin.ports import PositionMoved, Positions
from tocsin.rules import load_rules
from tocsin.run.loop import Side, Watch, Worker
from tocsin.run.pace import Pace
from tocsin.testing import Kept, ListSink, MemorySource

DETECTOR = Detector(load_rules(["builtin:lab"]))
STREAM = Stream(kind="topic", name="raw-events", id="topic-id")

EVENT = {"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "logon_type": "failure"}

QUICK = Pace(poll_seconds=0.01, commit_seconds=0.02, patience_seconds=0.5, revoke_seconds=5.0)
NEVER = Pace(poll_seconds=0.01, commit_seconds=1000.0, commit_rows=1_000_000)
"""Flushes when it is asked to."""


def batch(first: int, count: int, partition: int = 0) -> Batch:
    return Batch(
        stream=STREAM,
        partitions=[partition] * count,
        offsets=range(first, first + count),
        timestamps=[-1] * count,
        keys=[None] * count,
        values=[json.dumps(EVENT).encode()] * count,
        headers=[()] * count,
    )


class Running:
    """A worker on a thread of its own, until the end of the `with` block asks it to stop."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.worker.run(self._stop.is_set)
        except BaseException as error:  # noqa: BLE001 - raised on the test's own thread
            self.failure = error

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(90)
        assert not self._thread.is_alive(), "the worker did not end"

    def ended(self) -> bool:
        return not self._thread.is_alive()


@contextmanager
def running(worker: Worker) -> Iterator[Running]:
    one = Running(worker)
    one.start()
    try:
        yield one
    finally:
        one.stop()
    if one.failure is not None:
        raise one.failure


def wait_until(condition: Callable[[], object], timeout: float = 60.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.002)


class Gate:
    """A door in a sink's way: who comes is counted, and waits while it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.arrived = 0
        self.open()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def pass_through(self) -> None:
        self.arrived += 1
        assert self._open.wait(90), "the gate stayed shut"


class GatedSink(ListSink):
    """A sink whose flush, or write, can be held up by a test."""

    def __init__(self, kept: Kept | None = None) -> None:
        super().__init__(kept)
        self.flushing = Gate()
        self.writing = Gate()
        self.threads: set[str] = set()

    def start(self, partitions: list[int]) -> Positions:
        self.threads.add(threading.current_thread().name)
        return super().start(partitions)

    def write(self, judged: Judged) -> None:
        self.threads.add(threading.current_thread().name)
        self.writing.pass_through()
        super().write(judged)

    def flush(self) -> Positions:
        self.threads.add(threading.current_thread().name)
        self.flushing.pass_through()
        return super().flush()

    def discard(self, partitions: list[int]) -> None:
        self.threads.add(threading.current_thread().name)
        super().discard(partitions)


class AwayUntilSink(ListSink):
    """A store that is away for a number of flushes."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures
        self.tries = 0

    def flush(self) -> Positions:
        self.tries += 1
        if self.tries <= self.failures:
            raise StreamError("the disk is full")
        return super().flush()


def worker(source: MemorySource, sink: ListSink, pace: Pace = QUICK, *sides: Side, **watch) -> Worker:
    return Worker(source, DETECTOR, sink, pace, Watch(**watch), sides)


# --- the order of work


def test_the_order_is_poll_judge_write_flush_commit():
    """Nothing is committed before it is flushed, and nothing flushed before it is written."""
    calls: list[str] = []

    class Source(MemorySource):
        def poll(self, max_records: int, timeout: float) -> Batch | None:
            found = super().poll(max_records, timeout)
            calls.extend(["poll"] if found is not None else [])
            return found

        def commit(self, positions: Positions) -> None:
            calls.append("commit")
            super().commit(positions)

    class Sink(ListSink):
        def write(self, judged: Judged) -> None:
            calls.append("write")
            super().write(judged)

        def flush(self) -> Positions:
            calls.append("flush")
            return super().flush()

    source = Source([batch(0, 3)])
    with running(worker(source, Sink(), QUICK, judged=lambda _: calls.append("judged"))):
        wait_until(lambda: source.committed == {0: 3})
    assert [call for call in calls if call != "judged"] == ["poll", "write", "flush", "commit"]
    assert calls.index("poll") < calls.index("judged")


def test_a_sink_lives_on_one_thread_that_is_not_the_loops():
    """So a sink needs no locks, and the loop does not wait for it."""
    source, sink = MemorySource([batch(0, 3)]), GatedSink()
    with running(worker(source, sink)):
        wait_until(lambda: sink.positions == {0: 3})
        source.revoke([0])
        wait_until(lambda: not source.owned)
    assert sink.threads == {"writes-results"}


def test_it_flushes_by_count():
    """Many events are stored together."""
    source, sink = MemorySource([batch(0, 2), batch(2, 2), batch(4, 1)]), GatedSink()
    with running(worker(source, sink, Pace(poll_seconds=0.01, commit_rows=4, commit_seconds=1000.0))):
        wait_until(lambda: sink.writing.arrived == 3)
        wait_until(lambda: sink.positions == {0: 4})
        assert sink.flushing.arrived == 1
    assert sink.positions == {0: 5}


def test_it_flushes_by_age():
    """Few events are stored soon."""
    source, sink = MemorySource([batch(0, 1)]), ListSink()
    with running(worker(source, sink, Pace(poll_seconds=0.01, commit_seconds=0.05))):
        wait_until(lambda: sink.positions == {0: 1})


def test_it_flushes_by_bytes():
    """Large records are not held by the ten thousands."""
    source, sink = MemorySource([batch(0, 1), batch(1, 1), batch(2, 1)]), GatedSink()
    size = len(batch(0, 1).values[0] or b"")
    pace = Pace(poll_seconds=0.01, commit_seconds=1000.0, queue_bytes=2 * size)
    with running(worker(source, sink, pace)):
        wait_until(lambda: sink.positions == {0: 2})


def test_stopping_finishes_what_is_held():
    """A worker that is told to stop leaves nothing behind."""
    source, sink = MemorySource([batch(0, 3)]), GatedSink()
    with running(worker(source, sink, NEVER)):
        wait_until(lambda: sink.writing.arrived)
    assert len(sink.verdicts) == 3
    assert source.committed == {0: 3}


def test_stopping_has_a_deadline():
    """A store that hangs does not keep a worker for ever; it says what that means."""
    source, sink = MemorySource([batch(0, 3)]), GatedSink()
    sink.flushing.shut()
    with (
        pytest.raises(StreamError, match=r"could be stored within 0\.1 s"),
        running(worker(source, sink, Pace(poll_seconds=0.01, drain_seconds=0.1))),
    ):
        wait_until(lambda: sink.writing.arrived)
    sink.flushing.open()


# --- partitions come and go


def test_revoked_partitions_are_finished_before_others_read_their_position():
    """The next owner must see everything that this one has judged."""
    source, sink = MemorySource([batch(0, 3)]), GatedSink()
    with running(worker(source, sink, NEVER)):
        wait_until(lambda: sink.writing.arrived)
        source.revoke([0])
        wait_until(lambda: not source.owned)
        assert sink.positions == {0: 3}
        assert source.committed == {0: 3}


def test_revoking_has_a_deadline():
    """What is not stored by then is left to the next owner; a late flush of it is refused there."""
    kept = Kept()
    source, sink = MemorySource([batch(0, 3)]), GatedSink(kept)
    told: list[str] = []
    sink.flushing.shut()
    with running(worker(source, sink, Pace(poll_seconds=0.01, revoke_seconds=0.1), tell=told.append)):
        wait_until(lambda: sink.flushing.arrived)
        source.revoke([0])
        wait_until(lambda: not source.owned)
        heir = ListSink(kept)
        with running(worker(MemorySource([batch(0, 3)]), heir)):
            wait_until(lambda: kept.positions == {0: 3})
        sink.flushing.open()
    assert kept.offsets(0) == [0, 1, 2]
    assert "partitions [0] were given away" in told[0]


def test_lost_partitions_are_never_flushed():
    """Another worker has them already; publishing ours would be twice."""
    source, sink = MemorySource([batch(0, 3), batch(0, 2, partition=1)]), GatedSink()
    with running(worker(source, sink, NEVER)):
        wait_until(lambda: sink.writing.arrived == 2)
        source.lose([0])
        wait_until(lambda: source.owned == {1})
    assert sink.positions == {1: 2}


def test_what_waits_in_the_queue_for_a_lost_partition_is_dropped():
    """A discard does not wait behind what it makes worthless."""
    source, sink = MemorySource([batch(o, 1) for o in range(5)]), GatedSink()
    sink.writing.shut()
    judged: list[Judged] = []
    with running(worker(source, sink, NEVER, judged=judged.append)):
        wait_until(lambda: len(judged) == 5 and sink.writing.arrived == 1)  # the others wait behind it
        source.lose([0])
        wait_until(lambda: not source.owned)
        sink.writing.open()
    assert sink.writing.arrived == 1
    assert sink.verdicts == []


def test_a_partition_that_comes_back_at_once_is_read_from_where_it_is_stored():
    """Rows from before that still wait are dropped, and the same records are read anew: none twice."""
    source, sink = MemorySource([batch(o, 1) for o in range(5)]), GatedSink()
    sink.writing.shut()
    with running(worker(source, sink)):
        wait_until(lambda: sink.writing.arrived == 1)
        source.lose([0])
        source.assign([0])
        wait_until(lambda: not source._changes)
        sink.writing.open()
        wait_until(lambda: sink.positions == {0: 5})
    assert sink.kept.offsets(0) == [0, 1, 2, 3, 4]


def test_a_partition_that_leaves_again_is_not_claimed():
    """The position of a partition is not asked for when it has gone meanwhile: a sink may fence with it."""
    started: list[int] = []

    class Noting(GatedSink):
        def start(self, partitions: list[int]) -> Positions:
            started.extend(partitions)
            return super().start(partitions)

    source, sink = MemorySource([batch(0, 1)]), Noting()
    sink.writing.shut()
    with running(worker(source, sink)):
        wait_until(lambda: sink.writing.arrived)
        source.assign([7])
        source.lose([7])
        wait_until(lambda: not source._changes)
        sink.writing.open()
        wait_until(lambda: sink.positions == {0: 1})
    assert started == [0]


# --- two workers that both believe they own a partition


def test_an_overtaken_worker_reads_on_from_the_truth():
    """It asks the results again and goes on there."""
    kept = Kept()
    source, sink = MemorySource([batch(0, 3)]), GatedSink(kept)
    sink.flushing.shut()
    with running(worker(source, sink)):
        wait_until(lambda: sink.flushing.arrived)
        with running(worker(MemorySource([batch(0, 2)]), ListSink(kept))):
            wait_until(lambda: kept.positions == {0: 2})
        sink.flushing.open()
        wait_until(lambda: kept.positions == {0: 3})
    assert kept.offsets(0) == [0, 1, 2]
    assert source.sought[-1] == {0: 2}


def test_what_is_queued_when_a_partition_is_refused_is_dropped():
    """Rows behind the refused ones must not be stored before those between have been read."""
    kept = Kept()
    source, sink = MemorySource([batch(o, 1) for o in range(10)]), GatedSink(kept)
    pace = Pace(poll_seconds=0.01, commit_rows=2, commit_seconds=0.05)
    sink.flushing.shut()
    with running(worker(source, sink, pace)):
        wait_until(lambda: sink.flushing.arrived == 1)  # holds 0 and 1; the other eight wait behind them
        with kept.lock:
            kept.positions[0] = 1  # somebody has stored record 0, and died
        sink.flushing.open()
        wait_until(lambda: kept.positions == {0: 10})
    assert kept.offsets(0) == list(range(1, 10))


def test_nothing_is_written_between_a_refusal_and_the_next_start():
    """A sink need not tell stale rows from good ones."""
    kept = Kept()
    stale: list[int] = []

    class Refused(GatedSink):
        refused = False

        def start(self, partitions: list[int]) -> Positions:
            self.refused = False
            return super().start(partitions)

        def write(self, judged: Judged) -> None:
            stale.extend(judged.batch.offsets if self.refused else [])
            super().write(judged)

        def flush(self) -> Positions:
            try:
                return super().flush()
            except PositionMoved:
                self.refused = True
                raise

    source, sink = MemorySource([batch(o, 1) for o in range(10)]), Refused(kept)
    judged: list[Judged] = []
    sink.flushing.shut()
    with running(worker(source, sink, Pace(poll_seconds=0.01, commit_rows=2), judged=judged.append)):
        wait_until(lambda: sink.flushing.arrived == 1 and len(judged) == 10)  # eight wait in the queue
        with kept.lock:
            kept.positions[0] = 1
        sink.flushing.open()
        wait_until(lambda: kept.positions == {0: 10})
    assert stale == []


def test_refusing_one_partition_does_not_disturb_the_others():
    """What was flushed of others is committed, and they read on."""
    kept = Kept()
    source, sink = MemorySource([batch(0, 2), batch(0, 2, partition=1)]), GatedSink(kept)
    sink.flushing.shut()
    with running(worker(source, sink, Pace(poll_seconds=0.01, commit_rows=4))):
        wait_until(lambda: sink.flushing.arrived)
        with kept.lock:
            kept.positions[0] = 2
        sink.flushing.open()
        wait_until(lambda: source.committed.get(1) == 2)
        wait_until(lambda: len(source.sought) == 2)
        assert source.sought[1] == {0: 2}
    assert (kept.offsets(0), kept.offsets(1)) == ([], [0, 1])


def test_two_workers_that_share_every_partition_store_each_record_once():
    """However they overtake one another."""
    kept = Kept()
    count = 200
    sources = [MemorySource([batch(o, 3) for o in range(0, count, 3)]) for _ in range(2)]
    pace = Pace(poll_seconds=0.001, commit_rows=7, commit_seconds=0.001)
    with running(worker(sources[0], ListSink(kept), pace)), running(worker(sources[1], ListSink(kept), pace)):
        wait_until(lambda: kept.positions.get(0) == 201)
    assert kept.offsets(0) == list(range(201))


# --- sinks that are slow, or away


def test_a_slow_sink_holds_the_source_back_while_polling_goes_on():
    """The queue is bounded, and the group goes on hearing from us."""
    source, sink = MemorySource([batch(o, 10) for o in range(0, 1000, 10)]), GatedSink()
    sink.writing.shut()
    judged: list[int] = []
    pace = Pace(poll_seconds=0.001, queue_rows=50, commit_seconds=0.01)
    with running(worker(source, sink, pace, judged=lambda one: judged.append(len(one.batch)))):
        wait_until(lambda: source.held_back > 5)
        assert 50 <= sum(judged) <= 70
        source.assign([3])
        wait_until(lambda: 3 in source.owned)
        sink.writing.open()
        wait_until(lambda: sink.positions.get(0) == 1000)
    assert sink.kept.offsets(0) == list(range(1000))


def test_large_records_fill_the_queue_as_well():
    """Memory is bounded in bytes too."""
    source, sink = MemorySource([batch(o, 1) for o in range(30)]), GatedSink()
    size = len(batch(0, 1).values[0] or b"")
    sink.writing.shut()
    judged: list[Judged] = []
    with running(worker(source, sink, Pace(poll_seconds=0.001, queue_bytes=5 * size), judged=judged.append)):
        wait_until(lambda: source.held_back > 5)
        assert 5 <= len(judged) <= 7
        sink.writing.open()
        wait_until(lambda: len(sink.verdicts) == 30)


def test_a_store_that_is_away_is_tried_again():
    """It is told once, and once more when it works; nothing is lost and nothing is there twice."""
    source, sink = MemorySource([batch(0, 3)]), AwayUntilSink(2)
    told: list[str] = []
    with running(worker(source, sink, Pace(poll_seconds=0.01), tell=told.append)):
        wait_until(lambda: sink.positions == {0: 3})
    assert sink.kept.offsets(0) == [0, 1, 2]
    assert [one.split(" after ")[0] for one in told] == [
        "results: the disk is full; trying again",
        "results: works again",
    ]


def test_a_store_that_stays_away_ends_the_worker():
    """With the store's own words, when the patience is over."""
    source, sink = MemorySource([batch(0, 3)]), AwayUntilSink(10_000)
    with (
        pytest.raises(StreamError, match="the disk is full"),
        running(worker(source, sink)) as one,
    ):
        wait_until(one.ended)
    assert sink.verdicts == []


def test_no_store_is_given_up_while_the_stream_is_away():
    """It may be on the same cluster; the patience begins when the stream is back."""
    source, sink = MemorySource([batch(0, 3)]), AwayUntilSink(3)
    source.away_for = 100.0
    with running(worker(source, sink, Pace(poll_seconds=0.01, patience_seconds=0.05))):
        wait_until(lambda: sink.positions == {0: 3})
    assert sink.tries == 4


def test_a_failed_worker_leaves_its_partitions_as_they_are():
    """Leaving the group asks it to finish; what a failure has interrupted belongs to whoever comes next."""
    source, sink = MemorySource([batch(0, 3)]), AwayUntilSink(10_000)
    loop = worker(source, sink, Pace(poll_seconds=0.01, patience_seconds=0.0))
    with pytest.raises(StreamError, match="the disk is full"):
        loop.run(lambda: False)
    tries = sink.tries
    loop.revoked([0])
    assert (sink.tries, sink.verdicts) == (tries, [])


def test_a_fault_in_a_sink_ends_the_worker():
    """It is raised where it is seen, not lost on a thread."""

    class Broken(ListSink):
        def write(self, judged: Judged) -> None:
            raise ZeroDivisionError

    source = MemorySource([batch(0, 3)])
    with pytest.raises(ZeroDivisionError):
        worker(source, Broken()).run(lambda: False)


# --- several sinks


def test_reading_begins_where_the_last_of_the_sinks_is():
    """Each skips what it has already."""
    ahead, behind = Kept(), Kept()
    ahead.positions[0], behind.positions[0] = 4, 1
    source = MemorySource([batch(0, 6)])
    with running(worker(source, ListSink(ahead), QUICK, Side("kafka", ListSink(behind)))):
        wait_until(lambda: (ahead.positions, behind.positions) == ({0: 6}, {0: 6}))
    assert source.sought == [{0: 1}]
    assert (ahead.offsets(0), behind.offsets(0)) == ([4, 5], [1, 2, 3, 4, 5])


@pytest.mark.parametrize(("backfill", "offsets"), [(False, [4, 5]), (True, [0, 1, 2, 3, 4, 5])])
def test_a_later_sink_begins_where_the_results_are(backfill, offsets):
    """Or at the log's start, if that is wanted."""
    old, new = Kept(), Kept()
    old.positions[0] = 4
    source = MemorySource([batch(0, 6)])
    with running(worker(source, ListSink(old), QUICK, Side("kafka", ListSink(new), backfill))):
        wait_until(lambda: new.positions == {0: 6})
    assert (old.offsets(0), new.offsets(0)) == ([4, 5], offsets)


def test_where_a_later_sink_begins_is_durable_before_anything_is_read():
    """A worker that dies before that sink's first flush would leave a hole otherwise."""
    old, new = Kept(), Kept()
    source, side = MemorySource([batch(5, 3)]), GatedSink(new)
    side.flushing.shut()
    pace = Pace(poll_seconds=0.01, commit_seconds=0.01, drain_seconds=0.1)
    with (
        pytest.raises(StreamError, match="nothing is lost"),
        running(worker(source, ListSink(old), pace, Side("kafka", side))),
    ):
        wait_until(lambda: old.positions == {0: 8})
    assert new.positions == {0: 5}
    side.discard([0])
    side.flushing.open()
    with running(worker(MemorySource([batch(5, 3)]), ListSink(old), QUICK, Side("kafka", ListSink(new)))):
        wait_until(lambda: new.positions == {0: 8})
    assert (old.offsets(0), new.offsets(0)) == ([5, 6, 7], [5, 6, 7])


def test_nothing_is_read_before_a_later_sink_has_begun():
    """The results could be stored first, and be all that the next worker finds."""

    class Hesitating(ListSink):
        beginning = Gate()

        def begin(self, positions: Positions) -> None:
            self.beginning.pass_through()
            super().begin(positions)

    source, side, results = MemorySource([batch(5, 3)]), Hesitating(), ListSink()
    side.beginning.shut()
    with running(worker(source, results, QUICK, Side("kafka", side))):
        wait_until(lambda: side.beginning.arrived)
        time.sleep(0.1)  # long enough for ten turns
        assert (source.sought, results.positions) == ([], {})
        side.beginning.open()
        wait_until(lambda: results.positions == side.positions == {0: 8})


def test_a_slow_side_sink_delays_the_results_only_when_its_queue_is_full():
    """Up to there it is on its own; beyond, it holds the source back, for nothing may be lost."""
    source, side = MemorySource([batch(o, 10) for o in range(0, 200, 10)]), GatedSink()
    results = ListSink()
    side.writing.shut()
    pace = Pace(poll_seconds=0.001, queue_rows=50, commit_seconds=0.01)
    with running(worker(source, results, pace, Side("kafka", side))):
        wait_until(lambda: source.held_back > 5 and results.positions.get(0, 0) >= 50)
        assert results.positions[0] <= 70
        side.writing.open()
        wait_until(lambda: (results.positions, side.positions) == ({0: 200}, {0: 200}))
    assert results.kept.offsets(0) == side.kept.offsets(0) == list(range(200))


def test_a_side_sink_that_is_refused_does_not_make_the_results_repeat():
    """All are asked anew; the results skip what they have."""
    results, side = Kept(), Kept()
    gated = GatedSink(side)
    gated.flushing.shut()
    source = MemorySource([batch(0, 6)])
    with running(worker(source, ListSink(results), QUICK, Side("kafka", gated))):
        wait_until(lambda: results.positions == {0: 6} and gated.flushing.arrived)
        with side.lock:
            side.positions[0] = 3  # another worker published three of them
        gated.flushing.open()
        wait_until(lambda: side.positions == {0: 6})
    assert results.offsets(0) == [0, 1, 2, 3, 4, 5]
    assert side.offsets(0) == [3, 4, 5]


def test_only_the_results_are_copied_to_the_group():
    """Lag tools look at one truth."""
    source, side = MemorySource([batch(0, 6)]), ListSink()
    side.kept.positions[0] = 100
    with running(worker(source, ListSink(), QUICK, Side("kafka", side))):
        wait_until(lambda: source.committed)
    assert source.committed == {0: 6}


def test_a_sink_that_is_overtaken_while_it_is_started_is_asked_again():
    """Two workers that start the same partition at once both find their way."""

    class Fenced(ListSink):
        tries = 0

        def start(self, partitions: list[int]) -> Positions:
            self.tries += 1
            if self.tries == 1:
                raise PositionMoved(partitions, {})
            return super().start(partitions)

    source, sink = MemorySource([batch(0, 6)]), Fenced()
    with running(worker(source, sink)):
        wait_until(lambda: sink.positions == {0: 6})


# --- what others see


def test_it_is_idle_when_everything_is_stored():
    """`--once` may end then, and not before."""
    source, sink = MemorySource([batch(0, 3)]), GatedSink()
    sink.flushing.shut()
    loop = worker(source, sink)
    with running(loop):
        wait_until(lambda: sink.flushing.arrived)
        assert not loop.idle()
        sink.flushing.open()
        wait_until(loop.idle)
        assert sink.positions == {0: 3}


def test_at_the_end_it_need_not_wait_for_the_time_of_a_flush():
    """`--once` ends soon, however seldom is committed."""
    source, sink = MemorySource([batch(0, 3)]), GatedSink()
    loop = worker(source, sink, NEVER)
    loop.run(lambda: source.caught_up() and loop.settled())
    assert (sink.positions, sink.flushing.arrived) == ({0: 3}, 1)


def test_a_worker_that_was_refused_at_the_end_has_not_reached_it():
    """What the other one has not stored is read again first."""
    kept = Kept()
    source = MemorySource([batch(0, 3)])

    def overtake(_: Judged) -> None:
        kept.positions.setdefault(0, 1)

    loop = worker(source, ListSink(kept), NEVER, judged=overtake)
    loop.run(lambda: source.caught_up() and loop.settled())
    assert kept.offsets(0) == [1, 2]
    assert kept.positions == {0: 3}


def test_its_state_says_what_waits_and_why():
    """For whoever looks after it."""
    source, sink = MemorySource([batch(0, 3)]), AwayUntilSink(3)
    loop = worker(source, sink, Pace(poll_seconds=0.01))
    with running(loop):
        wait_until(lambda: loop.state().writers[0].trouble == "the disk is full")
        assert loop.state().owned == loop.state().reading == (0,)
        wait_until(lambda: loop.state().writers[0].flushed is not None)
        assert loop.state().writers[0].trouble == ""
    assert loop.state().revision == DETECTOR.rules.revision


def test_a_store_that_is_tried_again_and_again_is_not_stuck():
    """A restart would not mend it, so nobody should be told to restart the worker."""
    source, sink = MemorySource([batch(0, 3)]), AwayUntilSink(3)  # three waits of 0.1, 0.2 and 0.4 s
    source.away_for = 100.0
    loop = worker(source, sink, Pace(poll_seconds=0.01))
    longest = 0.0
    with running(loop):
        while sink.positions != {0: 3}:
            longest = max(longest, loop.state().writers[0].busy)
            time.sleep(0.002)
    assert 0.0 < longest < 0.6


def test_the_rules_may_be_changed_between_two_turns():
    """The next batch is judged by the new ones."""
    source, sink = MemorySource([batch(0, 1)]), ListSink()
    seen: list[Judged] = []
    loop = worker(source, sink, judged=seen.append)
    with running(loop):
        wait_until(lambda: len(seen) == 1)
        loop.detector = Detector(load_rules(["builtin:windows"]))
        source.add(batch(1, 1))
        wait_until(lambda: len(seen) == 2)
    assert seen[0].revision != seen[1].revision


@pytest.mark.parametrize("sizes", [[6], [1] * 6, [2, 4], [5, 1]])
def test_batching_changes_nothing(sizes):
    """The same records give the same verdicts, however they are cut into batches."""
    firsts = [sum(sizes[:i]) for i in range(len(sizes))]
    source, sink = MemorySource([batch(f, n) for f, n in zip(firsts, sizes, strict=True)]), ListSink()
    seen: list[Judged] = []
    with running(worker(source, sink, judged=seen.append)):
        wait_until(lambda: sink.positions == {0: 6})
    labels = [v.label for v in sink.verdicts]
    assert [(label.tactic, label.technique) for label in labels] == [("TA0006", "T1110")] * 6
    assert [len(judged.batch) for judged in seen] == sizes
