"""What a worker counts is what it has judged."""

from tests.results.rows import judged
from tocsin.run.progress import Progress


def test_it_counts_records_labels_levels_and_rejects():
    """Each batch adds to the totals; the rate is over the time since the snapshot before."""
    now = [100.0]
    progress = Progress(lambda: now[0])
    progress.count(judged(range(4), rejected=[0], fired=[1, 2]))
    progress.count(judged(range(4, 6), fired=[4]))
    now[0] = 102.0
    seen = progress.snapshot({0: 7})
    assert (seen.records, seen.seconds, seen.per_second, seen.lag) == (6, 2.0, 3.0, {0: 7})
    assert seen.tactics == {"TA0002": 3, "TA0000": 2}
    assert seen.levels == {"high": 3}
    assert seen.rejected == {"not_json": 1}
    now[0] = 103.0
    assert progress.snapshot({}).per_second == 0.0
