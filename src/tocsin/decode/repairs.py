"""What collectors lose or Windows names otherwise, found again so that Sigma's rules see it.

Each repair is of one field, and says which fields it reads: so it works on one event and on columns alike. An
event keeps its own fields, except where a collector has overwritten one; null is as good as missing. Whoever
writes events may be the adversary, so each expression takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from tocsin.decode.names import ANTIVIRUS, HASHES, PROCESS_CREATED

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Repair:
    """How a field is found again.

    Attributes:
        field: the one that is given.
        reads: fields of the event, as they were before any repair.
        give: from the values of those (None: missing or null) to the field's; None leaves it as it is.
            Where it is given one value it must not tell 1 from True.
    """

    field: str
    reads: tuple[str, ...]
    give: Callable[..., object]


def repair(service: str, number: int, fields: Fields) -> dict[str, object]:
    """Return what is to be added to the fields of an event of a service."""
    found: dict[str, object] = {}
    for one in repairs_of(service, number):
        value = one.give(*[fields.get(name) for name in one.reads])
        if value is not None:
            found[one.field] = value
    if may_have_blanks(service) and " " in "".join(fields):
        found = {**_without_blanks(fields), **found}
    return found


def repairs_of(service: str, number: int) -> tuple[Repair, ...]:
    """Return the repairs of a service's events with an id, but for that of names with blanks."""
    every = _REPAIRS.get(service)
    return tuple([one for numbers, one in every if numbers is None or number in numbers]) if every else ()


_NEVER_BLANK = frozenset(
    {"sysmon", "security", "powershell", "powershell-classic", "system", "application", "wmi"}
)
"""Services whose events no rule asks for what has blanks in its name: most of all events."""


def may_have_blanks(service: str) -> bool:
    """Say whether what has blanks in its name is to be named anew in the events of a service."""
    return service not in _NEVER_BLANK


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


def _else(own: object, theirs: object) -> object:
    """Let another field stand for one that the event does not have."""
    return theirs if own is None else None


def _copy(theirs: object) -> object:
    return theirs


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

_HEAD = 96
"""Characters of Sysmon's message within which the type stands; what follows differs from event to event."""


def says_type(given: object) -> bool:
    """Say whether an event of Sysmon still has its `EventType`, so that its message tells no more."""
    return isinstance(given, str) and given != "" and not _is_severity(given)


@lru_cache(maxsize=1_024)
def _is_severity(text: str) -> bool:
    return text.upper() in _SEVERITIES


def may_lose_type(service: str, number: int) -> bool:
    """Say whether only the message tells the `EventType` of such events where a collector overwrote it."""
    return service == "sysmon" and _TYPE_OF.get(number) == ""


def _event_type(number: int, given: object, message: object) -> str | None:
    if says_type(given):
        return None
    if _TYPE_OF[number]:
        return _TYPE_OF[number]
    return _told_type(message) if isinstance(message, str) else None


def _told_type(message: str) -> str | None:
    told = _type_in(message[:_HEAD])
    if told is None and len(message) >= _HEAD:
        found = _TYPE_IN_MESSAGE.search(message)
        return found[1] if found else None
    return told


@lru_cache(maxsize=4_096)
def _type_in(head: str) -> str | None:
    """Return the type that the first characters of a message tell to the end."""
    found = _TYPE_IN_MESSAGE.search(head)
    return found[1] if found and (found.end() < len(head) or len(head) < _HEAD) else None


def _types() -> list[tuple[frozenset[int] | None, Repair]]:
    return [
        (
            frozenset({number}),
            Repair("EventType", ("EventType", *(() if told else ("Message",))), partial(give, number)),
        )
        for number, told in _TYPE_OF.items()
        for give in [_known_type if told else _event_type]
    ]


def _known_type(number: int, given: object) -> str | None:
    return _event_type(number, given, None)


_LONGEST_HASHES = 512
"""Characters; all four algorithms' take 190. Of longer ones only the last is kept in memory."""


def _digest(name: str, own: object, hashes: object, one_hash: object) -> str | None:
    listed = hashes or one_hash
    if own is not None or not isinstance(listed, str) or "=" not in listed:
        return None
    digests = _kept_digests(listed) if len(listed) <= _LONGEST_HASHES else _last_digests(listed)
    return digests.get(name)


