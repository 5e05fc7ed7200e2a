"""The lab's shape: a flat JSON object that names its own `event_type`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tocsin.model import Event, LogSource, Rejected, RejectReason

_LOGSOURCES = {
    "process_start": LogSource(product="windows", category="process_creation"),
    "user_login": LogSource(product="windows", service="security"),
}
_WINDOWS = LogSource(product="windows")

_TEXTS = ("user", "host", "source_ip", "process_name", "command_line", "logon_type")

_SIGMA_NAMES = {
    "command_line": "CommandLine",
    "user": "User",
    "host": "Computer",
    "source_ip": "IpAddress",
}
"""The lab's name -> the name that Sigma rules for Windows use; an event answers to both."""


def is_lab(found: Mapping[str, object]) -> bool:
    """Say whether a JSON object has the lab's shape."""
    return "event_type" in found


def to_event(found: dict[str, object], event_id: str) -> Event | Rejected:
    """Return the event, or why the object is not one.

    `event_type` and `timestamp` must be there; what else is there must be of the right kind. Users, hosts
    and addresses that are missing or null are empty.
    """
    event_type = found["event_type"]
    timestamp = found.get("timestamp")
    if type(event_type) is not str or not event_type:
        return _bad("event_type", "a text that is not empty", event_type)
    if timestamp is None:
        return Rejected(RejectReason.MISSING_FIELD, "timestamp: missing")
    if type(timestamp) is not str or not _is_iso_8601(timestamp):
        return _bad("timestamp", "a time in ISO 8601", timestamp)
    for name in _TEXTS:
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
        logsource=_LOGSOURCES.get(event_type, _WINDOWS),
    )


def _fields(found: dict[str, object]) -> dict[str, object]:
    """Return the object with Sigma's names beside the lab's; its own keys win."""
    fields = {sigma: found[lab] for lab, sigma in _SIGMA_NAMES.items() if lab in found}
    name = found.get("process_name")
    if name is not None:
        # Sigma's Image is a path and rules ask how it ends; the lab knows the file's name alone.
        fields["Image"] = name if "\\" in name else "\\" + name  # type: ignore[operator]
    fields.update(found)
    return fields


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
