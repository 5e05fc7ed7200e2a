"""The nested shape: `Event.System` and `Event.EventData` or `UserData`, as EVTX files are turned into JSON.

Programs differ in how they write XML's attributes: as `#attributes`, with an `@` before the name, or plainly.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.decode import windows
from tocsin.decode.names import HEADER
from tocsin.decode.times import from_milliseconds, iso_8601
from tocsin.model import Event, Rejected, RejectReason


def to_event(found: dict[str, object], event_id: str, recorded: int) -> Event | Rejected:
    """Return the event, or why the object is not one.

    Args:
        found: the object, with or without the outer `Event`.
        event_id: of the record.
        recorded: the broker's timestamp, for an event without a time.
    """
    event = _object(found.get("Event")) or found
    system = _object(event.get("System"))
    if not system:
        return Rejected(RejectReason.MISSING_FIELD, "Event.System: missing")
    header = _header(system)
    data = {**data_in(event.get("EventData")), **_user_data(_object(event.get("UserData")))}
    message = _object(event.get("RenderingInfo")).get("Message")
    if message is not None:
        header["Message"] = message
    timestamp = iso_8601(header.get("TimeCreated")) or from_milliseconds(recorded)
    return windows.to_event(header, data, event_id, timestamp)


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def data_in(section: object) -> dict[str, object]:
    """Return name -> value of what an event's data holds.

    Elements without names are what rules call `Data`: a list when there is more than one.
    """
    if not isinstance(section, dict):
        return {} if section is None else {"Data": section}
    found: dict[str, object] = {}
    for name, value in section.items():
        if name == "Data":
            found.update(_elements(value))
        elif type(value) is dict:
            found[name] = value.get("#text", value)
        elif name[0:1] not in {"#", "@"}:
            found[name] = value
    found.pop("#attributes", None)
    return found


def _elements(value: object) -> dict[str, object]:
    """Return what the element `Data` holds; it may stand there once or many times, with names or without."""
    named: dict[str, object] = {}
    unnamed: list[object] = []
    for element in value if isinstance(value, list) else [value]:
        if not isinstance(element, dict):
            unnamed.append(element)
            continue
        content = element.get("#text", element.get("content"))
        name = _attributes(element).get("Name")
        if isinstance(name, str):
            named[name] = content
        else:
            unnamed += content if isinstance(content, list) else [content]
    unnamed = [item for item in unnamed if item is not None]
    if unnamed:
        named["Data"] = unnamed if len(unnamed) > 1 else unnamed[0]
    return named


def _user_data(section: dict[str, object]) -> dict[str, object]:
    """Return the fields in the one element that `UserData` holds, whatever its name."""
    found: dict[str, object] = {}
    for name, value in section.items():
        if isinstance(value, dict):
            found.update(data_in(value))
        elif name[0:1] not in {"#", "@"}:
            found[name] = value
    return found


def _header(system: dict[str, object]) -> dict[str, object]:
    header: dict[str, object] = {}
    for name, value in system.items():
        if name in HEADER and type(value) is dict:
            attributes = _attributes(value)
            for theirs, ours in HEADER[name].items():
                if theirs in attributes:
                    header[ours] = attributes[theirs]
        elif value is not None:
            header[name] = value
    if "Provider_Name" not in header and isinstance(system.get("Provider"), str):
        header["Provider_Name"] = system["Provider"]
    return header


def _attributes(element: dict[str, object]) -> Mapping[str, object]:
    found = element.get("#attributes")
    if isinstance(found, dict):
        return found
    return {name.removeprefix("@"): value for name, value in element.items()}
