"""The loop keeps its order of work and loses nothing at any of its edges."""

import json

import pytest

from tocsin.detect import Detector
from tocsin.errors import StreamError
from tocsin.model import Batch, Judged, Stream
from tocsin.ports import PositionMoved, Positions
from tocsin.rules import load_rules
from tocsin.run.loop import Pace, Worker
from tocsin.testing import ListSink, MemorySource

DETECTOR = Detector(load_rules(["builtin:lab"]))
STREAM = Stream(kind="topic", name="raw-events", id="topic-id")


def batch(first: int, count: int) -> Batch:
    event = {"event_type": "user_login", "timestamp": "2026-11-21T10:00:00Z", "logon_type": "failure"}
    return Batch.of_values(STREAM, [json.dumps(event).encode()] * count, first)


class Tape:
    """A source and a sink that write down who was called, in order."""

    def __init__(self, batches: list[Batch]) -> None:
        self.calls: list[str] = []
        self.source = MemorySource(batches)
        self.sink = ListSink()
        self._wrap(self.source, "poll", "commit", "seek")
        self._wrap(self.sink, "start", "write", "flush", "discard")

    def _wrap(self, target: object, *names: str) -> None:
        for name in names:
            setattr(target, name, self._noting(name, getattr(target, name)))

    def _noting(self, name, method):
        def call(*arguments):
            self.calls.append(name)
            return method(*arguments)

        return call


def worker(source: MemorySource, sink: ListSink, pace: Pace, clock=lambda: 0.0) -> Worker:
    return Worker(source, DETECTOR, sink, pace, clock, lambda _: None)


def test_the_order_is_poll_write_flush_commit():
    """Nothing is committed before it is flushed, and nothing flushed before it is written."""
    tape = Tape([batch(0, 3)])
    loop = worker(tape.source, tape.sink, Pace(commit_rows=1))
    loop.source.open(loop)
    tape.calls.clear()
    loop.turn()
    assert tape.calls == ["poll", "write", "flush", "commit"]
    assert tape.source.committed == {0: 3}


def test_it_flushes_by_count_or_by_age():
    """Few events are stored soon, many are stored together."""
    now = [0.0]
    source, sink = MemorySource([batch(0, 2), batch(2, 2), batch(4, 1)]), ListSink()
    loop = worker(source, sink, Pace(commit_rows=4, commit_seconds=5.0), lambda: now[0])
    source.open(loop)
    loop.turn()
    assert sink.positions == {}
    loop.turn()
    assert sink.positions == {0: 4}
    loop.turn()
    assert sink.positions == {0: 4}
    now[0] = 5.0
    loop.turn()
    assert sink.positions == {0: 5}


def test_stopping_finishes_what_is_held():
    """A worker that is told to stop leaves nothing behind."""
    source, sink = MemorySource([batch(0, 3)]), ListSink()
    turns = iter([False, True])
    worker(source, sink, Pace()).run(lambda: next(turns))
    assert len(sink.verdicts) == 3
    assert source.committed == {0: 3}


def test_revoked_partitions_are_finished_before_others_read_their_position():
    """The next owner must see everything that this one has judged."""
    source, sink = MemorySource([batch(0, 3)]), ListSink()
    loop = worker(source, sink, Pace())
    source.open(loop)
    loop.turn()
    loop.revoked([0])
    assert sink.positions == {0: 3}


def test_lost_partitions_are_never_flushed():
    """Another worker has them already; publishing ours would be twice."""
    source, sink = MemorySource([batch(0, 3)]), ListSink()
    loop = worker(source, sink, Pace())
    source.open(loop)
    loop.turn()
    loop.lost([0])
    loop.settle()
    assert sink.verdicts == []


class FullSink(ListSink):
    """A disk that is full when it matters, and has room again a moment later."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    def flush(self) -> Positions:
        self.tries += 1
        if self.tries == 1:
            raise StreamError("the disk is full")
        return super().flush()


def test_a_failed_worker_leaves_its_partitions_as_they_are():
    """Leaving the group asks it to finish; what a failure has interrupted belongs to whoever comes next."""
    source, sink = MemorySource([batch(0, 3)]), FullSink()
    loop = worker(source, sink, Pace(commit_rows=1))
    with pytest.raises(StreamError, match="the disk is full"):
        loop.run(lambda: False)
    loop.revoked([0])
    assert (sink.tries, sink.verdicts) == (1, [])


class OvertakenSink(ListSink):
    """Another worker has moved partition 0 on to 100."""

    def flush(self) -> Positions:
        self.positions[0] = 100
        raise PositionMoved([0], {1: 7})


def test_an_overtaken_worker_reads_on_from_the_truth():
    """It asks the results again and goes on there; what was flushed of others is committed."""
    source, sink = MemorySource([]), OvertakenSink()
    loop = worker(source, sink, Pace())
    source.open(loop)
    loop.settle()
    assert source.sought == [{0: 100}]
    assert source.committed == {1: 7}


@pytest.mark.parametrize("sizes", [[6], [1] * 6, [2, 4], [5, 1]])
def test_batching_changes_nothing(sizes):
    """The same records give the same verdicts, however they are cut into batches."""
    firsts = [sum(sizes[:i]) for i in range(len(sizes))]
    source, sink = MemorySource([batch(f, n) for f, n in zip(firsts, sizes, strict=True)]), ListSink()
    turns = iter([False] * len(sizes) + [True])
    seen: list[Judged] = []
    Worker(source, DETECTOR, sink, Pace(), lambda: 0.0, seen.append).run(lambda: next(turns))
    labels = [v.label for v in sink.verdicts]
    assert [(label.tactic, label.technique) for label in labels] == [("TA0006", "T1110")] * 6
    assert sum(len(judged.batch) for judged in seen) == 6
