"""What follows for events in which the same patterns were found: rules that fire, and rules to be tested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from tocsin.decode.columns import COMPOSITE, Group
from tocsin.detect.conclusions import Conclusions, Reasons
from tocsin.detect.firings import Firing, together
from tocsin.detect.memo import distinct
from tocsin.detect.oracle import Matcher
from tocsin.detect.reading import Reading
from tocsin.detect.residue import Hits
from tocsin.model import NOTHING, Verdict

MOST = 5_000
"""Conclusions remembered per outcome before it starts anew."""

MOST_TEXT = 1_000_000
"""Characters of the values that they were drawn from."""

Shape = tuple[tuple[int, tuple[tuple[str, int], ...]], ...]
"""The rules that fired, each with the fields of its evidence and their places among the fields looked at."""

_PLAIN = frozenset({str, type(None)})
"""What values are as a rule; of these, only equal ones are taken for equal."""


class View:
    """The events of a group as their columns show them."""

    __slots__ = ("_all", "_constants", "asked", "group")

    def __init__(self, group: Group) -> None:
        self.group = group
        self._constants = dict(group.constants)

    def value(self, place: int, field: str) -> object:
        """Return what stands in a field of the event at a place."""
        column = self.group.columns.get(field)
        return self._constants.get(field) if column is None else column[place]

    def reading(self, place: int, fields: Sequence[str] | None) -> Reading:
        """Return these fields of an event, or for None all there are, as rules read them."""
        if fields is None:
            return Reading(self.group.event(place).fields)
        return Reading({field: self.value(place, field) for field in fields})

    def key(self, place: int, fields: Sequence[str]) -> tuple[object, ...] | None:
        """Return the values of fields such that keys are equal only if rules cannot tell the values apart.

        Returns:
            None when one of them is not one scalar: the event has to be looked at in full.
        """
        values = [self.value(place, field) for field in fields]
        if _PLAIN.issuperset(map(type, values)):
            return tuple(values)
        if any(value is COMPOSITE for value in values):
            return None
        return tuple([distinct(value) for value in values])


class Outcome:
    """What follows for events of one kind in which the same patterns were found.

    Args:
        firings: in the order of the rule set.
        hits: the patterns found.

    Attributes:
        asked: on how many events rules had to be tested.
        tested: on how many of these they were, as none had come before that is the same to them.
    """

    __slots__ = (
        "_all",
        "_conclusions",
        "_doubts",
        "_firings",
        "_hits",
        "_known",
        "_seen",
        "_shapes",
        "_text",
        "_told",
        "_verdicts",
        "asked",
        "tested",
    )

    def __init__(self, firings: Sequence[Firing], hits: Hits, conclusions: Conclusions) -> None:
        self._conclusions = conclusions
        self._firings = firings
        self._hits = hits
        self._doubts: tuple[tuple[int, Matcher], ...] = tuple(
            (place, firing.test) for place, firing in enumerate(firings) if firing.test is not None
        )
        self._all = tuple(range(len(firings)))
        self.asked = self.tested = 0
        self._seen = together(f.tested for f in firings)
        self._known: dict[tuple[object, ...], tuple[int, ...]] = {}
        self._told: dict[tuple[int, ...], tuple[str, ...] | None] = {}
        self._shapes: dict[tuple[int, ...], Shape] = {}
        self._verdicts: dict[tuple[object, ...], Verdict] = {}
        self._text = 0

    @property
    def doubtful(self) -> list[int]:
        """Return the places of the rules that have to be tested on each event."""
        return [self._firings[number].place for number, _ in self._doubts]

    def verdict(self, view: View, place: int) -> Verdict:
        """Return the verdict on an event whose columns hold one scalar each."""
        fired = self._fired(view, place)
        if not fired:
            return NOTHING
        fields = self._told.get(fired)
        if fired not in self._told:
            fields = self._told[fired] = together(self._firings[number].fields for number in fired)
        if fields is None:
            return self.conclude(fired, view.reading(place, None))
        key = view.key(place, fields)
        if key is None:
            return self.conclude(fired, view.reading(place, None))
        values = (fired, *key)
        found = self._verdicts.get(values)
        if found is None:
            reasons = self._reasons_again(fired, key)
            if reasons is None:
                reasons = self._reasons(fired, view.reading(place, fields))
                self._learn(fired, fields, reasons)
            found = self._conclusions.of(reasons)
            self._make_room(values)
            self._verdicts[values] = found
        return found

    def verdict_in_full(self, reading: Reading) -> Verdict:
        """Return the verdict on an event that was looked at in full."""
        fired = self._test(reading)
        return self.conclude(fired, reading) if fired else NOTHING

    def conclude(self, fired: Iterable[int], reading: Reading) -> Verdict:
        """Return the verdict on an event on which some of the rules fired."""
        return self._conclusions.of(self._reasons(fired, reading))

    def _reasons(self, fired: Iterable[int], reading: Reading) -> Reasons:
        told = []
        for firing in (self._firings[number] for number in fired):
            found = firing.tell(reading, self._hits)
            told.append((firing.index, tuple(dict.fromkeys(found or ()))))
        return tuple(told)

    def _learn(self, fired: tuple[int, ...], fields: Sequence[str], reasons: Reasons) -> None:
        """Remember of which fields the evidence is, where it is of these whatever they hold."""
        if all(self._firings[number].is_settled() for number in fired):
            self._shapes[fired] = tuple(
                [(index, tuple([(name, fields.index(name)) for name, _ in told])) for index, told in reasons]
            )

    def _reasons_again(self, fired: tuple[int, ...], key: Sequence[object]) -> Reasons | None:
        """Return the evidence in the fields that it was in before; None where that is not known."""
        shape = self._shapes.get(fired)
        if shape is None or not _PLAIN.issuperset(map(type, key)):
            return None
        texts = cast(Sequence[str], key)  # where there is none, no rule finds evidence
        return tuple([(index, tuple([(name, texts[at]) for name, at in told])) for index, told in shape])

    def _fired(self, view: View, place: int) -> tuple[int, ...]:
        if not self._doubts:
            return self._all
        self.asked += 1
        key = None if self._seen is None else view.key(place, self._seen)
        found = None if key is None else self._known.get(key)
        if found is None:
            self.tested += 1
            found = self._test(view.reading(place, None if key is None else self._seen))
            if key is not None:
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
            self._told.clear()
            self._shapes.clear()
            self._text = 0
        self._text += sum([len(value) for value in key if type(value) is str])
