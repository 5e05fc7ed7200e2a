"""Why a rule fires on an event, or does not: the decision on the log source and every test of its condition.

Off the event's path: asked by people. The truth of each test comes from the plain matcher, so an explanation
cannot disagree with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tocsin.detect.disguises import decoded, meaning
from tocsin.detect.oracle import evidence, matcher, tester
from tocsin.detect.reading import Reading, Value
from tocsin.detect.route import Routing, routing
from tocsin.detect.spans import Span, spans_of
from tocsin.model import Event
from tocsin.rules import Rule
from tocsin.rules.ir import And, Atom, Cidr, Node, Not, Or, Present, Reference, Regex, Selection, Text, fold
from tocsin.rules.words import in_words

MOST_SEEN = 50
"""Values listed for one test; an event may have a list of thousands."""


class Kind(StrEnum):
    """What an outcome is the outcome of."""

    ALL = "all"
    ANY = "any"
    NOT = "not"
    SELECTION = "selection"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Seen:
    """A value of the event that a test looked at.

    Attributes:
        field: the name it was found under.
        text: the value, as it is compared but for letters' case.
        held: whether it satisfies the test.
        spans: the characters that do.
    """

    field: str
    text: str
    held: bool
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one part of a rule's condition turned out on the event.

    Attributes:
        words: what it asks for, in one line.
        name: of a selection; else empty.
        field: that a test reads; None for a keyword, and for anything but a test.
        absence: whether it is a test that holds when the field has no value.
        seen: what a test looked at; of a keyword only the values that hold it.
        outcomes: of its parts.
    """

    kind: Kind
    held: bool
    words: str
    name: str = ""
    field: str | None = None
    absence: bool = False
    seen: tuple[Seen, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    @property
    def is_list(self) -> bool:
        """Say whether it is a list of values for one field, or of keywords."""
        return self.kind in (Kind.ANY, Kind.ALL) and self.words not in _MIXED


_MIXED = ("all of", "any of")
"""The words of what joins different things."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What is between an event and a rule that does not fire on it; all zero when nothing is.

    Attributes:
        lacking: tests that would have to hold in addition.
        forbidden: tests under a `not` that would have to fail.
        held: tests that hold and are needed; what only names the log does not count.
    """

    lacking: int = 0
    forbidden: int = 0
    held: int = 0

    @property
    def size(self) -> int:
        """Return how many tests would have to turn out otherwise."""
        return self.lacking + self.forbidden

    def __add__(self, other: Gap) -> Gap:
        return Gap(self.lacking + other.lacking, self.forbidden + other.forbidden, self.held + other.held)

    def rank(self) -> tuple[int, int, int]:
        """Return what sorts nearer ones first."""
        return self.size, self.lacking, -self.held


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a rule fires on an event, or why it does not."""

    rule: Rule
    routing: Routing
    outcome: Outcome
    gap: Gap

    @property
    def fires(self) -> bool:
        """Say whether the detector reports the rule on the event."""
        return self.routing.candidate and self.outcome.held


def explain(rule: Rule, event: Event) -> Explanation:
    """Return why a rule fires on an event, or does not."""
    reading = Reading(event.fields)
    decision = routing(event.logsource, rule)
    return Explanation(rule, decision, _outcome(rule.condition, reading), gap_of(rule.condition, reading))


@dataclass(frozen=True, slots=True)
class Survey:
    """What all rules made of an event.

    Attributes:
        fired: in the order of the rule set.
        nearest: those that do not fire but come nearest, the nearest first.
        candidates: how many rules were candidates by their log source.
    """

    fired: tuple[Explanation, ...]
    nearest: tuple[Explanation, ...]
    candidates: int


def survey(rules: Sequence[Rule], event: Event, nearest: int = 3) -> Survey:
    """Return why rules fire on an event, and which come nearest to it without firing.

    A rule comes near when at least half of what it asks for is there.

    Args:
        rules: all of them.
        event: to be explained.
        nearest: how many that do not fire to return at most.
    """
    reading = Reading(event.fields)
    fired, near, count = [], [], 0
    for rule in rules:
        if not routing(event.logsource, rule).candidate:
            continue
        count += 1
        if matcher(rule.condition)(reading):
            fired.append(rule)
        else:
            gap = gap_of(rule.condition, reading)
            if gap.held >= gap.size:
                near.append((gap.rank(), -rule.level, rule.id, rule))
    near.sort(key=lambda found: found[:3])
    return Survey(
        tuple(explain(rule, event) for rule in fired),
        tuple(explain(rule, event) for *_, rule in near[:nearest]),
        count,
    )


def _outcome(node: Node, reading: Reading) -> Outcome:
    match node:
        case And() | Or():
            inner = tuple(_outcome(child, reading) for child in node.nodes)
            kind, joins = (Kind.ALL, all) if isinstance(node, And) else (Kind.ANY, any)
            return Outcome(kind, joins(part.held for part in inner), _heading(node), outcomes=inner)
        case Not(Present(field)):
            seen = _values(reading.values(field), lambda _: False, lambda _: ())
            return Outcome(
                Kind.TEST, not reading.is_present(field), in_words(node), field=field, absence=True, seen=seen
            )
        case Not():
            part = _outcome(node.node, reading)
            return Outcome(Kind.NOT, not part.held, "not", outcomes=(part,))
        case Selection():
            part = _outcome(node.node, reading)
            return Outcome(Kind.SELECTION, part.held, node.name, name=node.name, outcomes=(part,))
        case _:
            return _test(node, reading)


def _test(atom: Atom, reading: Reading) -> Outcome:
    held, words = matcher(atom)(reading), in_words(atom)
    values = reading.values(atom.field)
    match atom:
        case Present():
            seen = _values(values, lambda _: True, lambda _: ())
        case Reference():
            seen = _referred(atom, reading)
        case _:
            if isinstance(atom, Text) and (plain := decoded(atom)):
                words += f", base64 of {plain}"
            test = tester(atom)
            if atom.field is None:
                values = tuple(value for value in values if test(value))
            seen = _values(values, test, lambda value: spans_of(atom, value))
    return Outcome(Kind.TEST, held, words, field=atom.field, seen=seen)


def _values(
    values: Iterable[Value], test: Callable[[Value], bool], spans: Callable[[Value], tuple[Span, ...]]
) -> tuple[Seen, ...]:
    """Return what was seen; where it is too much, what held comes first."""
    seen = [Seen(value.name, value.text, test(value), spans(value)) for value in values]
    if len(seen) > MOST_SEEN:
        seen.sort(key=lambda one: not one.held)
    return tuple(seen[:MOST_SEEN])


def _referred(atom: Reference, reading: Reading) -> tuple[Seen, ...]:
    """Return the values of both fields; of those that stand in the relation, the part they share."""
    pairs = evidence(atom, reading) or ()
    others = {text for name, text in pairs[1::2]}

    def spans(value: Value) -> tuple[Span, ...]:
        text, found = (value.text, others) if atom.cased else (value.folded, {fold(o) for o in others})
        if (value.name, value.text) not in pairs or len(text) != len(value.text):
            return ()
        places = [(text.rfind(o) if atom.ends and not atom.starts else text.find(o), len(o)) for o in found]
        return tuple(sorted({(place, place + size) for place, size in places if place >= 0 and size}))

    def holds(value: Value) -> bool:
        return (value.name, value.text) in pairs

    both = reading.values(atom.field) + reading.values(atom.other)
    return _values(both, holds, spans)


def _heading(node: And | Or) -> str:
    """Return what a list asks for: `Image ends with any of`, or just `all of`."""
    kind = "all of" if isinstance(node, And) else "any of"
    texts = [child for child in node.nodes if isinstance(child, Text)]
    if len(texts) < len(node.nodes):
        return f"{_common(node)} {kind}".strip()
    heading = in_words(node).split("\n", 1)[0].removesuffix(":")
    meant = meaning(texts) if isinstance(node, Or) and heading != kind else ""
    return f"{heading.removesuffix(' any of')} {meant}" if meant else heading


def _common(node: And | Or) -> str:
    """Return what networks, or regular expressions, for one field begin with in words; else nothing."""
    if not all(isinstance(child, Cidr) for child in node.nodes) and not all(
        isinstance(child, Regex) for child in node.nodes
    ):
        return ""
    if not _reads_one_field(node):
        return ""
    words = in_words(node.nodes[0])
    return words.rpartition(" ")[0] if isinstance(node.nodes[0], Cidr) else words.partition(" /")[0]


_OF_THE_LOG = frozenset({"EventID", "Channel", "Provider_Name", "EventLog", "type", "eventSource"})
"""Fields that tell which log an event is from: that they match does not bring an event near to a rule."""


def gap_of(node: Node, reading: Reading, *, wanted: bool = True) -> Gap:
    """Return what is between the event and a node that holds (or, if so wanted, does not hold)."""
    match node:
        case And() | Or():
            return _joined(node, reading, wanted=wanted)
        case Not():
            return gap_of(node.node, reading, wanted=not wanted)
        case Selection():
            return gap_of(node.node, reading, wanted=wanted)
    held = matcher(node)(reading)
    if wanted:
        return Gap(held=int(node.field not in _OF_THE_LOG)) if held else Gap(lacking=1)
    return Gap(forbidden=1) if held else Gap()


def _joined(node: And | Or, reading: Reading, *, wanted: bool) -> Gap:
    parts = [gap_of(child, reading, wanted=wanted) for child in node.nodes]
    if isinstance(node, And) is not wanted:
        return min(parts, key=Gap.rank)
    whole = sum(parts, Gap())
    if not wanted and _reads_one_field(node):  # a list of values counts as one test, however many it has
        return Gap(forbidden=min(1, whole.forbidden), lacking=min(1, whole.lacking))
    return whole


def _reads_one_field(node: And | Or) -> bool:
    fields = {getattr(child, "field", None) for child in node.nodes}
    return len(fields) == 1 and None not in fields