def _digests(listed: str) -> Mapping[str, str]:
    """Return the hashes of Sysmon's field `Hashes`, each by the name of its own that rules ask for."""
    found: dict[str, str] = {}
    for part in listed.split(","):
        algorithm, _, digest = part.partition("=")
        name = HASHES.get(algorithm.strip().upper())
        if name:
            found[name] = digest.strip()
    return found


_kept_digests = lru_cache(maxsize=8_192)(_digests)
_last_digests = lru_cache(maxsize=1)(_digests)


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


def _level_name(own: object, label: object) -> str | None:
    return _INTEGRITY.get(label) if own is None and isinstance(label, str) else None


def _user(own: object, *roles: object) -> str | None:
    """Return the account of the new process; of each role are given the SID, the name and the domain."""
    if own is not None:
        return None
    return _account(*roles[:3]) or _account(*roles[3:]) or None


def _account(sid: object, name: object, domain: object) -> str:
    if isinstance(sid, str) and sid in _ACCOUNTS:
        return _ACCOUNTS[sid]
    return account(name, domain)


_ROLES = tuple(
    f"{role}{part}" for role in ("Target", "Subject") for part in ("UserSid", "UserName", "DomainName")
)


def account(name: object, domain: object) -> str:
    r"""Return `DOMAIN\name`, the name alone, or an empty text when the event does not say."""
    if not isinstance(name, str) or name in {"", "-"}:
        return ""
    if "\\" in name or not isinstance(domain, str) or domain in {"", "-"}:
        return name
    return f"{domain}\\{name}"


def _message(own: object, message: object, other: object) -> object:
    """Let the message stand for data without names, which flat shapes leave out and the message quotes."""
    return (message or other or None) if own is None else None


_CLEARED = re.compile(r"The (.{1,300}?) log file was cleared")


def _cleared(message: object) -> str | None:
    """Let the channel of event 104 be the one that was cleared, as in EVTX; the message quotes it."""
    found = _CLEARED.match(message) if isinstance(message, str) else None
    return found[1] if found else None


_SUBSCRIPTION = re.compile(
    r"Namespace = (?P<NamespaceName>[^;]*); NotificationQuery = (?P<Query>[^;]*); "
    r"(OwnerName|UserName) = (?P<User>[^;]*); [^;]*; *"
    r"Provider ?= ?(?P<Provider>[^,;]*), queryID = (?P<queryid>\d+); PossibleCause = (?P<PossibleCause>[^;]*)"
)
"""The message of a WMI subscription; it quotes what flat shapes lose of `UserData`."""


def _quoted(name: str, cause: object, message: object) -> str | None:
    found = _SUBSCRIPTION.match(message) if cause is None and isinstance(message, str) else None
    return found[name] if found else None


_CREATED = frozenset({4688})
_UNNAMED_DATA = (None, Repair("Data", ("Data", "Message", "message"), _message))

_REPAIRS: Mapping[str, tuple[tuple[frozenset[int] | None, Repair], ...]] = {
    "sysmon": (
        *_types(),
        *((None, Repair(name, (name, "Hashes", "Hash"), partial(_digest, name))) for name in HASHES.values()),
    ),
    "security": (
        *((_CREATED, Repair(ours, (ours, theirs), _else)) for theirs, ours in PROCESS_CREATED.items()),
        (_CREATED, Repair("IntegrityLevel", ("IntegrityLevel", "MandatoryLabel"), _level_name)),
        (_CREATED, Repair("User", ("User", *_ROLES), _user)),
    ),
    "system": ((frozenset({104}), Repair("Channel", ("Message",), _cleared)),),
    "wmi": tuple(
        (None, Repair(name, ("PossibleCause", "Message"), partial(_quoted, name)))
        for name in _SUBSCRIPTION.groupindex
    ),
    "windefend": tuple((None, Repair(ours, (theirs,), _copy)) for theirs, ours in ANTIVIRUS.items()),
    "powershell-classic": (_UNNAMED_DATA,),
    "application": (_UNNAMED_DATA,),
}
"""Service -> its repairs, each with the event ids that it is for; None for all of them."""
