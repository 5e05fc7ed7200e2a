"""Times rules beside a worker: a few rules on one event now and then, within a fixed share of its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tocsin.decode.batch import decode_row
from tocsin.detect import Detector
from tocsin.detect.oracle import Matcher, matcher
from tocsin.detect.reading import Reading
from tocsin.model import Batch, Event, Judged, LogSource

RULES = 50
"""Rules that are timed at once: a millisecond as a rule, and ten when they are met for the first time."""

REST = 200
"""How many times as long as it takes the thread works on before it is done again: it costs half a percent."""

_SOURCES = 200
"""Log sources of which rules are timed; real traffic has a few dozen."""

_STEP = 7_919
"""A prime, so that events from everywhere in a batch have their turn."""


@dataclass(slots=True)
class _Turns:
    """Where the rules for events of one log source have got to.

    Attributes:
        rules: the candidates, by their places in the rule set.
        at: the first of those that are timed next.
        seen: first of some that are timed together -> events of the source when they were timed last.
    """

    rules: tuple[int, ...]
    at: int = 0
    seen: dict[int, int] = field(default_factory=dict)


class RuleTimer:
    """Estimates what evaluating each rule's condition in full would take on all events for which it is one.

    A rule is timed as the plain matcher evaluates it, on fields that have been read: what it costs by itself.
    What a timed event took stands for all events of its log source since the rule was timed last. So figures
    only grow, and what is judged while nothing is timed counts as well.

    Args:
        detector: whose rules they are; it tells how many events there were.
        spent: nanoseconds of work of this thread: waiting for a core is no cost of a rule, and no rest.

    Attributes:
        seconds: place of a rule in the rule set -> the estimate so far.
    """

    def __init__(
        self,
        detector: Detector,
        spent: Callable[[], int] = time.thread_time_ns,
    ) -> None:
        self.detector = detector
        self.seconds: dict[int, float] = {}
        self._spent = spent
        self._again = 0
        self._looks = 0
        self._turns: dict[LogSource, _Turns] = {}
        self._matchers: dict[int, Matcher] = {}

    def look(self, judged: Judged) -> None:
        """Time some rules on one event of a batch, if it is time again."""
        began = self._spent()
        if began < self._again or not len(judged.batch):
            return
        self._looks += 1
        row = self._looks * _STEP % len(judged.batch)
        if judged.verdicts[row].rejected is not None:
            return
        self._time(judged.batch, row, judged.events.ids[row])
        ended = self._spent()
        self._again = ended + REST * (ended - began)

    def _time(self, batch: Batch, row: int, event_id: str) -> None:
        event = decode_row(batch, row, event_id, self.detector.shape, self.detector.limits)
        if not isinstance(event, Event):
            return
        turns = self._turns.get(event.logsource)
        if turns is None:
            if len(self._turns) >= _SOURCES:
                return
            rules = self.detector.candidates(event.logsource)
            turns = self._turns[event.logsource] = _Turns(rules)
        seen = self.detector.events(event.logsource)
        stands_for = seen - turns.seen.get(turns.at, 0)
        turns.seen[turns.at] = seen
        if stands_for > 0:  # else the detector has begun to count anew
            self._time_some(turns.rules[turns.at : turns.at + RULES], Reading(event.fields), stands_for)
        turns.at = turns.at + RULES if turns.at + RULES < len(turns.rules) else 0

    def _time_some(self, rules: tuple[int, ...], reading: Reading, events: int) -> None:
        for index in rules:
            holds = self._matchers.get(index)
            if holds is None:
                holds = self._matchers[index] = matcher(self.detector.rules.rules[index].condition)
            holds(reading)  # reads and folds the fields, which the first of many rules would pay for all
            began = self._spent()
            holds(reading)
            took = (self._spent() - began) * events / 1e9
            self.seconds[index] = self.seconds.get(index, 0.0) + took
