"""The figures of a benchmark say of every event how late it was, and nothing of events outside the window."""

from array import array
from pathlib import Path

import numpy as np
import pytest

from tocsin.app.bench_figures import figures, row_of, series
from tocsin.app.bench_load import pool_of
from tocsin.app.bench_step import Sample, Seen, Step
from tocsin.errors import SettingsError
from tocsin.kafka import Cluster
from tocsin.results.commits import Commit
from tocsin.simulate.weave import Simulator
from tocsin.sources.kafka_watch import Sightings
from tocsin.stats.latency import Series, save_latency_plot

START = 1_700_000_000
"""Seconds since 1970 at which the window begins."""


def ms(seconds: float) -> int:
    return round((START + seconds) * 1_000)


def ns(seconds: float) -> int:
    return ms(seconds) * 1_000_000


def seen(rate: float | None = 10.0, workers: int = 1, **changes) -> Seen:
    """Return two partitions with an event every 100 ms each, stored every second."""
    step = Step("b", Path("b"), Cluster("k"), workers, rate, 3.0, 1.0, 80, 2, {}, ())
    offsets = np.tile(np.arange(40), 2)
    commits = [Commit(ns(second + 0.05), dict.fromkeys((0, 1), (second + 1) * 10)) for second in range(4)]
    said = {
        "step": step,
        "window": (START + 1.0, START + 3.0),
        "sent": 80,
        "partitions": np.repeat([0, 1], 40),
        "offsets": offsets,
        "created": np.array([ms(-1 + offset / 10) for offset in offsets]),
        "commits": commits,
        "lines": [Commit(commit.time + 500_000_000, commit.positions) for commit in commits],
        "published": Sightings(array("q", [0, 1]), array("q", [20, 39]), array("q", [ns(1.2), ns(9.0)])),
        "samples": [[Sample(START + t, t / 2, 100_000_000) for t in (0.5, 1.5, 2.5)]],
    }
    return Seen(**{**said, **changes})


def test_latency_is_from_kafkas_timestamp_to_the_commit_that_has_the_event():
    """Events created in [1, 3) s are in the commits of 2.05 and 3.05 s... each waits 150 to 1,050 ms."""
    found = figures(seen())
    assert found.stored is not None
    assert found.csv is not None
    assert (found.events, found.sent_per_second) == (80, 20.0)
    assert found.stored.p50 == pytest.approx(600.0, abs=1)
    assert found.stored.p999 == pytest.approx(1_050.0, abs=1)
    assert found.csv.p50 == pytest.approx(found.stored.p50 + 500.0, abs=1)


def test_a_message_is_as_late_as_a_reader_has_it_and_others_do_not_count():
    """The first is about an event of second 1.0; the other is about one that came later than the window."""
    found = figures(seen(window=(START + 0.9, START + 2.5)))
    assert found.published is not None
    assert found.published.p50 == found.published.p999 == pytest.approx(200.0, abs=1)
    assert found.detections == 2


def test_lag_is_what_was_created_and_not_stored():
    """At worst just before a commit."""
    found = figures(seen())
    assert 18 <= found.lag_most <= 22


def test_what_is_not_stored_is_not_counted_as_stored():
    """Commits that are missing at the end make lag, not latency."""
    late = seen()
    found = figures(seen(commits=late.commits[:2]))
    assert found.lag_end > found.lag_most / 2
    assert found.stored is None or found.stored.p999 <= 1_050.0


def test_a_full_topic_tells_the_speed_and_no_latency():
    """Its events were created long before anybody read."""
    commits = [Commit(ns(t / 10), dict.fromkeys((0, 1), 2 * (t + 1))) for t in range(20)]
    found = figures(seen(rate=None, commits=commits, window=(START, START + 2.0)))
    assert (found.stored, found.published, found.rate) == (None, None, None)
    assert found.stored_per_second == pytest.approx(40.0, rel=0.1)


def test_cores_and_memory_are_those_that_the_workers_told():
    """Half a core, 100 MB; unknown when the samples are too few to say."""
    found = figures(seen(window=(START + 0.0, START + 3.0)))
    assert (found.cpu, found.memory_mb) == (0.5, 100.0)
    assert figures(seen(window=(START + 2.0, START + 3.0))).cpu is None


def test_the_table_shows_what_there_is():
    """A row for a rate, and one for a topic that was full."""
    assert row_of(figures(seen()))["rate"] == "10"
    full = row_of(figures(seen(rate=None)))
    assert (full["rate"], full["ms to the results"]) == ("full", "")


def test_curves_are_of_one_length_and_begin_with_the_load():
    """What warmed up is in them, and told from what counts."""
    curves = series(seen())
    lengths = {len(c) for c in (curves.seconds, curves.sent, curves.stored, curves.lag)}
    lengths |= {len(c) for kinds in curves.latency.values() for c in kinds.values()}
    assert len(lengths) == 1
    assert (curves.counts_from, curves.counts_to) == (2.0, 4.0)
    assert sum(curves.sent) / 2 == 80


def test_the_plot_is_a_picture(tmp_path):
    """Also of one step alone, of a full topic, and of a step without events."""
    pytest.importorskip("matplotlib", reason="needs the extra 'plot'")
    none = Series("none", 0.0, 1.0, [], [], [], [], {"stored": {"p50": []}})
    for steps in ([series(seen())], [series(seen(rate=None))], [series(seen()), none]):
        save_latency_plot(steps, "a title", tmp_path / "latency.png")
        assert (tmp_path / "latency.png").read_bytes().startswith(b"\x89PNG")


class _Feed:
    def __init__(self, count: int) -> None:
        self._events = list(Simulator(1, "lab", 0.1).take([0] * count))

    def take(self, count):
        taken, self._events = self._events[:count], self._events[count:]
        return taken


def test_a_pool_has_no_end():
    """The first events come again."""
    pool = pool_of(_Feed(5), 100)
    ids = [event.event_id for event in pool.take(12)]
    assert (pool.size, len(ids)) == (5, 12)
    assert ids[:5] == ids[5:10]


def test_a_pool_of_nothing_is_refused():
    """There would be no load."""
    with pytest.raises(SettingsError, match="no events"):
        pool_of(_Feed(0), 100)
