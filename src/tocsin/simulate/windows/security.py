"""The Security log's events: logons, processes, services, tasks, tickets, shares, accounts."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.simulate.actions import (
    AccountCreate,
    GroupAdd,
    LogClear,
    Logon,
    LogonType,
    ProcessStart,
    ServiceInstall,
    ShareAccess,
    TaskCreate,
    TicketRequest,
)
from tocsin.simulate.organisation import DNS_SUFFIX, DOMAIN, SYSTEM, Account, Machine
from tocsin.simulate.windows.ledger import Ledger, domain_of, user_of
from tocsin.simulate.windows.record import SECURITY, SECURITY_EVENTLOG, SECURITY_FAILURE, Fields, Kind

LOGON = Kind(SECURITY, 4624, 2, 12544, "Logon", "An account was successfully logged on.\r\n")
LOGON_FAILURE = Kind(SECURITY_FAILURE, 4625, 0, 12544, "Logon", "An account failed to log on.\r\n")
PRIVILEGES = Kind(SECURITY, 4672, 0, 12548, "Special Logon", "Special privileges assigned to new logon.\r\n")
PROCESS = Kind(SECURITY, 4688, 2, 13312, "Process Creation", "A new process has been created.\r\n")
SERVICE = Kind(
    SECURITY, 4697, 0, 12289, "Security System Extension", "A service was installed in the system.\r\n"
)
TASK = Kind(SECURITY, 4698, 0, 12804, "Other Object Access Events", "A scheduled task was created.\r\n")
ACCOUNT = Kind(SECURITY, 4720, 0, 13824, "User Account Management", "A user account was created.\r\n")
GROUP = Kind(
    SECURITY,
    4732,
    0,
    13826,
    "Security Group Management",
    "A member was added to a security-enabled local group.\r\n",
)
TICKET = Kind(
    SECURITY,
    4769,
    0,
    14337,
    "Kerberos Service Ticket Operations",
    "A Kerberos service ticket was requested.\r\n",
)
SHARE = Kind(
    SECURITY,
    5145,
    0,
    12811,
    "Detailed File Share",
    "A network share object was checked to see whether client can be granted desired access.\r\n",
)
CLEARED = Kind(SECURITY_EVENTLOG, 1102, 0, 104, "Log clear", "The audit log was cleared.\r\n")

PRIVILEGE_LIST = "\r\n\t\t\t".join(
    f"Se{name}Privilege"
    for name in ("Security", "Backup", "Restore", "TakeOwnership", "Debug", "LoadDriver", "Impersonate")
)

_PACKAGES = {
    LogonType.INTERACTIVE: ("User32 ", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
    LogonType.REMOTE: ("User32 ", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
    LogonType.BATCH: ("Advapi  ", "Negotiate", "C:\\Windows\\System32\\svchost.exe"),
    LogonType.SERVICE: ("Advapi  ", "Negotiate", "C:\\Windows\\System32\\services.exe"),
}

_GROUPS = {"Administrators": 544, "Remote Desktop Users": 555, "Backup Operators": 551, "Users": 545}


def logon(action: Logon, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 4624."""
    session = ledger.log_on(action.machine, action.account)
    inside = action.address.startswith("10.")
    process, package, program = _PACKAGES.get(
        action.type, ("Kerberos", "Kerberos", "-") if inside else ("NtLmSsp ", "NTLM", "-")
    )
    local = action.type in {LogonType.BATCH, LogonType.SERVICE}
    return {
        **_machine_subject(ledger, action.machine, anonymous=program == "-"),
        "TargetUserSid": ledger.sid(action.account),
        "TargetUserName": action.account.name,
        "TargetDomainName": domain_of(action.account),
        "TargetLogonId": session.logon_id,
        "LogonType": str(int(action.type)),
        "LogonProcessName": process,
        "AuthenticationPackageName": package,
        "WorkstationName": _workstation(action, inside=inside),
        "LogonGuid": session.guid,
        "TransmittedServices": "-",
        "LmPackageName": "NTLM V2" if package == "NTLM" else "-",
        "KeyLength": "128" if package == "NTLM" else "0",
        "ProcessId": "0x0" if program == "-" else f"0x{4 * (100 + ledger.number(500)):x}",
        "ProcessName": program,
        "IpAddress": "-" if local else action.address,
        "IpPort": "-" if local else str(ledger.port()),
        "ImpersonationLevel": "%%1833",
        "RestrictedAdminMode": "-",
        "TargetOutboundUserName": "-",
        "TargetOutboundDomainName": "-",
        "VirtualAccount": "%%1843",
        "TargetLinkedLogonId": "0x0",
        "ElevatedToken": "%%1842" if action.privileged else "%%1843",
    }


