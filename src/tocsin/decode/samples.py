"""What an event that was decoded plainly tells of its kind: enough to decode the next ones into columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tocsin.decode import shapes
from tocsin.decode.names import EVENT_DATA, WINLOG
from tocsin.decode.repairs import may_have_blanks, says_type
from tocsin.decode.times import iso_8601, with_zone
from tocsin.decode.windows import address_in, address_names, event_number, user_in, user_names
from tocsin.decode.winlog import MACHINE_TIMES, TIMES
from tocsin.model import Event

FULL = 99
"""A depth that is larger than any: all names are looked at."""

USER, ADDRESS, TIME, TYPE = "user", "address", "time", "type"
"""What else than fields has a depth: how many of the names are looked at that may say it."""

_ALIASED = tuple(name for name in WINLOG if name not in {"EventID", "Channel", "Provider_Name"})


@dataclass(frozen=True, slots=True)
class KindKey:
    """What tells kinds of Windows events apart.

    Attributes:
        shape: its name.
        service: of the log.
        number: the event's id.
        names: what the records call the id, the channel and the provider; None where there is none.
    """

    shape: str
    service: str
    number: int
    names: tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Sample:
    """What is known of a kind.

    Attributes:
        numbers, channels, providers: all that were seen, as the records write them.
        depths: field, or another thing to be found -> how many names were needed at most to find it.
    """

    key: KindKey
    numbers: frozenset[int | str]
    channels: frozenset[str]
    providers: frozenset[str]
    depths: Mapping[str, int]

    def joined(self, other: Sample) -> Sample:
        """Return what two samples of a kind tell together."""
        return Sample(
            self.key,
            _some(self.numbers, other.numbers),
            _some(self.channels, other.channels),
            _some(self.providers, other.providers),
            {name: max(depth, other.depths[name]) for name, depth in self.depths.items()},
        )


MOST_VARIANTS = 4
"""Ways to write a channel or an event id, and providers, that a kind tells apart."""

T = TypeVar("T")


def _some(known: frozenset[T], new: frozenset[T]) -> frozenset[T]:
    return known if len(known) > MOST_VARIANTS else known | new


def sample(found: Mapping[str, object], shape: shapes.Shape, event: Event) -> Sample | None:
    """Return what a Windows event tells of its kind; None when the next ones have to be decoded plainly too.

    Args:
        found: the object that the event was made of.
        shape: the object's.
        event: what it is.
    """
    service = event.logsource.service
    if not service or may_have_blanks(service):
        return None
    if shape is shapes.WINLOG:
        return _flat(found, service, event)
    return _nested(found, service, event) if shape is shapes.EVTX else None


def names_there(found: Mapping[str, object], shape: shapes.Shape) -> list[str]:
    """Return under which names an object of a Windows event has data, in order."""
    held: object = found
    if shape is shapes.EVTX:
        outer = found.get("Event")
        held = outer.get("EventData") if isinstance(outer, dict) else None
    return [name for name, value in held.items() if value is not None] if isinstance(held, Mapping) else []


def _flat(found: Mapping[str, object], service: str, event: Event) -> Sample | None:
    id_name, channel_name, provider_name = (
        _first(found, (field, *WINLOG[field])) for field in ("EventID", "Channel", "Provider_Name")
    )
    if id_name is None or channel_name is None or any(type(found.get(name)) is dict for name in EVENT_DATA):
        return None
    if id_name not in shapes.WINLOG.signs and channel_name not in shapes.WINLOG.signs:
        return None
    key = (service, id_name, channel_name, provider_name)
    depths = {field: _depth(found, (field, *WINLOG[field])) for field in _ALIASED}
    return _sample(
        shapes.WINLOG,
        key,
        [found[id_name], found[channel_name], found.get(provider_name or "")],
        event,
        {
            **depths,
            TIME: _time_depth(found),
            TYPE: 1 if says_type(found.get("EventType")) else FULL,
        },
    )


def _nested(found: Mapping[str, object], service: str, event: Event) -> Sample | None:
    outer = found.get("Event")
    system = outer.get("System") if isinstance(outer, dict) else None
    provider = system.get("Provider") if isinstance(system, dict) else None
    attributes = provider.get("#attributes") if isinstance(provider, dict) else None
    if not isinstance(system, dict) or not isinstance(attributes, dict):
        return None
    number, id_name = system.get("EventID"), "EventID"
    if isinstance(number, dict):
        number, id_name = number.get("#text"), ID_IN_ELEMENT
    written = [number, system.get("Channel"), attributes.get("Name")]
    return _sample(shapes.EVTX, (service, id_name, "Channel", "Provider_Name"), written, event, {})


ID_IN_ELEMENT = "EventID.#text"
"""What an id is called that stands in an element with attributes."""


def _sample(
    shape: shapes.Shape,
    key: tuple[str, str, str, str | None],
    written: list[object],
    event: Event,
    depths: Mapping[str, int],
) -> Sample | None:
    number, channel, provider = written
    if not isinstance(number, int | str) or not isinstance(channel, str) or not channel:
        return None
    own = event_number(number)
    if own is None or isinstance(number, bool):
        return None
    service, id_name, channel_name, provider_name = key
    return Sample(
        KindKey(shape.name, service, own, (id_name, channel_name, provider_name)),
        frozenset({number}),
        frozenset({channel}),
        frozenset({provider} if isinstance(provider, str) else ()),
        {**depths, **_who_and_from_where(service, own, event)},
    )


def _who_and_from_where(service: str, number: int, event: Event) -> dict[str, int]:
    users, addresses = user_names(service, number), address_names(service)
    return {
        USER: next(
            (
                depth
                for depth in range(1, len(users) + 1)
                if user_in(service, number, _only(event, flat(users[:depth])))
            ),
            FULL,
        ),
        ADDRESS: next(
            (
                depth
                for depth in range(1, len(addresses) + 1)
                if address_in(service, _only(event, addresses[:depth]))
            ),
            FULL,
        ),
    }


def flat(pairs: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return the names in pairs of names, without those that are empty."""
    return tuple([name for pair in pairs for name in pair if name])


def _only(event: Event, names: Iterable[str]) -> dict[str, object]:
    return {name: event.fields.get(name) for name in names}


def _first(found: Mapping[str, object], names: Iterable[str]) -> str | None:
    return next((name for name in names if found.get(name) is not None), None)


def _depth(found: Mapping[str, object], names: tuple[str, ...]) -> int:
    return next((place for place, name in enumerate(names, 1) if found.get(name) is not None), FULL)


def _time_depth(found: Mapping[str, object]) -> int:
    if with_zone(*[found.get(name) for name in MACHINE_TIMES]):
        return 0
    return next((place for place, name in enumerate(TIMES, 1) if iso_8601(found.get(name))), FULL)
