"""Judges batches: decode, route, match, label. One rule set for life; a reload makes another detector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.decode.columns import ColumnDecoder
from tocsin.decode.gathering import Decoded
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.detect.conclusions import Conclusions
from tocsin.detect.engine import Engine
from tocsin.detect.figures import Figures
from tocsin.detect.memo import Memo, fields_of
from tocsin.detect.oracle import Matcher, evidence, matcher
from tocsin.detect.reading import Reading
from tocsin.detect.scan import Matching, PythonMatching
from tocsin.model import NO_LABEL, NOTHING, Batch, Event, Judged, LogSource, Stream, Verdict
from tocsin.rules import RuleSet


@dataclass(frozen=True, slots=True)
class Route:
    """The candidates for events of one log source, by their places in the rule set, with a memory."""

    matchers: tuple[tuple[int, Matcher], ...]
    memo: Memo[Verdict]


SIGHTS = 20_000
"""How many different events are remembered per log source."""

SIGHTS_TEXT = 2_000_000
"""How many characters of them, per log source."""

ROUTES = 200
"""How many log sources are remembered; real traffic has a few dozen."""

_MEMORY = Stream("file", "memory", "memory")


class Detector:
    """Judges events by a rule set; keeps of events only what is equal in many of them.

    Args:
        rules: what to judge by.
        shape: the name of the shape that all records have; None to recognise it record by record.
        limits: of what a record may be; one beyond is rejected.
        matching: how literals are looked for; None for the fastest way there is.
    """

    def __init__(
        self,
        rules: RuleSet,
        shape: str | None = None,
        limits: Limits = DEFAULT,
        *,
        matching: Matching | None = None,
    ) -> None:
        self.rules = rules
        self.shape = shape
        self.limits = limits
        self._matching = matching or fastest()
        self._matchers: dict[int, Matcher] = {}
        self._routes: dict[LogSource, Route] = {}
        self._conclusions = Conclusions(rules.rules)
        self._engine = Engine(rules, self._conclusions, self._matching)
        self._decoder = ColumnDecoder(self._engine.wanted, shape, limits)

    def judge(self, batch: Batch) -> Judged:
        """Return the batch with one verdict per record, in order. No record makes it raise."""
        return self.match(batch, self.decode(batch))

    def decode(self, batch: Batch) -> Decoded:
        """Do the first half of `judge`, for whoever wants to know how long each takes."""
        return self._decoder.decode(batch)

    def match(self, batch: Batch, decoded: Decoded) -> Judged:
        """Do the second half: return a batch with the verdicts on what was decoded of it."""
        verdicts = [NOTHING] * len(batch)
        for row, rejected in decoded.rejected.items():
            verdicts[row] = Verdict(NO_LABEL, (), rejected=rejected)
        self._engine.judge(batch.values, decoded.groups, verdicts)
        return Judged(batch, decoded.events, verdicts, self.rules.revision)

    def successor(self, rules: RuleSet) -> Detector:
        """Return a detector by other rules that is ready for the kinds of events that this one has judged.

        May be called on another thread while this one judges; compiling can take seconds.
        """
        made = Detector(rules, self.shape, self.limits, matching=self._matching)
        for logsource, constants in self._engine.kinds():
            made._engine.program(logsource, constants)
        return made

    def figures(self) -> Figures:
        """Return what the engine has done so far. May be called from any thread, while it judges."""
        return self._engine.figures()

    def events(self, logsource: LogSource) -> int:
        """Return how many events of a log source were judged, at least since they were last forgotten."""
        return self._engine.events(logsource)

    def candidates(self, logsource: LogSource) -> tuple[int, ...]:
        """Return the places of the rules that are candidates for events of a log source."""
        return self._engine.candidates(logsource)

    def judge_lines(self, lines: Sequence[bytes]) -> list[Verdict]:
        """Return one verdict per line, in order; each line is one JSON event."""
        return list(self.judge(Batch.of_values(_MEMORY, lines)).verdicts)

    def conclude(self, event: Event) -> Verdict:
        """Return the verdict on an event; equal verdicts are one and the same object."""
        route = self._routes.get(event.logsource) or self._route(event.logsource)
        sight = route.memo.sight(event.fields)
        if sight is None:
            return self._judge(route, event)
        found = route.memo.get(sight)
        if found is None:
            found = self._judge(route, event)
            route.memo.keep(sight, found)
        return found

    def _judge(self, route: Route, event: Event) -> Verdict:
        reading = Reading(event.fields)
        fired = [index for index, holds in route.matchers if holds(reading)]
        if not fired:
            return NOTHING
        rules = self.rules.rules
        return self._conclusions.of(
            tuple((index, evidence(rules[index].condition, reading) or ()) for index in fired)
        )

    def _route(self, logsource: LogSource) -> Route:
        if len(self._routes) >= ROUTES:
            self._routes.clear()
        rules = self.rules.rules
        indexes = self._engine.candidates(logsource)
        for index in indexes:
            if index not in self._matchers:
                self._matchers[index] = matcher(rules[index].condition)
        fields = fields_of(rules[index].condition for index in indexes)
        memo: Memo[Verdict] = Memo(fields, SIGHTS, SIGHTS_TEXT)
        route = Route(tuple((index, self._matchers[index]) for index in indexes), memo)
        self._routes[logsource] = route
        return route


def fastest() -> Matching:
    """Return Hyperscan where it is installed, else what needs no library."""
    try:
        from tocsin.detect.hyperscan_door import HyperscanMatching  # noqa: PLC0415 - may be missing
    except ImportError:
        return PythonMatching()
    return HyperscanMatching()
