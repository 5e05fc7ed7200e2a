"""Events of sensors on networks and hosts to the fields that rules read: Zeek, FortiGate, Falco, osquery."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.decode.paths import at, text_at
from tocsin.decode.reshaped import Reshaped
from tocsin.model import NO_CATEGORY, LogSource

_ZEEK_CATEGORIES = {"dns": "dns", "http": "http", "conn": "firewall"}
"""Zeek's log -> the category of rules for any product; `http` is what rules call proxy or webserver."""

_ZEEK_KEYS = (
    ("certificate.serial", "x509"),
    ("conn_state", "conn"),
    ("qtype_name", "dns"),
    ("request_type", "kerberos"),
    ("resp_mime_types", "http"),
    ("user_agent", "http"),
    ("status_code", "http"),
    ("operation", "dce_rpc"),
    ("share_type", "smb_mapping"),
    ("query", "dns"),
    ("cookie", "rdp"),
    ("server_name", "ssl"),
    ("mailfrom", "smtp"),
    ("ntlmusername", "ntlm"),
    ("action", "smb_files"),
)
"""A key that only one of Zeek's logs has -> its name, for events that do not name it."""

_ZEEK_NAMES = {"connection": "conn"}

_ZEEK_ECS = {
    "query": "dns.question.name",
    "id.orig_h": "source.ip",
    "id.resp_h": "destination.ip",
    "id.resp_p": "destination.port",
    "uri": "url.original",
    "method": "http.request.method",
    "user_agent": "user_agent.original",
    "status_code": "http.response.status_code",
    "host": "url.domain",
}
"""What Elastic's agents move out of Zeek's own fields."""


def zeek(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of an event, and which of Zeek's logs it is from."""
    fields = dict(found)
    path = text_at(found, ("_path",))
    dataset = text_at(found, ("event.dataset",))
    if dataset.startswith("zeek."):
        path = _ZEEK_NAMES.get(dataset[5:], dataset[5:])
        own = at(found, dataset)
        fields = {**found, **(own if isinstance(own, dict) else {})}
        for name, theirs in _ZEEK_ECS.items():
            value = at(found, theirs)
            if value is not None:
                fields[name] = value
    if not path:
        path = next((name for key, name in _ZEEK_KEYS if key in fields), "")
    category = _ZEEK_CATEGORIES.get(path, NO_CATEGORY) if path else None
    return Reshaped(fields, LogSource("zeek", category, path or None))


_FORTIGATE = LogSource("fortigate", NO_CATEGORY, "event")
_FORTIGATE_TRAFFIC = LogSource("fortigate", "firewall", "traffic")


def fortigate(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of a log line; its type is the service."""
    kind = text_at(found, ("type",))
    if kind in {"", "event"}:
        return Reshaped(dict(found), _FORTIGATE)
    if kind == "traffic":
        return Reshaped(dict(found), _FORTIGATE_TRAFFIC)
    return Reshaped(dict(found), LogSource("fortigate", NO_CATEGORY, kind))


_FALCO_CATEGORIES = {
    "execve": "process_creation",
    "execveat": "process_creation",
    "connect": "network_connection",
}
"""The system call that Falco saw -> Sigma's category."""

_FALCO = {
    "CommandLine": "proc.cmdline",
    "Image": "proc.exepath",
    "ParentImage": "proc.pexepath",
    "ParentCommandLine": "proc.pcmdline",
    "CurrentDirectory": "proc.cwd",
    "User": "user.name",
    "ProcessId": "proc.pid",
    "DestinationIp": "fd.sip",
    "DestinationPort": "fd.sport",
    "TargetFilename": "fd.name",
}


def falco(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of an alert, as rules for Linux call them."""
    output = found.get("output_fields")
    inner = output if isinstance(output, dict) else {}
    fields: dict[str, object] = {**inner, **found}
    for ours, theirs in _FALCO.items():
        value = at(inner, theirs)
        if value not in (None, "<NA>"):
            fields.setdefault(ours, value)
    for name, short in (("Image", "proc.name"), ("ParentImage", "proc.pname")):
        value = at(inner, short)
        if isinstance(value, str) and name not in fields:
            fields[name] = f"/{value}"  # the path is not in every alert; rules ask how it ends
    kind = text_at(inner, ("evt.type",))
    if "k8s_audit" in text_at(found, ("source",)):
        return Reshaped(fields, LogSource("kubernetes", "application", "falco"))
    category = _FALCO_CATEGORIES.get(kind, NO_CATEGORY if kind else None)
    return Reshaped(fields, LogSource("linux", category, "falco"))


_OSQUERY_TABLES = (
    ("es_process_events", LogSource("macos", "process_creation")),
    ("es_process_file_events", LogSource("macos", "file_event")),
    ("bpf_process_events", LogSource("linux", "process_creation")),
    ("process_file_events", LogSource("linux", "file_event")),
    ("process_events", LogSource(None, "process_creation")),
    ("file_events", LogSource(None, "file_event")),
    ("socket_events", LogSource(None, "network_connection")),
)
"""A table of osquery that the name of a query may contain -> what it is about; the longer names first."""

_OSQUERY = {
    "Image": ("path",),
    "CommandLine": ("cmdline",),
    "ParentImage": ("parent_path", "parent_exe"),
    "ParentCommandLine": ("parent_cmdline",),
    "CurrentDirectory": ("cwd",),
    "User": ("username", "user"),
    "ProcessId": ("pid",),
    "ParentProcessId": ("parent", "ppid"),
    "TargetFilename": ("target_path", "filename"),
    "DestinationIp": ("remote_address",),
    "DestinationPort": ("remote_port",),
}

_PLATFORMS = {"darwin": "macos", "macos": "macos", "linux": "linux", "ubuntu": "linux", "windows": "windows"}


def osquery(found: Mapping[str, object]) -> Reshaped:
    """Return the fields of a row of a query's results."""
    columns = found.get("columns")
    inner = columns if isinstance(columns, dict) else {}
    fields: dict[str, object] = {**inner, **found}
    for ours, theirs in _OSQUERY.items():
        value = next((inner[name] for name in theirs if inner.get(name) not in (None, "")), None)
        if value is not None:
            fields.setdefault(ours, value)
    name = text_at(found, ("name",)).lower()
    source = next((source for table, source in _OSQUERY_TABLES if table in name), None)
    if source is None:
        source = LogSource(None, "process_creation") if {"path", "cmdline"} <= inner.keys() else LogSource()
    decorations = at(found, "decorations")
    platform = text_at(decorations, ("platform",)) if isinstance(decorations, dict) else ""
    product = source.product or _PLATFORMS.get(platform.lower())
    return Reshaped(fields, LogSource(product, source.category, "osquery"))
