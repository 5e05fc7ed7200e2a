"""Events of the pack's tests: from one line of `events.yml` to the event in every shape it can have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Event = dict[str, Any]

LOGS = {
    "sysmon": ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon"),
    "security": ("Security", "Microsoft-Windows-Security-Auditing"),
    "system": ("System", "Service Control Manager"),
    "powershell": ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell"),
    "windefend": ("Microsoft-Windows-Windows Defender/Operational", "Microsoft-Windows-Windows Defender"),
}
"""Log -> its channel and the provider that writes to it."""

HOST = "WS-FIN-01.corp.example"
TIME = "2026-11-21T09:00:00.000Z"


def events_of(spec: Mapping[str, Any]) -> Iterator[tuple[str, Event]]:
    """Yield the name of each shape in which the event can be written, and the event."""
    if "run" in spec:
        yield from _processes(spec)
    elif "login" in spec:
        yield "lab", _lab("user_login", source_ip=spec["from"], logon_type=spec["login"])
    else:
        log = next(iter(spec))
        own = {name: value for name, value in spec.items() if name not in {log, "host", "provider"}}
        yield log, _windows(log, spec[log], own, spec)


def _processes(spec: Mapping[str, Any]) -> Iterator[tuple[str, Event]]:
    line = spec["run"]
    image = spec.get("image") or _image(line)
    parent = spec.get("parent", "C:\\Windows\\System32\\cmd.exe")
    user = spec.get("user", "CORP\\fin-01")
    sysmon = {
        "Image": image,
        "CommandLine": line,
        "ParentImage": parent,
        "ParentCommandLine": spec.get("parent_line", f'"{parent}"'),
        "User": user,
        "OriginalFileName": spec.get("original", "-"),
    }
    yield "sysmon", _windows("sysmon", 1, sysmon, spec)
    if not {"original", "parent_line"} & set(spec):
        domain, _, name = user.partition("\\")
        security = {
            "NewProcessName": image,
            "CommandLine": line,
            "ParentProcessName": parent,
            "SubjectUserName": name,
            "SubjectDomainName": domain,
        }
        yield "security", _windows("security", 4688, security, spec)
    if set(spec) <= {"run", "image"}:
        yield "lab", _lab("process_start", process_name=image.rpartition("\\")[2], command_line=line)


def _image(line: str) -> str:
    """Return the path of the program that a command line begins with; without a folder it is Windows' own."""
    first = line[1:].partition('"')[0] if line.startswith('"') else line.split(maxsplit=1)[0]
    if first.upper() == "%COMSPEC%":
        first = "cmd.exe"
    name = first if "." in first.rpartition("\\")[2] else f"{first}.exe"
    return name if ":\\" in name else f"C:\\Windows\\System32\\{name}"


def _windows(log: str, number: int, own: Mapping[str, Any], spec: Mapping[str, Any]) -> Event:
    channel, provider = LOGS[log]
    return {
        "EventTime": TIME,
        "Hostname": spec.get("host", HOST),
        "Channel": channel,
        "SourceName": spec.get("provider", provider),
        "EventID": number,
        **own,
    }


def _lab(event_type: str, **own: str) -> Event:
    return {
        "event_id": "0f0e0d0c-0b0a-4908-8706-050403020100",
        "timestamp": TIME,
        "user": "fin-01",
        "host": "WS-FIN-01",
        "source_ip": "10.43.0.21",
        "event_type": event_type,
        **own,
    }
