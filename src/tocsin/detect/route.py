"""Which rules are candidates for an event: those whose log source its own does not contradict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from tocsin.decode.logsources import is_what_rules_call
from tocsin.detect.oracle import matcher
from tocsin.detect.reading import Reading
from tocsin.model import LogSource
from tocsin.rules import Rule

_PARTS = ("product", "category", "service")

UNKNOWN = LogSource()
"""Of an event of which nothing tells where it comes from."""

_EMPTY = Reading({})


@dataclass(frozen=True, slots=True)
class Routing:
    """Whether a rule is a candidate for an event, and why not.

    Attributes:
        event, rule: the log sources.
        contradictions: which of `product`, `category` and `service` differ.
        says_nothing: the event's source is unknown, and the rule holds even when an event has no field.
    """

    event: LogSource
    rule: LogSource
    contradictions: tuple[str, ...] = ()
    says_nothing: bool = False

    @property
    def candidate(self) -> bool:
        """Say whether the rule's condition is looked at."""
        return not self.contradictions and not self.says_nothing


def routing(event: LogSource, rule: Rule) -> Routing:
    """Return whether a rule is a candidate for events of a log source.

    It is one unless the log sources contradict each other, so where nothing is known of an event every rule
    is. There is one exception: a rule that holds when all fields are missing would then fire on every event
    of an unknown source, whatever it is about.
    """
    apart = tuple(_contradictions(event, rule.logsource))
    says_nothing = event == UNKNOWN and matcher(rule.condition)(_EMPTY)
    return Routing(event, rule.logsource, apart, says_nothing)


def contradicts(event: LogSource, rule: LogSource) -> bool:
    """Say whether an event of one log source cannot be what a rule for the other is about.

    It cannot when both name a product, a category or a service and the names differ; their case does not
    matter, and a rule's name may be the broader one (`registry_event` takes in `registry_set`). What one side
    does not say contradicts nothing.
    """
    return any(True for _ in _contradictions(event, rule))


class Router:
    """Finds the candidates among the same rules again and again, going by their few different log sources."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._of_source: dict[LogSource, list[int]] = {}
        for index, rule in enumerate(rules):
            self._of_source.setdefault(rule.logsource, []).append(index)

    def candidates(self, event: LogSource) -> tuple[int, ...]:
        """Return the positions of the rules that are candidates for events of a log source."""
        agreeing = [found for source, found in self._of_source.items() if not contradicts(event, source)]
        places = sorted(chain.from_iterable(agreeing))
        if event == UNKNOWN:
            places = [place for place in places if routing(event, self._rules[place]).candidate]
        return tuple(places)


def _contradictions(event: LogSource, rule: LogSource) -> Iterator[str]:
    for part in _PARTS:
        own, wanted = getattr(event, part), getattr(rule, part)
        if own and wanted and not is_what_rules_call(own, wanted):
            yield part
