"""Finds the program for a kind of events, or makes it when the first of them comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from tocsin.decode.columns import Constants, Group
from tocsin.detect.conclusions import Conclusions
from tocsin.detect.figures import Figures, figures
from tocsin.detect.firings import Candidate
from tocsin.detect.keywords import RecordScan, Words
from tocsin.detect.oracle import Matcher, matcher
from tocsin.detect.program import Program
from tocsin.detect.reading import Reading
from tocsin.detect.route import Router
from tocsin.detect.scan import Matching
from tocsin.detect.settle import settled, telling
from tocsin.detect.watch import Parts
from tocsin.model import LogSource, Verdict
from tocsin.rules import Rule, RuleSet
from tocsin.rules.ir import Atom, Reference, atoms

MOST_KINDS = 2_000
"""Kinds of events whose program is remembered; real traffic has some hundreds."""

MOST_PROGRAMS = 500
"""Different programs that are kept; all starts anew beyond it."""

SIGHTS = 20_000
"""Values remembered per field and set of patterns."""

SIGHTS_TEXT = 4_000_000
"""Characters that they may have."""


Kind = tuple[LogSource, Constants]
"""What tells kinds of events apart: their log source, and the fields with the same value in all of them."""


class Engine:
    """The programs of one rule set.

    Args:
        rules: to judge by.
        conclusions: makes the verdicts.
        matching: makes what looks for literals.
    """

    def __init__(self, rules: RuleSet, conclusions: Conclusions, matching: Matching) -> None:
        self._rules = rules.rules
        self._router = Router(rules.rules)
        self._questions = _Questions(rules.rules)
        self._conclusions = conclusions
        self._matching = matching
        self._routes: dict[LogSource, _Route] = {}
        self._kinds: dict[Kind, Program] = {}
        self._programs: dict[tuple[tuple[int, ...], frozenset[tuple[Atom, bool]]], Program] = {}
        self._parts = self._new_parts()
        self._events = Counter[LogSource]()

    def program(self, logsource: LogSource, constants: Constants) -> Program:
        """Return the program for events of a log source that have these values."""
        found = self._kinds.get((logsource, constants))
        if found is None:
            if len(self._kinds) >= MOST_KINDS:
                self._kinds.clear()
                self._routes.clear()
            found = self._kinds[logsource, constants] = self._find(logsource, constants)
        return found

    def judge(self, values: Sequence[bytes | None], groups: Sequence[Group], verdicts: list[Verdict]) -> None:
        """Put the verdicts on the events of a batch into their rows.

        Args:
            values: the records.
            groups: the events, by kind.
            verdicts: of the whole batch; those on which nothing fired are left as they are.
        """
        found = [(self.program(group.logsource, group.constants), group) for group in groups]
        words = _words(values, found)
        if len(self._events) > MOST_KINDS:
            self._events.clear()
        for program, group in found:
            program.judge(group, words, verdicts)
            self._events[group.logsource] += len(group.rows)

    def kinds(self) -> list[Kind]:
        """Return the kinds of events that have a program."""
        return list(self._kinds)

    def figures(self) -> Figures:
        """Return what the programs have done so far. May be called from any thread."""
        found = list(self._events.items())
        events = [(self.candidates(source), count) for source, count in found]
        return figures(self._programs.values(), self._parts.memos(), events)

    def events(self, logsource: LogSource) -> int:
        """Return how many events of a log source were judged."""
        return self._events[logsource]

    def candidates(self, source: LogSource) -> tuple[int, ...]:
        """Return the places of the rules that are candidates for events of a log source."""
        route = self._routes.get(source)
        return route.rules if route is not None else self._router.candidates(source)

    def wanted(self, logsource: LogSource, constants: Constants) -> frozenset[str]:
        """Return the fields that the program for such events reads from columns."""
        return self.program(logsource, constants).fields - {name for name, _ in constants}

    def _find(self, logsource: LogSource, constants: Constants) -> Program:
        route = self._routes.get(logsource)
        if route is None:
            rules = self._router.candidates(logsource)
            route = self._routes[logsource] = _Route(rules, self._questions)
        truths = route.truths(constants)
        key = (route.rules, frozenset(truths.items()))
        found = self._programs.get(key)
        if found is None:
            if len(self._programs) >= MOST_PROGRAMS:
                self._programs.clear()
                self._kinds.clear()
                self._parts = self._new_parts()
            found = self._programs[key] = self._compile(route, constants, truths)
        return found

    def _compile(self, route: _Route, constants: Constants, truths: Mapping[Atom, bool]) -> Program:
        asking = route.asking(constants)
        found = []
        for index in route.rules:
            condition = self._rules[index].condition
            if index not in asking:
                found.append(Candidate(index, condition, condition))
                continue
            left = settled(condition, truths)
            evidence = telling(condition, truths) if left is not False else None
            if evidence is not None:
                found.append(Candidate(index, None if isinstance(left, bool) else left, evidence))
        return Program(found, self._parts, self._conclusions)

    def _new_parts(self) -> Parts:
        return Parts(self._matching, SIGHTS, SIGHTS_TEXT)


def _words(values: Sequence[bytes | None], groups: Sequence[tuple[Program, Group]]) -> Words:
    """Return what is found in the records of a batch; each is looked at once for all programs."""
    asked: dict[RecordScan, list[Sequence[int]]] = {}
    for program, group in groups:
        for scan in program.scans:
            asked.setdefault(scan, []).append(group.rows)
    return {scan: scan.found(values, sorted(chain.from_iterable(rows))) for scan, rows in asked.items()}


class _Questions:
    """What rules ask of a field; of most fields nobody wants to know."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._known: dict[str, dict[int, Sequence[Atom]]] = {}

    def about(self, field: str) -> Mapping[int, Sequence[Atom]]:
        """Return the atoms that the field's value decides, by the place of the rule."""
        found = self._known.get(field)
        if found is None:
            found = self._known[field] = {}
            for index, rule in enumerate(self._rules):
                every = [atom for atom in atoms(rule.condition) if atom.field == field]
                asked = [atom for atom in every if not isinstance(atom, Reference)]
                if asked:
                    found[index] = asked
        return found


class _Route:
    """The rules that are candidates for events of a log source, and what they ask of constant fields."""

    def __init__(self, rules: tuple[int, ...], questions: _Questions) -> None:
        self.rules = rules
        self._questions = questions
        self._asked: dict[str, dict[Atom, Matcher]] = {}

    def truths(self, constants: Constants) -> dict[Atom, bool]:
        """Return which of the atoms on constant fields hold."""
        reading = Reading(dict(constants))
        return {atom: holds(reading) for name, _ in constants for atom, holds in self._about(name).items()}

    def asking(self, constants: Constants) -> frozenset[int]:
        """Return the rules that ask anything of constant fields."""
        return frozenset().union(*[self._questions.about(name) for name, _ in constants])

    def _about(self, field: str) -> Mapping[Atom, Matcher]:
        found = self._asked.get(field)
        if found is None:
            asked = self._questions.about(field)
            every = chain.from_iterable(asked[index] for index in self.rules if index in asked)
            found = self._asked[field] = {atom: matcher(atom) for atom in dict.fromkeys(every)}
        return found
