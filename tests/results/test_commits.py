"""The log of a table tells when it moved on, and to where."""

import time

from tests.results.rows import ORIGIN, judged
from tocsin.results.commits import commits_of
from tocsin.results.sink import ResultsSink


def test_commits_have_their_time_and_the_positions_they_moved(tmp_path):
    """Of each partition that was in them, and of no other."""
    sink = ResultsSink(tmp_path, ORIGIN, "detected", time.time)
    sink.start([0, 1])
    before = time.time_ns()
    for batch in (judged(range(3)), judged(range(2), partition=1), judged(range(3, 5))):
        sink.write(batch)
        sink.flush()
    found = commits_of(tmp_path, ORIGIN, range(2))
    assert [dict(commit.positions) for commit in found] == [{0: 3}, {1: 2}, {0: 5}]
    times = [commit.time for commit in found]
    assert before - 1_000_000_000 < times[0] <= times[1] <= times[2] <= time.time_ns() + 1_000_000_000
