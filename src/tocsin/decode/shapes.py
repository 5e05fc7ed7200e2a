"""The shapes that a JSON object may have, each known by a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.decode import ecs, evtx, generic, lab, winlog
from tocsin.errors import SettingsError, nearest
from tocsin.model import Event, Rejected

Decode = Callable[[dict[str, object], str, int], Event | Rejected]
"""From an object, its event id and its broker's timestamp (milliseconds since 1970, or -1) to the event."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of collector writes events.

    Attributes:
        name: what `--shape` calls it.
        title: in a few words, for a human.
        signs: an object with one of these keys has the shape.
        decode: never raises.
    """

    name: str
    title: str
    signs: tuple[str, ...]
    decode: Decode


WINLOG = Shape(
    "winlog",
    "flat Windows events: NXLog, Splunk, PowerShell, Winlogbeat 6",
    ("EventID", "EventCode", "log_name"),
    winlog.to_event,
)
LAB = Shape("lab", "the lab's events", ("event_type",), lab.to_event)
EVTX = Shape("evtx", "Windows events with Event.System and EventData", ("Event", "System"), evtx.to_event)
ECS = Shape(
    "ecs",
    "the Elastic Common Schema: Winlogbeat, Elastic Agent",
    ("winlog", "winlog.event_id", "winlog.channel", "ecs", "ecs.version", "event.category", "event.code"),
    ecs.to_event,
)
JSON = Shape("json", "any JSON object, as it is", (), generic.to_event)

SHAPES = (WINLOG, LAB, EVTX, ECS, JSON)
"""In the order in which they are tried; one without signs only when it is asked for."""

_BY_SIGN = tuple((sign, shape) for shape in SHAPES for sign in shape.signs)


def shape_of(found: dict[str, object]) -> Shape | None:
    """Return the shape of an object, or None when it has none that is known."""
    for sign, shape in _BY_SIGN:
        if sign in found:
            return shape
    return None


def shape_named(name: str) -> Shape:
    """Return the shape of a name.

    Raises:
        SettingsError: there is none.
    """
    for shape in SHAPES:
        if shape.name == name:
            return shape
    names = [shape.name for shape in SHAPES]
    raise SettingsError(f"no such shape: {name!r}", nearest(name, names) or f"one of: {', '.join(names)}")
