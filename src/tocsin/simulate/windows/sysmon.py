"""Sysmon's events: processes, connections, files, registry, memory."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.simulate.actions import (
    Connection,
    FileCreate,
    ModuleLoad,
    NameLookup,
    PipeCreate,
    ProcessAccess,
    ProcessStart,
    RegistrySet,
    RemoteThread,
)
from tocsin.simulate.organisation import SYSTEM, Account, Machine
from tocsin.simulate.windows.ledger import Ledger, user_of
from tocsin.simulate.windows.programs import facts, hashes
from tocsin.simulate.windows.record import SYSMON, Fields, Kind, utc

PROCESS = Kind(SYSMON, 1, 5, 1, "Process Create (rule: ProcessCreate)", "Process Create:")
CONNECTION = Kind(
    SYSMON, 3, 5, 3, "Network connection detected (rule: NetworkConnect)", "Network connection detected:"
)
MODULE = Kind(SYSMON, 7, 3, 7, "Image loaded (rule: ImageLoad)", "Image loaded:")
THREAD = Kind(
    SYSMON, 8, 2, 8, "CreateRemoteThread detected (rule: CreateRemoteThread)", "CreateRemoteThread detected:"
)
ACCESS = Kind(SYSMON, 10, 3, 10, "Process accessed (rule: ProcessAccess)", "Process accessed:")
FILE = Kind(SYSMON, 11, 2, 11, "File created (rule: FileCreate)", "File created:")
REGISTRY = Kind(SYSMON, 13, 2, 13, "Registry value set (rule: RegistryEvent)", "Registry value set:")
PIPE = Kind(SYSMON, 17, 1, 17, "Pipe Created (rule: PipeEvent)", "Pipe Created:")
LOOKUP = Kind(SYSMON, 22, 5, 22, "Dns query (rule: DnsQuery)", "Dns query:")


def process(action: ProcessStart, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 1."""
    machine, account = action.machine, action.account
    session = ledger.session(machine, account)
    parent = ledger.running(machine, action.parent, milliseconds)
    started = ledger.start(machine, action.image, milliseconds)
    known = facts(action.image, action.original)
    return {
        **_head(milliseconds),
        "ProcessGuid": started.guid,
        "ProcessId": str(started.pid),
        "Image": action.image,
        "FileVersion": known.version,
        "Description": known.description,
        "Product": known.product,
        "Company": known.company,
        "OriginalFileName": known.original,
        "CommandLine": action.command_line,
        "CurrentDirectory": _folder(action),
        "User": user_of(account),
        "LogonGuid": session.guid,
        "LogonId": session.logon_id,
        "TerminalSessionId": "0" if account == SYSTEM or account.role == "svc" else "1",
        "IntegrityLevel": _integrity(action),
        "Hashes": hashes(action.image, action.original),
        "ParentProcessGuid": parent.guid,
        "ParentProcessId": str(parent.pid),
        "ParentImage": action.parent,
        "ParentCommandLine": action.parent_line or action.parent,
        "ParentUser": user_of(account),
    }


