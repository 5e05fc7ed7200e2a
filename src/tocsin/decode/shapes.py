"""The shapes that a JSON object may have, each known by its keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tocsin.decode import ecs, evtx, generic, lab, winlog
from tocsin.decode.products import PRODUCTS, product_of
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
        signs: an object with one of these keys (or all of those joined by `+`) has the shape.
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

_OF_PRODUCTS = {
    product.name: Shape(
        product.name, product.title, tuple("+".join(sign) for sign in product.signs), product.to_event
    )
    for product in PRODUCTS
}

SHAPES = (WINLOG, LAB, EVTX, ECS, *_OF_PRODUCTS.values(), JSON)
"""In the order in which they are tried; what is none of the others is `JSON`."""

_BY_SIGN = tuple((sign, shape) for shape in (WINLOG, LAB, EVTX, ECS) for sign in shape.signs)

_BATCHES = ("Records", "records")
"""Under what clouds put many events into one object."""


def shape_of(found: dict[str, object]) -> Shape | None:
    """Return the shape of an object; None when it is not one event but holds many."""
    for sign, shape in _BY_SIGN:
        if sign in found:
            return shape
    product = product_of(found)
    if product is not None:
        return _OF_PRODUCTS[product.name]
    return None if batch_in(found) else JSON


def batch_in(found: dict[str, object]) -> str:
    """Return under which key an object holds nothing but a list of others; empty when it does not."""
    for name in _BATCHES:
        held = found.get(name)
        if type(held) is list and held and len(found) <= 2 and all(type(item) is dict for item in held):
            return name
    return ""


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
