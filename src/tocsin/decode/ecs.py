"""The Elastic Common Schema, with nested objects or dotted keys: Winlogbeat 7 and later, Elastic Agent."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.decode import elastic, windows
from tocsin.decode.names import ECS, ECS_CATEGORIES, ECS_DATA, ECS_PRODUCTS, HASHES
from tocsin.decode.repairs import account
from tocsin.decode.times import from_milliseconds, iso_8601
from tocsin.model import Event, LogSource, Rejected

_OUTBOUND = {"egress": "true", "outbound": "true", "ingress": "false", "inbound": "false"}

_PATH_IS = {"image_load": "ImageLoaded", "driver_load": "ImageLoaded", "pipe_created": "PipeName"}
"""Category -> what rules call the file that the event is about, where they don't call it `TargetFilename`."""


def to_event(found: dict[str, object], event_id: str, recorded: int) -> Event | Rejected:
    """Return the event, or why the object is not one.

    Args:
        found: the object.
        event_id: of the record.
        recorded: the broker's timestamp, for an event without a time.
    """
    behind = None if "winlog" in found else elastic.product_behind(found)
    if behind is not None:
        return elastic.to_event(behind, found, event_id, recorded)
    dotted = _dotted(found)
    header, data = dict(found), _data(dotted)
    for theirs, ours in ECS.items():
        if theirs in dotted and ours not in header:
            header[ours] = dotted[theirs]
    header.update(_derived(dotted, header))
    timestamp = iso_8601(dotted.get("@timestamp")) or from_milliseconds(recorded)
    if "EventID" in header and ("Channel" in header or "winlog" in found):
        made = windows.to_event(header, data, event_id, timestamp)
        return made if isinstance(made, Rejected) else _with_path(made)
    return _with_path(_of_no_log(dotted, {**header, **data}, event_id, timestamp))


def _of_no_log(dotted: Mapping[str, object], fields: dict[str, object], event_id: str, time: str) -> Event:
    """Return an event that was collected by the agent itself."""
    source = LogSource(_product(dotted), _category(dotted))
    return Event(
        event_id=event_id,
        timestamp=time,
        user=windows.text(fields.get("User")),
        host=windows.text(fields.get("Computer")),
        source_ip=windows.text(fields.get("SourceIp")),
        event_type=source.category or windows.text(dotted.get("event.action")) or "ecs",
        fields=fields,
        logsource=source,
    )


def _product(dotted: Mapping[str, object]) -> str | None:
    for name in ("host.os.type", "host.os.family", "host.os.platform"):
        product = ECS_PRODUCTS.get(windows.text(dotted.get(name)).lower())
        if product:
            return product
    return None


def _category(dotted: Mapping[str, object]) -> str | None:
    if "dns.question.name" in dotted:
        return "dns_query"
    for category in _texts(dotted.get("event.category")):
        for kind in _texts(dotted.get("event.type")):
            if (category, kind) in ECS_CATEGORIES:
                return ECS_CATEGORIES[category, kind]
    return None


def _texts(value: object) -> list[str]:
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)]


def _dotted(found: Mapping[str, object]) -> dict[str, object]:
    """Return what is in an object and in those inside it, each under its dotted name."""
    dotted: dict[str, object] = {}
    waiting = [("", found)]
    for prefix, inner in waiting:
        for name, value in inner.items():
            if type(value) is dict:
                waiting.append((f"{prefix}{name}.", value))
            elif value is not None:
                dotted[prefix + name] = value
    return dotted


def _data(dotted: Mapping[str, object]) -> dict[str, object]:
    return {name.split(".", 2)[2]: value for name, value in dotted.items() if name.startswith(ECS_DATA)}


def _derived(dotted: Mapping[str, object], header: Mapping[str, object]) -> dict[str, object]:
    """Return what Sysmon's fields say in one and the schema's in several."""
    found: dict[str, object] = {}
    user = account(dotted.get("user.name"), dotted.get("user.domain"))
    if user:
        found["User"] = user
    hashes = [
        f"{algorithm}={str(header[ours]).upper()}" for algorithm, ours in HASHES.items() if ours in header
    ]
    if hashes:
        found["Hashes"] = ",".join(hashes)
    initiated = _OUTBOUND.get(windows.text(dotted.get("network.direction")).lower())
    if initiated:
        found["Initiated"] = initiated
    strings = _texts(dotted.get("registry.data.strings"))
    if strings:
        found["Details"] = _details(strings, windows.text(dotted.get("registry.data.type")))
    return found


def _details(strings: list[str], kind: str) -> str:
    """Return a registry value as Sysmon writes it."""
    if "DWORD" in kind and strings[0].isdecimal():
        return f"DWORD (0x{int(strings[0]):08x})"
    return ";".join(strings)


def _with_path(event: Event) -> Event:
    name = _PATH_IS.get(event.logsource.category or "")
    fields = event.fields
    if name is None or name in fields:
        return event
    file = fields.get("file")
    value = fields.get("TargetFilename") if name == "ImageLoaded" else None
    if isinstance(file, dict) and value is None:
        value = file.get("name")
    return event if value is None else _replaced(event, {**fields, name: value})


def _replaced(event: Event, fields: Mapping[str, object]) -> Event:
    return Event(
        event.event_id,
        event.timestamp,
        event.user,
        event.host,
        event.source_ip,
        event.event_type,
        fields,
        event.logsource,
    )