def connection(action: Connection, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 3."""
    return {
        **_head(milliseconds),
        **_process(ledger, action.machine, action.image, milliseconds),
        "User": user_of(action.account),
        "Protocol": "tcp",
        "Initiated": "true",
        "SourceIsIpv6": "false",
        "SourceIp": action.machine.address,
        "SourceHostname": action.machine.fqdn,
        "SourcePort": str(ledger.port()),
        "SourcePortName": "-",
        "DestinationIsIpv6": "false",
        "DestinationIp": action.address,
        "DestinationHostname": action.name,
        "DestinationPort": str(action.port),
        "DestinationPortName": {80: "http", 443: "https"}.get(action.port, "-"),
    }


def module(action: ModuleLoad, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 7."""
    known = facts(action.module)
    return {
        **_head(milliseconds),
        **_process(ledger, action.machine, action.image, milliseconds),
        "ImageLoaded": action.module,
        "FileVersion": known.version,
        "Description": known.description,
        "Product": known.product,
        "Company": known.company,
        "OriginalFileName": known.original,
        "Hashes": hashes(action.module),
        "Signed": "true" if action.signed else "false",
        "Signature": "Microsoft Windows" if action.signed else "-",
        "SignatureStatus": "Valid" if action.signed else "Unavailable",
        "User": user_of(action.account),
    }


def thread(action: RemoteThread, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 8."""
    source = ledger.running(action.machine, action.image, milliseconds)
    target = ledger.running(action.machine, action.target, milliseconds)
    return {
        **_head(milliseconds),
        "SourceProcessGuid": source.guid,
        "SourceProcessId": str(source.pid),
        "SourceImage": action.image,
        "TargetProcessGuid": target.guid,
        "TargetProcessId": str(target.pid),
        "TargetImage": action.target,
        "NewThreadId": str(4 * (100 + ledger.number(3_000))),
        "StartAddress": f"0x{0x7FF000000000 + ledger.number(1 << 35):016X}",
        "StartModule": action.module,
        "StartFunction": action.function,
        "SourceUser": user_of(action.account),
        "TargetUser": _user_of_program(action.target, action.account),
    }


def access(action: ProcessAccess, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 10."""
    source = ledger.running(action.machine, action.image, milliseconds)
    target = ledger.running(action.machine, action.target, milliseconds)
    return {
        **_head(milliseconds),
        "SourceProcessGUID": source.guid,
        "SourceProcessId": str(source.pid),
        "SourceThreadId": str(4 * (100 + ledger.number(3_000))),
        "SourceImage": action.image,
        "TargetProcessGUID": target.guid,
        "TargetProcessId": str(target.pid),
        "TargetImage": action.target,
        "GrantedAccess": f"0x{action.rights:x}",
        "CallTrace": action.trace,
        "SourceUser": user_of(action.account),
        "TargetUser": _user_of_program(action.target, action.account),
    }


def file(action: FileCreate, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 11."""
    return {
        **_head(milliseconds),
        **_process(ledger, action.machine, action.image, milliseconds),
        "TargetFilename": action.path,
        "CreationUtcTime": utc(milliseconds),
        "User": user_of(action.account),
    }


def registry(action: RegistrySet, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 13; NXLog overwrites its `EventType`, so `SetValue` is not among the fields."""
    return {
        "EventTypeOrignal": "INFO",
        **_head(milliseconds),
        **_process(ledger, action.machine, action.image, milliseconds),
        "TargetObject": action.key.replace("{sid}", ledger.sid(action.account)),
        "Details": action.details,
        "User": user_of(action.account),
    }


def pipe(action: PipeCreate, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 17."""
    return {
        "EventTypeOrignal": "INFO",
        **_head(milliseconds),
        **_process(ledger, action.machine, action.image, milliseconds),
        "PipeName": action.pipe,
        "User": user_of(action.account),
    }


def lookup(action: NameLookup, ledger: Ledger, milliseconds: int) -> Fields:
    """Sysmon 22."""
    return {
        **_head(milliseconds),
        **_process(ledger, action.machine, action.image, milliseconds),
        "QueryName": action.name,
        "QueryStatus": "0",
        "QueryResults": f"::ffff:{action.answer};",
        "User": user_of(action.account),
    }


def _head(milliseconds: int) -> Mapping[str, str]:
    return {"RuleName": "-", "UtcTime": utc(milliseconds)}


def _process(ledger: Ledger, machine: Machine, image: str, milliseconds: int) -> Mapping[str, str]:
    found = ledger.running(machine, image, milliseconds)
    return {"ProcessGuid": found.guid, "ProcessId": str(found.pid), "Image": image}


def _integrity(action: ProcessStart) -> str:
    if action.account == SYSTEM:
        return "System"
    return "High" if action.elevated else "Medium"


def _folder(action: ProcessStart) -> str:
    if action.elevated or action.account == SYSTEM:
        return "C:\\Windows\\system32\\"
    return f"C:\\Users\\{action.account.name}\\"


def _user_of_program(image: str, account: Account) -> str:
    """Return whose a running program is: the system's, if it lives with Windows' own services."""
    name = image.rpartition("\\")[2].lower()
    own = name in {"lsass.exe", "services.exe", "svchost.exe", "csrss.exe", "winlogon.exe", "spoolsv.exe"}
    return user_of(SYSTEM if own else account)
