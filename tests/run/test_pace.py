"""Batches are small while there is little to do, and large when a worker is behind."""

import time

from tests.run.test_loop import batch, running, wait_until, worker
from tocsin.run.pace import Pace, Portion
from tocsin.testing import ListSink, MemorySource

PACE = Pace(poll_records=10_000, brisk_seconds=0.1, judge_seconds=1.0)


def after(portion: Portion, batches: int, share: float = 1.0, each: float = 0.0005) -> int:
    """Return the room after so many batches that fill a share of theirs, at so many seconds a record."""
    for _ in range(batches):
        room = portion()
        portion.learn(max(1, int(room * share)), max(1, int(room * share)) * each, room)
    return portion()


def test_a_burst_goes_on_in_parts():
    """The first records of a full batch do not wait for a second's worth of others."""
    assert after(Portion(PACE), 3) == 200


def test_who_is_behind_takes_more_at_once():
    """Larger batches cost less; what is late is late already."""
    assert after(Portion(PACE), 12) == 2_000


def test_who_has_caught_up_takes_less_again():
    """One batch that is not full says that nothing more waits."""
    portion = Portion(PACE)
    after(portion, 12)
    assert after(portion, 1, share=0.5) == 200


def test_no_batch_is_larger_than_the_queue_allows():
    """Records of a megabyte come a few at a time, however fast they are judged."""
    portion = Portion(Pace(queue_bytes=8_000_000))
    portion()
    portion.learn(1, 1e-6, 1_000_000)
    assert portion() == 2


def test_records_that_come_slowly_are_gathered_for_a_moment():
    """A turn has its price, so batches do not follow each other faster than the pace says."""
    source = MemorySource([batch(o, 1) for o in range(12)])
    began: list[float] = []
    pace = Pace(poll_seconds=0.01, turn_seconds=0.05, commit_seconds=0.02)
    with running(worker(source, ListSink(), pace, judged=lambda _: began.append(time.monotonic()))):
        wait_until(lambda: len(began) == 12)
    assert began[-1] - began[0] >= 3 * 0.05  # the first may have been told late


def test_a_record_that_comes_alone_is_judged_at_once():
    """After a pause nothing is gathered: the turn before is long over."""
    source = MemorySource([])
    began: list[float] = []
    pace = Pace(poll_seconds=0.01, turn_seconds=5.0, commit_seconds=0.02)
    with running(worker(source, ListSink(), pace, judged=lambda _: began.append(time.monotonic()))):
        source.assign([0])
        time.sleep(0.05)
        given = time.monotonic()
        source.add(batch(0, 1))
        wait_until(lambda: began)
    assert began[0] - given < 4.0
