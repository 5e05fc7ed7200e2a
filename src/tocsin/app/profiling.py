"""What each rule costs on recorded events: counted on all of them, timed on some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tocsin.decode.batch import decode_row
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.detect import Detector
from tocsin.detect.oracle import Matcher, matcher
from tocsin.detect.reading import Reading
from tocsin.detect.route import Router
from tocsin.model import Batch, Event, Judged, LogSource
from tocsin.rules import Rule, RuleSet

FIRST = 20
"""Of each log source so many events are timed in any case..."""

EVERY = 100
"""... and then one in so many."""


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What one rule cost.

    Attributes:
        candidates: events for which the rule is one, by their log sources.
        matches: events on which it fired.
        tests: events on which a worker's matcher evaluates what is left of its condition once it is known
            which texts were found: all that it costs event by event, for most rules nothing.
        evaluations: how often its condition was evaluated in full, to be timed.
        seconds: what evaluating it in full for every candidate would take, by those that were timed.
    """

    rule: Rule
    candidates: int
    matches: int
    tests: int
    evaluations: int
    seconds: float

    @property
    def microseconds(self) -> float:
        """Return what one evaluation took on average."""
        return self.seconds / self.candidates * 1e6 if self.candidates else 0.0


class Profile:
    """Adds up what rules cost, batch after batch.

    Conditions are timed as the plain matcher evaluates them, on fields that have been read: what a rule costs
    by itself, wherever it runs. The matcher of a worker evaluates only what its index cannot decide.

    Args:
        rules: those to look at.
        shape: of all events; None to recognise it event by event.
        limits: of what a record may be.
        clock: nanoseconds of work, such as those of the thread: waiting for a core is no cost of a rule.
    """

    def __init__(
        self, rules: RuleSet, shape: str | None, clock: Callable[[], int], limits: Limits = DEFAULT
    ) -> None:
        self.events = 0
        self._rules = rules.rules
        self._router = Router(rules.rules)
        self._shape = shape
        self._limits = limits
        self._clock = clock
        self._detector = Detector(rules, shape, limits)
        self._sources: Counter[LogSource] = Counter()
        self._routes: dict[LogSource, tuple[int, ...]] = {}
        self._matchers: dict[int, Matcher] = {}
        self._matches: Counter[str] = Counter()
        self._evaluations: Counter[int] = Counter()
        self._nanoseconds: Counter[int] = Counter()

    def take(self, batches: Iterable[Batch]) -> None:
        """Judge batches and time some of their events."""
        for batch in batches:
            self._take(batch)

    def costs(self) -> list[RuleCost]:
        """Return what was found of every rule, the dearest first."""
        tried: Counter[int] = Counter()
        for source, count in self._sources.items():
            tried.update(dict.fromkeys(self._route(source), count))
        tests = self._detector.figures().tests
        costs = [self._cost(index, tried[index], tests[index]) for index in range(len(self._rules))]
        return sorted(costs, key=lambda cost: (-cost.seconds, -cost.candidates, cost.rule.id))

    def _cost(self, index: int, tried: int, tests: int) -> RuleCost:
        rule = self._rules[index]
        timed = self._evaluations[index]
        seconds = self._nanoseconds[index] / timed * tried / 1e9 if timed else 0.0
        return RuleCost(rule, tried, self._matches[rule.id], tests, timed, seconds)

    def _take(self, batch: Batch) -> None:
        judged = self._detector.judge(batch)
        for verdict in judged.verdicts:
            self._matches.update(detection.rule_id for detection in verdict.detections)
        self._time(
            batch, judged, [row for row, verdict in enumerate(judged.verdicts) if not verdict.rejected]
        )

    def _time(self, batch: Batch, judged: Judged, rows: Sequence[int]) -> None:
        for row in rows:
            source = judged.events.logsources[row]
            before = self._sources[source]
            self._sources[source] += 1
            self.events += 1
            if before < FIRST or before % EVERY == 0:
                event = decode_row(batch, row, judged.events.ids[row], self._shape, self._limits)
                if isinstance(event, Event):
                    self._time_one(event)

    def _time_one(self, event: Event) -> None:
        reading = Reading(event.fields)
        clock = self._clock
        for index in self._route(event.logsource):
            holds = self._matchers.get(index)
            if holds is None:
                holds = self._matchers[index] = matcher(self._rules[index].condition)
            holds(reading)  # reads and folds the fields, which the first of many rules would pay for all
            began = clock()
            holds(reading)
            self._nanoseconds[index] += clock() - began
            self._evaluations[index] += 1

    def _route(self, source: LogSource) -> tuple[int, ...]:
        found = self._routes.get(source)
        if found is None:
            found = self._routes[source] = self._router.candidates(source)
        return found
