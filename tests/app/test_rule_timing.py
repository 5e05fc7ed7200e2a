"""What rules cost is told beside a worker, for next to nothing, and adds up to all events."""

import json

import pytest

from tocsin.app.metering import MOST_SHOWN, Meter
from tocsin.app.rule_timing import REST, RULES, RuleTimer
from tocsin.app.settings import load
from tocsin.detect import Detector
from tocsin.model import Batch, Judged, Stream
from tocsin.rules import load_rules
from tocsin.telemetry import metric_names as names

STREAM = Stream("topic", "raw-events", "id")
PROCESS = {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "Image": "C:\\a.exe"}
QUIET = {"EventID": 22, "Channel": "Microsoft-Windows-Sysmon/Operational", "QueryName": "example.org"}


def batch(events: int, said: object = PROCESS) -> Batch:
    line = said if isinstance(said, bytes) else json.dumps(said).encode()
    return Batch.of_values(STREAM, [line] * events)


@pytest.fixture(scope="module")
def rules():
    found = load_rules(["builtin:windows"])
    assert len(found.rules) > RULES, "one look is not enough for all of them"
    return found


class Run:
    """A detector with its timer, on a clock that ticks a microsecond whenever it is read."""

    def __init__(self, rules) -> None:
        self.moment = 0
        self.detector = Detector(rules)
        self.timer = RuleTimer(self.detector, self._tick)

    def _tick(self) -> int:
        self.moment += 1_000
        return self.moment

    def judge(self, made: Batch) -> Judged:
        judged = self.detector.judge(made)
        self.timer.look(judged)
        return judged

    def rest(self) -> None:
        self.moment += 10**12


def test_what_is_timed_stands_for_all_events_since(rules):
    """A thousand events at a microsecond each, however few of them were looked at."""
    run = Run(rules)
    for _ in range(10):
        run.rest()
        run.judge(batch(100))
    found = run.detector.figures().candidates
    assert set(run.timer.seconds) <= set(found)
    assert set(found.values()) == {1_000}
    for _ in range(len(found) // RULES + 1):
        run.rest()
        run.judge(batch(1))
    assert set(run.timer.seconds) == set(found), "every candidate had its turn"
    for spent in run.timer.seconds.values():
        assert spent == pytest.approx(1_000e-6, rel=0.11)


def test_it_rests_in_proportion_to_what_it_took(rules):
    """So the share of a worker's time is fixed, whatever the rules cost."""
    run = Run(rules)
    run.judge(batch(10))
    before = dict(run.timer.seconds)
    assert 0 < len(before) <= RULES
    took = run.moment - 1_000
    run.moment += (REST - 1) * took
    run.judge(batch(10))
    assert run.timer.seconds == before
    run.moment += 2 * took
    run.judge(batch(10))
    assert run.timer.seconds != before


def test_other_sources_and_bad_records_are_told_apart(rules):
    """Events of one log source are no candidates of another's rules; what is no event costs no rule."""
    run = Run(rules)
    run.judge(batch(10, b"no JSON"))
    assert run.timer.seconds == {}
    run.rest()
    run.judge(batch(10, QUIET))
    quiet = set(run.timer.seconds)
    only = {p for p, rule in enumerate(rules.rules) if rule.logsource.category == "process_creation"}
    assert not quiet & only


def test_the_dearest_are_shown_and_no_more(rules):
    """With their seconds and candidates, under the rule's id and title; of the detector that judges."""
    settings = load(None, {}, {"metrics.listen": "127.0.0.1:0"}).settings
    meter, detector = Meter(settings), Detector(rules)
    meter.detector = lambda: detector
    watch = meter.watch(lambda _: None, print)
    watch.judged(detector.judge(batch(500)))
    found = meter.figures(detector)
    seconds, candidates = found[names.RULE_SECONDS], found[names.RULE_CANDIDATES]
    assert 0 < len(seconds) <= MOST_SHOWN
    assert seconds.keys() == candidates.keys()
    assert set(candidates.values()) == {500}
    assert all(spent > 0 for spent in seconds.values())
    known = {(rule.id, rule.title) for rule in rules.rules}
    assert set(seconds) <= known
    assert meter.figures(Detector(rules))[names.RULE_SECONDS] == {}
