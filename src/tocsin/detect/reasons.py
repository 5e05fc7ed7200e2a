"""An explanation in sentences: what made a rule fire, or the few things that kept it from firing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tocsin.detect.explain import Explanation, Kind, Outcome, Seen
from tocsin.detect.route import Routing
from tocsin.model import LogSource

_LONGEST = 100
"""Characters of a value in a sentence; the rest of it is in the outcome."""

_EXAMPLES = 3
"""Values of a list that a sentence names."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One of the reasons why a rule fires, or does not.

    Attributes:
        selection: what the rule calls the part it is about; empty when it has no name.
        text: one clause without a full stop.
    """

    selection: str
    text: str


def reasons(explanation: Explanation) -> tuple[Reason, ...]:
    """Return why the condition holds, or all that would have to be otherwise for it to hold."""
    outcome = explanation.outcome
    found = _holding(outcome, "") if outcome.held else _failing(outcome, "")
    return tuple(dict.fromkeys(found))


def why_not(outcome: Outcome) -> Iterator[Reason]:
    """Yield all that would have to be otherwise for a part of a condition to hold."""
    return _failing(outcome, "")


def headline(explanation: Explanation) -> str:
    """Return the conclusion in one sentence."""
    if explanation.fires:
        return "fires"
    if not explanation.routing.candidate:
        held = ", though its condition holds" if explanation.outcome.held else ""
        return f"does not fire{held}: {routed(explanation.routing)}"
    found = reasons(explanation)
    names = list(dict.fromkeys(reason.selection for reason in found))
    where = names[0] if len(names) == 1 else ""
    gap = explanation.gap
    if gap.size == 1 and gap.held and where:
        return f"does not fire: fails only in {where}"
    return "does not fire"


def routed(decision: Routing) -> str:
    """Return whether the rule was a candidate, and why."""
    if decision.says_nothing:
        return "the event's log source is unknown, and the rule holds even when an event has no fields at all"
    if decision.contradictions:
        apart = " and ".join(
            f"{part} {getattr(decision.rule, part)}, the event has {_own(decision.event, part)}"
            for part in decision.contradictions
        )
        return f"the rule is about {apart}"
    unsaid = [part for part in ("product", "category", "service") if getattr(decision.event, part) is None]
    if len(unsaid) == 3:
        return "the event's log source is unknown, so every rule is a candidate"
    return "the log sources of rule and event do not contradict each other"


def _own(event: LogSource, part: str) -> str:
    value = getattr(event, part)
    return "none that rules name" if value == "-" else str(value)


def _failing(outcome: Outcome, name: str) -> Iterator[Reason]:
    """Yield why an outcome does not hold."""
    match outcome.kind:
        case Kind.SELECTION:
            yield from _failing(outcome.outcomes[0], outcome.name)
        case Kind.NOT:
            yield from _against(outcome.outcomes[0], name)
        case Kind.ALL:
            for part in outcome.outcomes:
                if not part.held:
                    yield from _failing(part, name)
        case Kind.ANY if not outcome.is_list:
            yield from _no_alternative(outcome, name)
        case _:
            yield Reason(name, _lacking(outcome))


def _against(outcome: Outcome, name: str) -> Iterator[Reason]:
    """Yield what holds although it must not."""
    for reason in _holding(outcome, name):
        yield Reason(reason.selection, f"{reason.text}, which the rule excludes")


def _no_alternative(outcome: Outcome, name: str) -> Iterator[Reason]:
    """Yield why none of several things holds: of each, if they are few, else of the nearest."""
    parts = outcome.outcomes
    if len(parts) > _EXAMPLES:
        first, *rest = _failing(min(parts, key=_faults), name)
        text = f"none of {len(parts)} alternatives holds, the nearest of them {first.text}"
        yield Reason(first.selection, text)
        yield from rest
        return
    for number, part in enumerate(parts, 1):
        for reason in _failing(part, name):
            yield Reason(reason.selection, f"alternative {number}: {reason.text}")


def _faults(outcome: Outcome) -> tuple[int, int]:
    """Return how many tests fail, and how many hold, as something to sort by."""
    waiting, failed, held = [outcome], 0, 0
    while waiting:
        part = waiting.pop()
        if part.kind is Kind.TEST or part.is_list:
            failed += not part.held
            held += part.held
        else:
            waiting += part.outcomes
    return failed, -held


def _holding(outcome: Outcome, name: str) -> Iterator[Reason]:
    """Yield why an outcome holds: of alternatives only those that do."""
    match outcome.kind:
        case Kind.SELECTION:
            yield from _holding(outcome.outcomes[0], outcome.name)
        case Kind.NOT:
            yield Reason(name, _excluding(outcome.outcomes[0]))
        case Kind.ALL | Kind.ANY:
            held = [part for part in outcome.outcomes if part.held]
            for part in held[:_EXAMPLES] if outcome.kind is Kind.ANY else held:
                yield from _holding(part, name)
        case _:
            yield Reason(name, _present(outcome))


def _excluding(outcome: Outcome) -> str:
    """Return that something does not hold, as the rule wants it."""
    if outcome.name:
        return f"{outcome.name} is excluded, and does not hold"
    names = [part.name for part in outcome.outcomes]
    if outcome.kind is Kind.ANY and names and all(names):
        more = len(names) - _EXAMPLES
        shown = [*names[:_EXAMPLES], f"{more:,} more"] if more > 0 else names
        return f"{' and '.join((', '.join(shown[:-1]), shown[-1]))} are excluded, and none of them holds"
    return f"excluded, and not so: {outcome.words}"


def _lacking(outcome: Outcome) -> str:
    """Return in what a test, or a list of values for one field, fails."""
    first = outcome.outcomes[0] if outcome.kind is Kind.ANY else outcome
    wanted = _listed(outcome) if outcome.kind is Kind.ANY else outcome.words
    return f"wanted: {wanted}; {_instead(first)}"


def _listed(outcome: Outcome) -> str:
    """Return a list of values that were looked for."""
    subject = outcome.words.removesuffix(" any of")
    if subject == outcome.words:  # it is known what all of them stand for
        return outcome.words
    literals = [_short(part.words.removeprefix(subject).strip()) for part in outcome.outcomes]
    shown, more = literals[:_EXAMPLES], len(literals) - _EXAMPLES
    if more > 0:
        return f"{subject} {', '.join(shown)} or one of {more:,} more"
    return f"{subject} {', '.join(shown[:-1])} or {shown[-1]}"


def _instead(outcome: Outcome) -> str:
    """Return what the event has in the field."""
    if outcome.field is None:
        return "none does"
    if not outcome.seen and outcome.absence:
        return "it is an object"
    if not outcome.seen:
        return f"the event has no {outcome.field}"
    texts = list(dict.fromkeys(seen.text for seen in outcome.seen))
    shown = " and ".join(_quoted(text) for text in texts[:_EXAMPLES])
    more = len(texts) - _EXAMPLES
    return f"it is {shown}" + (f" and {more:,} more" if more > 0 else "")


def _present(outcome: Outcome) -> str:
    """Return what made a test hold."""
    found = next((seen for seen in outcome.seen if seen.held), None)
    if found is None:
        return outcome.words
    words = outcome.words
    if outcome.field is None:
        words = f"{found.field} {words.removeprefix('any field ')}"
    if words.lower().endswith(f" is '{found.text.lower()}'"):  # it need not be said twice
        return words
    return f"{words}: {_around(found)}"


def _around(seen: Seen) -> str:
    """Return the value in quotes; of a long one what is around the match."""
    if len(seen.text) <= _LONGEST or not seen.spans:
        return _quoted(seen.text)
    begin, end = seen.spans[0]
    middle = (begin + min(end, begin + _LONGEST)) // 2
    start = max(0, min(middle - _LONGEST // 2, len(seen.text) - _LONGEST))
    cut = seen.text[start : start + _LONGEST]
    return "'" + ("..." if start else "") + cut + ("..." if start + _LONGEST < len(seen.text) else "") + "'"


def _quoted(text: str) -> str:
    return f"'{_short(text)}'"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
