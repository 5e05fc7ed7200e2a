"""One record of a Windows log as the collector sends it: the frame around an event's own fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache, partial

import msgspec

from tocsin.simulate.draft import Draft, iso_8601
from tocsin.simulate.organisation import DNS_SUFFIX, Machine
from tocsin.simulate.windows.ledger import Ledger

COLLECTOR = f"wec.{DNS_SUFFIX}"

Fields = Mapping[str, object]
Own = Callable[[Ledger, int], Fields]
"""Returns an event's own fields for a time in milliseconds; called when the event happens."""


class Log(msgspec.Struct, frozen=True):
    """Where events of a kind are written, and by whom.

    Attributes:
        account: what the collector adds when the log names the account that wrote: nothing for Security.
    """

    channel: str
    source: str
    provider: str
    keywords: int
    event_type: str = "INFO"
    severity: str = "INFO"
    severity_value: int = 2
    account: Mapping[str, str] = {}


class Kind(msgspec.Struct, frozen=True):
    """One event id of a log.

    Attributes:
        category: the name of the task, as Windows translates it; empty where there is none.
        title: the first sentence of the message.
    """

    log: Log
    number: int
    version: int
    task: int
    category: str
    title: str


_SYSTEM = {"Domain": "NT AUTHORITY", "AccountName": "SYSTEM", "UserID": "S-1-5-18", "AccountType": "User"}

SYSMON = Log(
    "Microsoft-Windows-Sysmon/Operational",
    "Microsoft-Windows-Sysmon",
    "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}",
    -0x8000000000000000,
    account=_SYSTEM,
)
_AUDITING = ("Security", "Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}")
SECURITY = Log(*_AUDITING, -0x7FE0000000000000, "AUDIT_SUCCESS")
SECURITY_FAILURE = Log(*_AUDITING, -0x7FF0000000000000, "AUDIT_FAILURE", "ERROR", 4)
_EVENTLOG = ("Microsoft-Windows-Eventlog", "{FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148}")
SECURITY_EVENTLOG = Log("Security", *_EVENTLOG, 0x4020000000000000)
SYSTEM_EVENTLOG = Log("System", *_EVENTLOG, -0x8000000000000000, account=_SYSTEM)
SERVICES = Log(
    "System",
    "Service Control Manager",
    "{555908D1-A6D7-4695-8E1E-26931D2012F4}",
    -0x7F80000000000000,
    account=_SYSTEM,
)
SERVICE_STATES = Log("System", SERVICES.source, SERVICES.provider, SERVICES.keywords)
POWERSHELL = Log(
    "Microsoft-Windows-PowerShell/Operational",
    "Microsoft-Windows-PowerShell",
    "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}",
    0,
    "VERBOSE",
    "DEBUG",
    1,
)
TASKS = Log(
    "Microsoft-Windows-TaskScheduler/Operational",
    "Microsoft-Windows-TaskScheduler",
    "{DE7B24EA-73C8-4A09-985D-5BDADCFA9017}",
    -0x8000000000000000,
    account=_SYSTEM,
)


def draft(ledger: Ledger, kind: Kind, machine: Machine, own: Own) -> Draft:
    """Return an event that lacks only its time; Windows events carry no id of their own."""
    return Draft(machine.fqdn, partial(_write, ledger, kind, machine, own))


def utc(milliseconds: int) -> str:
    """Return a time as Sysmon writes it: `2026-01-31 12:00:00.000`."""
    return f"{_to_the_second(milliseconds // 1_000)}.{milliseconds % 1_000:03}"


_encode = msgspec.json.Encoder().encode


def _write(
    ledger: Ledger, kind: Kind, machine: Machine, own: Own, _event_id: str, milliseconds: int
) -> bytes:
    log = kind.log
    fields = own(ledger, milliseconds)
    second = _to_the_second(milliseconds // 1_000)
    return _encode(
        {
            "EventTime": second,
            "Hostname": machine.fqdn,
            "Keywords": log.keywords,
            "EventType": log.event_type,
            "SeverityValue": log.severity_value,
            "Severity": log.severity,
            "EventID": kind.number,
            "SourceName": log.source,
            "ProviderGuid": log.provider,
            "Version": kind.version,
            "Task": kind.task,
            "OpcodeValue": 0,
            "RecordNumber": ledger.next_record(machine, log.channel),
            "ExecutionProcessID": ledger.agent(machine),
            "ThreadID": 4 * (1 + ledger.number(2_000)),
            "Channel": log.channel,
            **log.account,
            "Message": _message(kind.title, fields),
            **({"Category": kind.category, "Opcode": "Info"} if kind.category else {}),
            **fields,
            "EventReceivedTime": _to_the_second(milliseconds // 1_000 + 1),
            "SourceModuleName": "eventlog",
            "SourceModuleType": "im_msvistalog",
            "@version": "1",
            "@timestamp": iso_8601(milliseconds),
            "host": COLLECTOR,
            "port": 50_000 + machine.number,
        }
    )


def _message(title: str, fields: Fields) -> str:
    return title + "\r\n" + "\r\n".join(f"{name}: {value}" for name, value in fields.items())


@lru_cache(maxsize=64)
def _to_the_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
