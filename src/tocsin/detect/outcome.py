"""What follows for events in which the same patterns were found: rules that fire, and rules to be tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tocsin.detect.conclusions import Conclusions
from tocsin.detect.memo import distinct, fields_of
from tocsin.detect.oracle import Matcher, evidence, matcher
from tocsin.detect.reading import Reading
from tocsin.detect.settle import HOLDS, Truths, telling
from tocsin.model import NOTHING, Event, Verdict
from tocsin.rules.ir import Node

MOST = 5_000
"""Conclusions remembered per outcome before it starts anew."""

MOST_TEXT = 1_000_000
"""Characters of the values that they were drawn from."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule that fires, or fires if its residue holds.

    Attributes:
        index: of the rule in the rule set.
        telling: the part of its condition that gives the evidence.
        residue: what has still to hold; None when nothing has.
    """

    index: int
    telling: Node
    residue: Node | None


@dataclass(slots=True)
class View:
    """An event as its group's columns show it.

    Attributes:
        columns: of the group.
        place: of the event in them.
        constants: fields with the same value in all events of the group.
        whole: decodes the event in full.
    """

    columns: Mapping[str, Sequence[object]]
    place: int
    constants: Mapping[str, object]
    whole: Callable[[int], Event]

    def value(self, field: str) -> object:
        """Return what stands in a field."""
        column = self.columns.get(field)
        return self.constants.get(field) if column is None else column[self.place]

    def reading(self, fields: Sequence[str] | None) -> Reading:
        """Return these fields, or for None all there are, as rules read them."""
        if fields is None:
            return Reading(self.whole(self.place).fields)
        return Reading({field: self.value(field) for field in fields})


class Outcome:
    """What follows for events of one kind in which the same patterns were found.

    Args:
        firings: in the order of the rule set.
        seen: which atoms are known to hold, or not to.
    """

    __slots__ = (
        "_atoms",
        "_conclusions",
        "_doubts",
        "_firings",
        "_known",
        "_seen",
        "_tellings",
        "_text",
        "_told",
        "_verdicts",
    )

    def __init__(self, firings: Sequence[Firing], seen: Truths, conclusions: Conclusions) -> None:
        self._conclusions = conclusions
        self._firings = firings
        self._atoms = seen
        self._tellings: dict[int, Node] = {}
        self._doubts: tuple[tuple[int, Matcher], ...] = tuple(
            (place, matcher(firing.residue))
            for place, firing in enumerate(firings)
            if firing.residue is not None
        )
        self._seen = _names(f.residue for f in firings if f.residue is not None)
        self._known: dict[tuple[object, ...], tuple[int, ...]] = {}
        self._told: dict[tuple[int, ...], tuple[str, ...] | None] = {}
        self._verdicts: dict[tuple[object, ...], Verdict] = {}
        self._text = 0

    def verdict(self, view: View) -> Verdict:
        """Return the verdict on an event whose columns hold one scalar each."""
        fired = self._fired(view)
        if not fired:
            return NOTHING
        fields = self._told.get(fired)
        if fired not in self._told:
            fields = self._told[fired] = _names(map(self._telling, fired))
        if fields is None:
            return self.conclude(fired, view.reading(None))
        values = (fired, *_key(view, fields))
        found = self._verdicts.get(values)
        if found is None:
            found = self.conclude(fired, view.reading(fields))
            self._make_room(values)
            self._verdicts[values] = found
        return found

    def verdict_in_full(self, reading: Reading) -> Verdict:
        """Return the verdict on an event that was looked at in full."""
        fired = self._test(reading)
        return self.conclude(fired, reading) if fired else NOTHING

    def conclude(self, fired: Iterable[int], reading: Reading) -> Verdict:
        """Return the verdict on an event on which some of the rules fired."""
        told = [(self._firings[place].index, evidence(self._telling(place), reading)) for place in fired]
        return self._conclusions.of(tuple((index, found or ()) for index, found in told))

    def _telling(self, place: int) -> Node:
        """Return the part of a rule's condition that can still hold, given what was seen."""
        found = self._tellings.get(place)
        if found is None:
            found = self._tellings[place] = telling(self._firings[place].telling, self._atoms) or HOLDS
        return found

    def _fired(self, view: View) -> tuple[int, ...]:
        if self._seen is None:
            return self._test(view.reading(None))
        key = _key(view, self._seen)
        found = self._known.get(key)
        if found is None:
            found = self._test(view.reading(self._seen))
            self._make_room(key)
            self._known[key] = found
        return found

    def _test(self, reading: Reading) -> tuple[int, ...]:
        failed = {place for place, holds in self._doubts if not holds(reading)}
        return tuple(place for place in range(len(self._firings)) if place not in failed)

    def _make_room(self, key: tuple[object, ...]) -> None:
        if len(self._known) + len(self._verdicts) >= MOST or self._text >= MOST_TEXT:
            self._known.clear()
            self._verdicts.clear()
            self._text = 0
        self._text += sum(len(value) for value in key if type(value) is str)


def _key(view: View, fields: Sequence[str]) -> tuple[object, ...]:
    """Return the values of fields such that keys are equal only if rules cannot tell the values apart."""
    return tuple([distinct(view.value(field)) for field in fields])


def _names(nodes: Iterable[Node]) -> tuple[str, ...] | None:
    """Return the fields that conditions read; None when one reads all."""
    names = fields_of(nodes)
    return None if None in names else tuple(sorted(name for name in names if name is not None))
