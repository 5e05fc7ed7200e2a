"""What all shapes of a Windows event have in common: from its header and data to the event."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from tocsin.decode.logsources import ANY_LOG, Log, log_of, service
from tocsin.decode.names import LOGONS, SOURCE_IP, SUBJECT
from tocsin.decode.repairs import account, repair
from tocsin.model import NO_CATEGORY, Event, LogSource, Rejected, RejectReason

kept_log_of = lru_cache(maxsize=4_096)(log_of)

_SYSMON_ONLY = ("ProcessGuid", "RuleName", "UtcTime")
"""Fields by which Sysmon's events are known when they name neither channel nor provider."""

_LONGEST_ADDRESS = 64  # an IPv6 address with IPv4 in it and a zone has some 60 characters

_ADDRESS = re.compile(r"[0-9A-Fa-f.:]*[.:][0-9A-Fa-f.:]*(%\w+)?")


def to_event(
    header: Mapping[str, object], data: Mapping[str, object], event_id: str, timestamp: str
) -> Event | Rejected:
    """Return the event, or why there is none.

    Args:
        header: what Windows says of every event, under Sigma's names: EventID, Channel, Provider_Name,
            Computer...
        data: what this event says; its names win, but for the EventID.
        event_id: of the record.
        timestamp: ISO 8601.
    """
    number = event_number(header.get("EventID"))
    if number is None:
        return Rejected(
            RejectReason.BAD_FIELD, f"EventID: expected a number, got {str(header.get('EventID'))[:60]!r}"
        )
    fields: dict[str, object] = {**header, **data, "EventID": number}
    log = kept_log_of(text(header.get("Channel")), text(header.get("Provider_Name")))
    if log is ANY_LOG and any(name in fields for name in _SYSMON_ONLY):
        log = service("sysmon")
    fields.update(repair(log.service, number, fields))
    source = log.source_of(number, fields.get("EventType"))
    return Event(
        event_id=event_id,
        timestamp=timestamp,
        user=user_in(log.service, number, fields),
        host=text(header.get("Computer")),
        source_ip=address_in(log.service, fields),
        event_type=event_type(log, number, source),
        fields=fields,
        logsource=source,
    )


def text(value: object) -> str:
    """Return a text as it is, and anything else as an empty one."""
    return value if isinstance(value, str) else ""


def event_number(value: object) -> int | None:
    """Return an event id, which may be written as a number, as text, or as an element with attributes."""
    if type(value) is int:
        return value if 0 <= value < 2**32 else None
    if isinstance(value, str):
        digits = value.strip()
        return event_number(int(digits)) if digits.isdecimal() and len(digits) <= 10 else None
    if isinstance(value, dict):
        return event_number(value.get("#text", value.get("Value")))
    return event_number(int(value)) if isinstance(value, float) and value.is_integer() else None


def event_type(log: Log, number: int, source: LogSource) -> str:
    """Return what an event of a log is called: by its category, else by its log and id."""
    category = source.category
    return category if category and category != NO_CATEGORY else f"{log.name}/{number}"


def user_in(service: str, number: int, fields: Mapping[str, object]) -> str:
    """Return who did it; empty when the fields do not say."""
    user = fields.get("User") or fields.get("SourceUser")
    if isinstance(user, str) and user != "-":
        return user
    for name, domain in user_names(service, number)[1:]:
        user = account(fields.get(name), fields.get(domain) if domain else None)
        if user:
            return user
    return ""


def user_names(service: str, number: int) -> tuple[tuple[str, str], ...]:
    """Return the fields that say who did it, pair by pair in the order in which they are looked at."""
    if service == "sysmon":  # other fields speak of the account under which Sysmon runs
        return _USER
    return _LOGON_USER if number in LOGONS else _SUBJECT_USER


_USER = (("User", "SourceUser"),)
_SUBJECT_USER = (*_USER, *SUBJECT)
_LOGON_USER = (*_USER, ("TargetUserName", "TargetDomainName"), *SUBJECT)


def address_in(service: str, fields: Mapping[str, object]) -> str:
    """Return from where it was done; empty when the fields do not say."""
    for name in address_names(service):
        value = fields.get(name)
        if isinstance(value, str) and len(value) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(value):
            return value.removeprefix("::ffff:")
    return ""


def address_names(service: str) -> tuple[str, ...]:
    """Return the fields that say from where, in the order in which they are looked at."""
    return _ADDRESSES.get(service, SOURCE_IP)


_ADDRESSES = {
    "sysmon": ("SourceIp",),
    "security": ("IpAddress", "SourceAddress", "ClientAddress"),
    "powershell": ("ClientIP",),
    "powershell-classic": ("ClientIP",),
}
"""Service -> what of `SOURCE_IP` its events have."""
