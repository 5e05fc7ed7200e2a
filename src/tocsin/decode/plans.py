"""Where a shape keeps Sigma's fields, as a type: records that fit it are decoded into columns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol, cast

import msgspec

from tocsin.decode.coded import Column
from tocsin.decode.names import EVENT_DATA, HEADER, WINLOG
from tocsin.decode.scans import Scan, Scanning, takes_nothing
from tocsin.decode.shapes import SHAPES
from tocsin.decode.structs import SCALAR, Absent, can_be_struct, is_required, one_of, struct
from tocsin.decode.views import Place, Table, View, Zones, times, with_times
from tocsin.decode.winlog import MACHINE_TIMES, TIMES

BODY_ID: Place = ("", "event_id")


def signs_before(sign: str) -> tuple[str, ...]:
    """Return the keys with any of which an object has another shape than that of a sign."""
    signs = [found for shape in SHAPES for found in shape.signs]
    return tuple(signs[: signs.index(sign)])


@dataclass(frozen=True, slots=True)
class Form:
    """A type of records.

    Attributes:
        scan: takes out of records what is read.
        absent: places where nothing stands.
        present, unseen: names of data that are looked at and were seen, or were not.
    """

    scan: Scan
    absent: frozenset[Place]
    present: frozenset[str]
    unseen: frozenset[str]


class Plan(Protocol):
    """Collects which fields are read, and then gives the type of records that has them."""

    def source(self, field: str) -> tuple[Place, ...]:
        """Return where a field is: the first place with a value that is not null."""

    def is_partial(self, field: str) -> bool:
        """Say whether there are more places where the field may be, if it is in none of these."""

    def fix(self, field: str, values: Sequence[str | int]) -> Place:
        """Let a field of the header be one of these values; return where it is."""

    def read_times(self, depth: int) -> Callable[[View], Sequence[str]]:
        """Return what gives of each event when it happened; an empty text when no name looked at says it."""

    def form(self, there: Collection[str], scanning: Scanning) -> Form:
        """Return the type.

        Args:
            there: names of data that records were seen to have, in order; those with others do not fit.
            scanning: goes over the records.
        """


def seen(types: Mapping[str, object], there: Collection[str]) -> dict[str, object]:
    """Return the types of fields in the order in which records have them, and null for those that they lack.

    The decoder looks for each name first behind the one that it found last.
    """
    places = {name: place for place, name in enumerate(there)}
    ordered = sorted(types, key=lambda name: places.get(name, len(places)))
    return {name: None if types[name] == SCALAR and name not in places else types[name] for name in ordered}


def _present_and_unseen(
    types: Mapping[str, object], there: Collection[str]
) -> tuple[frozenset[str], frozenset[str]]:
    names = frozenset([name for name, kind in types.items() if kind == SCALAR])
    return names.intersection(there), names.difference(there)


class FlatPlan:
    """The shape `winlog` with the data beside the header.

    Args:
        names: field of the header that tells kinds of events apart -> what the records call it.
        depths: field -> how many of its names are looked at.
    """

    def __init__(self, names: Mapping[str, str], depths: Mapping[str, int]) -> None:
        self._depths = depths
        self._names = names
        # Where data stand in an object of their own the record does not fit.
        self._types: dict[str, object] = dict.fromkeys((BODY_ID[1], *EVENT_DATA), SCALAR)

    def fix(self, field: str, values: Sequence[str | int]) -> Place:
        """Let a field of the header be one of these values; return where it is."""
        name = self._names[field]
        for before in (field, *WINLOG[field]):
            if before == name:
                break
            self._types[before] = None
        self._types[name] = one_of(values) if values else str
        return "", name

    def source(self, field: str) -> tuple[Place, ...]:
        """Return where a field is: the first place with a value that is not null."""
        if field in self._names:
            names: tuple[str, ...] = (self._names[field],)
        else:
            names = self._chain(field)[: self._depths.get(field)]
        for name in names:
            for part in dotted(name):
                self._types.setdefault(part, SCALAR)
        return tuple([("", name) for name in names])

    def is_partial(self, field: str) -> bool:
        """Say whether there are more places where the field may be, if it is in none of these."""
        return field not in self._names and self._depths.get(field, 99) < len(self._chain(field))

    def _chain(self, field: str) -> tuple[str, ...]:
        return (field, *WINLOG.get(field, ()))

    def read_times(self, depth: int) -> Callable[[View], Sequence[str]]:
        """Return what gives of each event when it happened; an empty text when no name looked at says it.

        Args:
            depth: how many of the names other than NXLog's are looked at.
        """
        machine = tuple([self.source(name)[0] for name in MACHINE_TIMES])
        zones = Zones()
        others = [self.source(name)[0] for name in TIMES[:depth]]

        def read(view: View) -> Sequence[str]:
            found = zones.times([view.at(place) for place in machine], view.count)
            for place in others:
                if all(found):
                    break
                found = with_times(found, view.at(place))
            return found

        return read

    def form(self, there: Collection[str], scanning: Scanning) -> Form:
        """Return the type; see `Plan`."""
        types = seen(self._types, there)
        absent = frozenset([("", name) for name, kind in types.items() if kind is None])
        return Form(scanning.flat(types), absent, *_present_and_unseen(self._types, there))


def dotted(field: str) -> list[str]:
    """Return a name with those of the objects that its dots may lead into."""
    parts = field.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


_ATTRIBUTE = {ours: (element, name) for element, names in HEADER.items() for name, ours in names.items()}
"""Field of the header -> element of `Event.System` and attribute."""

_IN_SYSTEM = frozenset(
    {"EventID", "Version", "Level", "Task", "Opcode", "Keywords", "EventRecordID", "Channel", "Computer"}
)
"""Elements of `Event.System` that are texts or numbers."""


class NestedPlan:
    """The shape `evtx` with `#attributes`, and data that are `EventData`, each with a name.

    Args:
        has_element: whether the event's id stands in an element with attributes.
    """

    def __init__(self, *, has_element: bool) -> None:
        self._has_element = has_element
        self._system: dict[str, object] = {}
        self._data: dict[str, object] = {"Data": Absent}
        self._attributes: dict[str, dict[str, object]] = {}

    def fix(self, field: str, values: Sequence[str | int]) -> Place:
        """Let a field of the header be one of these values; return where it is."""
        kind = one_of(values) if values else str
        self._data[field] = Absent
        if field in _ATTRIBUTE:
            return self._attribute(field, kind)
        in_element = self._has_element and field == "EventID"
        self._system[field] = struct(field, {"#text": kind}) if in_element else kind
        return "System", field

    def source(self, field: str) -> tuple[Place, ...]:
        """Return where a field is."""
        if field in _IN_SYSTEM:
            self._system.setdefault(field, SCALAR)
            self._data[field] = Absent
            return (("System", field),)
        if field in _ATTRIBUTE:
            self._data[field] = Absent
            return (self._attribute(field, SCALAR),)
        for part in dotted(field):
            self._data.setdefault(part, SCALAR if part[:1] not in {"#", "@"} else Absent)
            if part in HEADER:
                self._attributes.setdefault(part, {})
            elif part not in _IN_SYSTEM:
                self._system.setdefault(part, Absent)
        return (("EventData", field),)

    def _attribute(self, field: str, kind: object) -> Place:
        element, name = _ATTRIBUTE[field]
        self._attributes.setdefault(element, {}).setdefault(name, kind)
        if field not in HEADER:
            self._system[field] = Absent
        return element, name

    def is_partial(self, field: str) -> bool:  # noqa: ARG002 - each field has one place in this shape
        """Say that there are no more places."""
        return False

    def read_times(self, depth: int) -> Callable[[View], Sequence[str]]:  # noqa: ARG002 - as above
        """Return what gives of each event when it happened; an empty text when it does not say."""
        (place,) = self.source("TimeCreated")
        return lambda view: times(view.at(place))

    def form(self, there: Collection[str], scanning: Scanning) -> Form:
        """Return the type; see `Plan`."""
        names = _present_and_unseen(self._data, there)
        if not can_be_struct((*self._data, *self._system)):
            return Form(takes_nothing, frozenset(), *names)
        self._data = seen(self._data, there)
        elements = {name: struct(name, types) for name, types in self._attributes.items()}
        required = {name for name, types in self._attributes.items() if any(map(is_required, types.values()))}
        wrapped = {name: struct(name, {"#attributes": kind}) for name, kind in elements.items()}
        optional = {name: kind if name in required else kind | None for name, kind in wrapped.items()}
        system = struct("System", {**self._system, **optional})
        data = struct("EventData", self._data)
        event = struct(
            "Event", {"System": system, "EventData": data | None, "UserData": None, "RenderingInfo": None}
        )
        guards = dict.fromkeys(signs_before("Event"), Absent)
        row = struct("Nested", {"Event": event, BODY_ID[1]: SCALAR, **guards})
        missing = {name: None if name in required else kind() for name, kind in elements.items()}
        absent = frozenset([("EventData", name) for name, kind in self._data.items() if kind is None])
        return Form(scanning.rows(row, self._columns(missing, data())), absent, *names)

    def _columns(
        self, missing: Mapping[str, msgspec.Struct | None], no_data: msgspec.Struct
    ) -> Callable[[Sequence[msgspec.Struct]], Callable[[Place], Column]]:
        """Return what takes rows apart; what stands for elements and data that are not there is given."""
        body_id, of_system, of_data = attrgetter("f1"), attrgetter("f0.f0"), attrgetter("f0.f1")
        system = _places("System", [*self._system, *missing])
        data = _places("EventData", self._data)
        inner = {name: _places(name, self._attributes[name]) for name in missing}

        def columns(rows: Sequence[msgspec.Struct]) -> Callable[[Place], Column]:
            tables = {
                "System": Table.of(system, map(of_system, rows)),
                "EventData": Table.of(data, [no_data if row is None else row for row in map(of_data, rows)]),
            }

            def column(place: Place) -> Column:
                section = place[0]
                if place == BODY_ID:
                    return list(map(body_id, rows))
                if section not in tables:
                    elements = cast(Sequence[Any], tables["System"].column(("System", section)))
                    instead: Any = missing[section]
                    found = [instead if element is None else element.f0 for element in elements]
                    tables[section] = Table.of(inner[section], found)
                return tables[section].column(place)

            return column

        return columns


def _places(section: str, names: Iterable[str]) -> dict[Place, int]:
    """Return where the names of a section stand in a row."""
    return {(section, name): place for place, name in enumerate(names)}
