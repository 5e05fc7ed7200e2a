"""What collectors lose or Windows names otherwise, found again so that Sigma's rules see it.

Each function returns the fields to add to an event of one service; an event keeps its own fields, except
where a collector has overwritten one. Whoever writes events may be the adversary, so each expression takes
linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tocsin.decode.names import ANTIVIRUS, HASHES, PROCESS_CREATED

Fields = Mapping[str, object]

_SEVERITIES = frozenset(
    {
        "INFO",
        "INFORMATION",
        "WARNING",
        "ERROR",
        "CRITICAL",
        "VERBOSE",
        "DEBUG",
        "AUDIT_SUCCESS",
        "AUDIT_FAILURE",
    }
)
"""What NXLog writes into `EventType`, over the one that Sysmon gave the event."""

_TYPE_OF = {
    12: "",  # may be CreateKey, DeleteKey or DeleteValue
    13: "SetValue",
    14: "RenameKey",
    17: "CreatePipe",
    18: "ConnectPipe",
    19: "WmiFilterEvent",
    20: "WmiConsumerEvent",
    21: "WmiBindingEvent",
}
"""Sysmon's events that have an `EventType` -> the one that all of them have, if they do."""

_TYPE_IN_MESSAGE = re.compile(r"^EventType: (\w+)", re.MULTILINE)


def repair(service: str, number: int, fields: Fields) -> dict[str, object]:
    """Return what is to be added to the fields of an event of a service."""
    function = _REPAIRS.get(service)
    found = function(number, fields) if function else {}
    if " " in "".join(fields):
        found = {**_without_blanks(fields), **found}
    return found


def _without_blanks(fields: Fields) -> dict[str, object]:
    """Name what has blanks in its name (Defender's `Threat Name`) as rules do: `ThreatName`, `Threat_Name`.

    Such names win over other fields of such a name: Defender's `Source Name` is not NXLog's `SourceName`.
    """
    found: dict[str, object] = {}
    for name, value in fields.items():
        if " " in name:
            words = name.split()
            found["".join(words)] = found["_".join(words)] = value
    return found


def _sysmon(number: int, fields: Fields) -> dict[str, object]:
    found: dict[str, object] = {}
    if number in _TYPE_OF:
        found.update(_event_type(number, fields))
    hashes = fields.get("Hashes") or fields.get("Hash")
    if isinstance(hashes, str) and "=" in hashes:
        for part in hashes.split(","):
            algorithm, _, digest = part.partition("=")
            name = HASHES.get(algorithm.strip().upper())
            if name and name not in fields:
                found[name] = digest.strip()
    return found


def _event_type(number: int, fields: Fields) -> dict[str, object]:
    given = fields.get("EventType")
    if isinstance(given, str) and given and given.upper() not in _SEVERITIES:
        return {}
    if _TYPE_OF[number]:
        return {"EventType": _TYPE_OF[number]}
    message = fields.get("Message")
    told = _TYPE_IN_MESSAGE.search(message) if isinstance(message, str) else None
    return {"EventType": told[1]} if told else {}


_INTEGRITY = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "MediumPlus",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
}
"""Windows's well-known labels -> what Sysmon calls them."""

_ACCOUNTS = {
    "S-1-5-18": r"NT AUTHORITY\SYSTEM",
    "S-1-5-19": r"NT AUTHORITY\LOCAL SERVICE",
    "S-1-5-20": r"NT AUTHORITY\NETWORK SERVICE",
}
"""Accounts that Security's events name by the computer, where Sysmon's name the account."""


def _security(number: int, fields: Fields) -> dict[str, object]:
    if number != 4688:
        return {}
    found = {
        ours: fields[theirs]
        for theirs, ours in PROCESS_CREATED.items()
        if theirs in fields and ours not in fields
    }
    label = fields.get("MandatoryLabel")
    if isinstance(label, str) and label in _INTEGRITY and "IntegrityLevel" not in fields:
        found["IntegrityLevel"] = _INTEGRITY[label]
    user = _account(fields, "Target") or _account(fields, "Subject")
    if user and "User" not in fields:
        found["User"] = user
    return found


def _account(fields: Fields, role: str) -> str:
    sid = fields.get(f"{role}UserSid")
    if isinstance(sid, str) and sid in _ACCOUNTS:
        return _ACCOUNTS[sid]
    return account(fields.get(f"{role}UserName"), fields.get(f"{role}DomainName"))


def account(name: object, domain: object) -> str:
    r"""Return `DOMAIN\name`, the name alone, or an empty text when the event does not say."""
    if not isinstance(name, str) or name in {"", "-"}:
        return ""
    if "\\" in name or not isinstance(domain, str) or domain in {"", "-"}:
        return name
    return f"{domain}\\{name}"


def _windefend(number: int, fields: Fields) -> dict[str, object]:  # noqa: ARG001 - the signature of a repair
    return {ours: fields[theirs] for theirs, ours in ANTIVIRUS.items() if theirs in fields}


def _unnamed_data(number: int, fields: Fields) -> dict[str, object]:  # noqa: ARG001 - as above
    """Let the message stand for data without names, which flat shapes leave out and the message quotes."""
    if "Data" in fields:
        return {}
    message = fields.get("Message") or fields.get("message")
    return {"Data": message} if message else {}


_CLEARED = re.compile(r"The (.{1,300}?) log file was cleared")


def _system(number: int, fields: Fields) -> dict[str, object]:
    """Let the channel of event 104 be the one that was cleared, as in EVTX; the message quotes it."""
    message = fields.get("Message")
    cleared = _CLEARED.match(message) if number == 104 and isinstance(message, str) else None
    return {"Channel": cleared[1]} if cleared else {}


_SUBSCRIPTION = re.compile(
    r"Namespace = (?P<NamespaceName>[^;]*); NotificationQuery = (?P<Query>[^;]*); "
    r"(OwnerName|UserName) = (?P<User>[^;]*); [^;]*; *"
    r"Provider ?= ?(?P<Provider>[^,;]*), queryID = (?P<queryid>\d+); PossibleCause = (?P<PossibleCause>[^;]*)"
)
"""The message of a WMI subscription; it quotes what flat shapes lose of `UserData`."""


def _wmi(number: int, fields: Fields) -> dict[str, object]:  # noqa: ARG001 - as above
    message = fields.get("Message")
    if "PossibleCause" in fields or not isinstance(message, str):
        return {}
    quoted = _SUBSCRIPTION.match(message)
    return dict(quoted.groupdict()) if quoted else {}


_REPAIRS: Mapping[str, Callable[[int, Fields], dict[str, object]]] = {
    "sysmon": _sysmon,
    "security": _security,
    "system": _system,
    "wmi": _wmi,
    "windefend": _windefend,
    "powershell-classic": _unnamed_data,
    "application": _unnamed_data,
}
