"""Events of the System, PowerShell and Task Scheduler logs."""

from __future__ import annotations

import hashlib

from tocsin.simulate.actions import LogClear, ScriptBlock, ServiceInstall, ServiceState, TaskCreate
from tocsin.simulate.windows.ledger import Ledger, domain_of, user_of
from tocsin.simulate.windows.record import (
    POWERSHELL,
    SERVICE_STATES,
    SERVICES,
    SYSTEM_EVENTLOG,
    TASKS,
    Fields,
    Kind,
)

SERVICE = Kind(SERVICES, 7045, 0, 0, "", "A service was installed in the system.\r\n")
STATE = Kind(SERVICE_STATES, 7036, 0, 0, "", "A service entered another state.\r\n")
CLEARED = Kind(SYSTEM_EVENTLOG, 104, 0, 104, "Log clear", "A log file was cleared.\r\n")
SCRIPT = Kind(POWERSHELL, 4104, 1, 2, "Execute a Remote Command", "Creating Scriptblock text (1 of 1):")
TASK = Kind(TASKS, 106, 0, 106, "Task registered", "A task was registered.\r\n")


def service(action: ServiceInstall, ledger: Ledger, _milliseconds: int) -> Fields:
    """System 7045."""
    return {
        "AccountName": action.account.name,
        "Domain": domain_of(action.account),
        "UserID": ledger.sid(action.account),
        "ServiceName": action.name,
        "ImagePath": action.path,
        "ServiceType": "user mode service",
        "StartType": action.start,
    }


def state(action: ServiceState, _ledger: Ledger, _milliseconds: int) -> Fields:
    """System 7036."""
    return {"param1": action.service, "param2": action.state}


def cleared(action: LogClear, ledger: Ledger, _milliseconds: int) -> Fields:
    """System 104; the name of the log that was cleared is in the event's own message only."""
    return {
        "Message": f"The {action.channel} log file was cleared.",
        "AccountName": action.account.name,
        "Domain": domain_of(action.account),
        "UserID": ledger.sid(action.account),
    }


def script(action: ScriptBlock, ledger: Ledger, milliseconds: int) -> Fields:
    """PowerShell 4104."""
    number = hashlib.md5(f"{milliseconds}{action.text}".encode(), usedforsecurity=False).hexdigest()
    return {
        "AccountName": action.account.name,
        "AccountType": "User",
        "Domain": domain_of(action.account),
        "UserID": ledger.sid(action.account),
        "MessageNumber": "1",
        "MessageTotal": "1",
        "ScriptBlockText": action.text,
        "ScriptBlockId": f"{number[:8]}-{number[8:12]}-{number[12:16]}-{number[16:20]}-{number[20:]}",
        "Path": action.path,
    }


def task(action: TaskCreate, _ledger: Ledger, _milliseconds: int) -> Fields:
    """Task Scheduler 106."""
    return {"TaskName": f"\\{action.name}", "UserContext": user_of(action.account)}