def logon_failure(action: Logon, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 4625: the password was wrong."""
    inside = action.address.startswith("10.")
    process, package, program = _PACKAGES.get(action.type, ("NtLmSsp ", "NTLM", "-"))
    return {
        **_machine_subject(ledger, action.machine, anonymous=program == "-"),
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": action.account.name,
        "TargetDomainName": DOMAIN,
        "Status": "0xc000006d",
        "FailureReason": "%%2313",
        "SubStatus": "0xc000006a",
        "LogonType": str(int(action.type)),
        "LogonProcessName": process,
        "AuthenticationPackageName": package,
        "WorkstationName": _workstation(action, inside=inside),
        "TransmittedServices": "-",
        "LmPackageName": "-",
        "KeyLength": "0",
        "ProcessId": "0x0" if program == "-" else f"0x{4 * (100 + ledger.number(500)):x}",
        "ProcessName": program,
        "IpAddress": action.address,
        "IpPort": str(ledger.port()),
    }


def privileges(action: Logon, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 4672."""
    return {**_subject(ledger, action.machine, action.account), "PrivilegeList": PRIVILEGE_LIST}


def process(action: ProcessStart, ledger: Ledger, milliseconds: int) -> Fields:
    """Security 4688."""
    high = action.elevated or action.account == SYSTEM
    started = ledger.running(action.machine, action.image, milliseconds)
    parent = ledger.running(action.machine, action.parent, milliseconds)
    return {
        **_subject(ledger, action.machine, action.account),
        "NewProcessId": f"0x{started.pid:x}",
        "NewProcessName": action.image,
        "TokenElevationType": "%%1937" if high else "%%1938",
        "ProcessId": f"0x{parent.pid:x}",
        "CommandLine": action.command_line,
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": "-",
        "TargetDomainName": "-",
        "TargetLogonId": "0x0",
        "ParentProcessName": action.parent,
        "MandatoryLabel": "S-1-16-12288" if high else "S-1-16-8192",
    }


def service(action: ServiceInstall, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 4697."""
    return {
        **_subject(ledger, action.machine, action.account),
        "ServiceName": action.name,
        "ServiceFileName": action.path,
        "ServiceType": "0x10",
        "ServiceStartType": "2" if action.start == "auto start" else "3",
        "ServiceAccount": "LocalSystem",
    }


def task(action: TaskCreate, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 4698; the task as the XML that Windows keeps, escaped as the collector found it."""
    content = (
        '<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2">\r\n  <RegistrationInfo>\r\n'
        f"    <Author>{user_of(action.account)}</Author>\r\n    <URI>\\{action.name}</URI>\r\n"
        "  </RegistrationInfo>\r\n  <Actions>\r\n    <Exec>\r\n"
        f"      <Command>{action.command}</Command>\r\n      <Arguments>{action.arguments}</Arguments>\r\n"
        "    </Exec>\r\n  </Actions>\r\n</Task>"
    )
    return {
        **_subject(ledger, action.machine, action.account),
        "TaskName": f"\\{action.name}",
        "TaskContent": content.replace("<", "&lt;").replace(">", "&gt;"),
    }


def account(action: AccountCreate, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 4720."""
    return {
        "TargetUserName": action.name,
        "TargetDomainName": action.machine.name,
        "TargetSid": f"{ledger.sid(action.account).rpartition('-')[0]}-{1_001 + ledger.number(90)}",
        **_subject(ledger, action.machine, action.account),
        "PrivilegeList": "-",
        "SamAccountName": action.name,
        "DisplayName": "%%1793",
        "UserPrincipalName": "-",
        "HomeDirectory": "%%1793",
        "PrimaryGroupId": "513",
        "OldUacValue": "0x0",
        "NewUacValue": "0x15",
        "UserAccountControl": "\r\n\t\t%%2080\r\n\t\t%%2082\r\n\t\t%%2084",
    }


def group(action: GroupAdd, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 4732."""
    return {
        "MemberName": "-",
        "MemberSid": f"{ledger.sid(action.account).rpartition('-')[0]}-{1_001 + ledger.number(90)}",
        "TargetUserName": action.group,
        "TargetDomainName": "Builtin",
        "TargetSid": f"S-1-5-32-{_GROUPS.get(action.group, 545)}",
        **_subject(ledger, action.machine, action.account),
        "PrivilegeList": "-",
    }


def ticket(action: TicketRequest, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 4769."""
    realm = DNS_SUFFIX.upper()
    return {
        "TargetUserName": f"{action.account.name}@{realm}",
        "TargetDomainName": realm,
        "ServiceName": action.service,
        "ServiceSid": f"{ledger.sid(action.account).rpartition('-')[0]}-{1_000 + ledger.number(90)}",
        "TicketOptions": "0x40810000",
        "TicketEncryptionType": "0x17" if action.weak else "0x12",
        "IpAddress": f"::ffff:{action.address}",
        "IpPort": str(ledger.port()),
        "Status": "0x0",
        "LogonGuid": ledger.session(action.machine, action.account).guid,
        "TransmittedServices": "-",
    }


def share(action: ShareAccess, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 5145."""
    return {
        **_subject(ledger, action.machine, action.account),
        "ObjectType": "File",
        "IpAddress": action.address,
        "IpPort": str(ledger.port()),
        "ShareName": f"\\\\*\\{action.share}",
        "ShareLocalPath": "" if action.share == "IPC$" else "\\??\\C:\\Windows",
        "RelativeTargetName": action.target,
        "AccessMask": "0x12019f" if action.writing else "0x120089",
        "AccessList": "%%1538\r\n\t\t\t\t%%4417\r\n\t\t\t\t" if action.writing else "%%4416\r\n\t\t\t\t",
        "AccessReason": "-",
    }


def cleared(action: LogClear, ledger: Ledger, _milliseconds: int) -> Fields:
    """Security 1102."""
    return _subject(ledger, action.machine, action.account)


def _subject(ledger: Ledger, machine: Machine, account: Account) -> Mapping[str, str]:
    """Return who did it; the system itself signs with its machine's account."""
    name, domain = (f"{machine.name}$", DOMAIN) if account == SYSTEM else (account.name, domain_of(account))
    return {
        "SubjectUserSid": ledger.sid(account),
        "SubjectUserName": name,
        "SubjectDomainName": domain,
        "SubjectLogonId": ledger.session(machine, account).logon_id,
    }


def _machine_subject(ledger: Ledger, machine: Machine, *, anonymous: bool) -> Mapping[str, str]:
    if not anonymous:
        return _subject(ledger, machine, SYSTEM)
    return {
        "SubjectUserSid": "S-1-0-0",
        "SubjectUserName": "-",
        "SubjectDomainName": "-",
        "SubjectLogonId": "0x0",
    }


def _workstation(action: Logon, *, inside: bool) -> str:
    """Return the name that the client gives of itself; a stranger's machine is called as it was installed."""
    if action.type in {LogonType.INTERACTIVE, LogonType.REMOTE}:
        return action.machine.name
    return "-" if inside else f"DESKTOP-{sum(action.address.encode()):04X}KQ7"
