"""The lab's shape: a flat JSON object that names its own `event_type`."""

from __future__ import annotations

from datetime import datetime

from tocsin.decode.names import LAB
from tocsin.decode.times import from_milliseconds
from tocsin.model import NO_CATEGORY, Event, LogSource, Rejected, RejectReason

LOGSOURCES = {
    "process_start": LogSource(product="windows", category="process_creation"),
    "user_login": LogSource(product="windows", category=NO_CATEGORY, service="security"),
}
WINDOWS = LogSource(product="windows")

TEXTS = ("user", "host", "source_ip", "process_name", "command_line", "logon_type")


def to_event(found: dict[str, object], event_id: str, recorded: int) -> Event | Rejected:
    """Return the event, or why the object is not one.

    `event_type` must be there, and a `timestamp` unless the broker has one; what else is there must be of the
    right kind, and an `event_id` the event's. Users, hosts and addresses that are missing or null are empty.

    Args:
        found: the object.
        event_id: of the record.
        recorded: the broker's timestamp, for an event without a time.
    """
    given = found.get("event_id")
    if given is not None and (given != event_id or not given):  # an event has no id until one is found
        return _bad("event_id", "a UUID", given)
    event_type = found.get("event_type")
    timestamp = found.get("timestamp") or from_milliseconds(recorded)
    if type(event_type) is not str or not event_type:
        return _bad("event_type", "a text that is not empty", event_type)
    if timestamp == "":
        return Rejected(RejectReason.MISSING_FIELD, "timestamp: missing")
    if type(timestamp) is not str or not _is_iso_8601(timestamp):
        return _bad("timestamp", "a time in ISO 8601", timestamp)
    for name in TEXTS:
        value = found.get(name)
        if value is not None and type(value) is not str:
            return _bad(name, "a text", value)
    return Event(
        event_id=event_id,
        timestamp=timestamp,
        user=found.get("user") or "",  # type: ignore[arg-type]  # checked above
        host=found.get("host") or "",  # type: ignore[arg-type]
        source_ip=found.get("source_ip") or "",  # type: ignore[arg-type]
        event_type=event_type,
        fields=_fields(found),
        logsource=LOGSOURCES.get(event_type, WINDOWS),
    )


def _fields(found: dict[str, object]) -> dict[str, object]:
    """Return the object with Sigma's names beside the lab's; its own keys win."""
    fields = dict(found)
    for lab, sigma in LAB.items():
        if fields.get(sigma) is None and lab in found:
            fields[sigma] = found[lab]
    name = found.get("process_name")
    if name is not None and fields.get("Image") is None:
        fields["Image"] = image(name)
    return fields


def image(name: object) -> object:
    """Return a file's name as the end of a path: Sigma's Image is one, and rules ask how it ends."""
    return "\\" + name if isinstance(name, str) and "\\" not in name else name


def _is_iso_8601(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _bad(name: str, expected: str, value: object) -> Rejected:
    shown = repr(value)
    if len(shown) > 80:
        shown = shown[:77] + "..."
    return Rejected(RejectReason.BAD_FIELD, f"{name}: expected {expected}, got {shown}")
