"""The one table from what collectors call things to what Sigma's rules call them.

Every event keeps its own names too: rules for a particular log use those.
"""

from __future__ import annotations

LAB = {
    "command_line": "CommandLine",
    "user": "User",
    "host": "Computer",
    "source_ip": "IpAddress",
}

WINLOG: dict[str, tuple[str, ...]] = {
    "Computer": ("Hostname", "ComputerName", "MachineName", "computer_name"),
    "Provider_Name": ("SourceName", "ProviderName", "Provider", "source_name"),
    "Channel": ("LogName", "log_name", "EventLog"),
    "EventID": ("EventCode", "EventId", "Id", "event_id"),
    "EventRecordID": ("RecordNumber", "record_number"),
    "Security_UserID": ("UserID",),
}
"""Sigma's name of what a Windows event's header says -> what flat shapes call it; the first that is there.

In turn the names are those of NXLog, Splunk, PowerShell's Get-WinEvent and Winlogbeat 6.
"""

EVENT_DATA = ("EventData", "UserData", "event_data", "user_data")
"""Where flat shapes may keep the event's data, if they do not keep it flat."""

HEADER: dict[str, dict[str, str]] = {
    "Provider": {"Name": "Provider_Name", "Guid": "Provider_Guid"},
    "TimeCreated": {"SystemTime": "TimeCreated"},
    "Execution": {"ProcessID": "Execution_ProcessID", "ThreadID": "Execution_ThreadID"},
    "Security": {"UserID": "Security_UserID"},
    "Correlation": {"ActivityID": "Correlation_ActivityID"},
}
"""Element of `Event.System` -> its attribute -> Sigma's name."""

PROCESS_CREATED = {
    "NewProcessName": "Image",
    "ParentProcessName": "ParentImage",
    "ProcessId": "ParentProcessId",
    "SubjectLogonId": "LogonId",
}
"""What Security's event 4688 calls what rules for `process_creation` call otherwise."""

HASHES = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "IMPHASH": "Imphash"}
"""Algorithm in Sysmon's field `Hashes` -> the field of its own that rules may ask for."""

ANTIVIRUS = {"Threat Name": "Signature", "Path": "Filename"}
"""Defender's name -> that of rules for the category `antivirus`."""

SOURCE_IP = ("IpAddress", "SourceIp", "SourceAddress", "ClientAddress", "ClientIP", "Address")
"""Fields that say from where; the first that holds an address."""

SUBJECT = (
    ("SubjectUserName", "SubjectDomainName"),
    ("TargetUserName", "TargetDomainName"),
    ("AccountName", "Domain"),
    ("UserName", ""),
    ("Security_UserID", ""),
)
"""Fields that say who did it, each with that of the domain; the first that is there."""

LOGONS = frozenset({4624, 4625, 4634, 4647, 4768, 4769, 4770, 4771, 4776, 4778, 4779, 4800, 4801})
"""Security's events about the account that logs on or off, not about one that does something to it."""

ECS = {
    "winlog.channel": "Channel",
    "winlog.event_id": "EventID",
    "winlog.provider_name": "Provider_Name",
    "winlog.computer_name": "Computer",
    "winlog.record_id": "EventRecordID",
    "winlog.user.identifier": "Security_UserID",
    "event.code": "EventID",
    "event.provider": "Provider_Name",
    "host.name": "Computer",
    "host.hostname": "Computer",
    "message": "Message",
    "process.executable": "Image",
    "process.command_line": "CommandLine",
    "process.working_directory": "CurrentDirectory",
    "process.entity_id": "ProcessGuid",
    "process.pid": "ProcessId",
    "process.parent.executable": "ParentImage",
    "process.parent.command_line": "ParentCommandLine",
    "process.parent.entity_id": "ParentProcessGuid",
    "process.parent.pid": "ParentProcessId",
    "process.pe.original_file_name": "OriginalFileName",
    "process.pe.company": "Company",
    "process.pe.description": "Description",
    "process.pe.product": "Product",
    "process.pe.file_version": "FileVersion",
    "process.pe.imphash": "Imphash",
    "process.hash.md5": "md5",
    "process.hash.sha1": "sha1",
    "process.hash.sha256": "sha256",
    "file.path": "TargetFilename",
    "file.hash.md5": "md5",
    "file.hash.sha1": "sha1",
    "file.hash.sha256": "sha256",
    "file.code_signature.signed": "Signed",
    "file.code_signature.status": "SignatureStatus",
    "file.code_signature.subject_name": "Signature",
    "file.pe.original_file_name": "OriginalFileName",
    "file.pe.company": "Company",
    "file.pe.description": "Description",
    "file.pe.product": "Product",
    "file.pe.file_version": "FileVersion",
    "file.pe.imphash": "Imphash",
    "dll.path": "ImageLoaded",
    "dll.hash.md5": "md5",
    "dll.hash.sha1": "sha1",
    "dll.hash.sha256": "sha256",
    "dll.code_signature.exists": "Signed",
    "dll.code_signature.status": "SignatureStatus",
    "dll.code_signature.subject_name": "Signature",
    "dll.pe.original_file_name": "OriginalFileName",
    "dll.pe.company": "Company",
    "dll.pe.description": "Description",
    "dll.pe.product": "Product",
    "dll.pe.file_version": "FileVersion",
    "dll.pe.imphash": "Imphash",
    "registry.path": "TargetObject",
    "dns.question.name": "QueryName",
    "source.ip": "SourceIp",
    "source.port": "SourcePort",
    "source.domain": "SourceHostname",
    "destination.ip": "DestinationIp",
    "destination.port": "DestinationPort",
    "destination.domain": "DestinationHostname",
    "network.transport": "Protocol",
    "powershell.file.script_block_text": "ScriptBlockText",
    "powershell.file.script_block_id": "ScriptBlockId",
}
"""The Elastic Common Schema's names -> Sigma's; of several with the same meaning the first that is there."""

ECS_DATA = ("winlog.event_data.", "winlog.user_data.")
"""What the names of an event's own data begin with; they win over the schema's."""

ECS_CATEGORIES = {
    ("process", "start"): "process_creation",
    ("process", "end"): "process_termination",
    ("network", "start"): "network_connection",
    ("network", "connection"): "network_connection",
    ("file", "creation"): "file_event",
    ("file", "deletion"): "file_delete",
    ("registry", "creation"): "registry_add",
    ("registry", "change"): "registry_set",
    ("registry", "deletion"): "registry_delete",
    ("library", "start"): "image_load",
    ("driver", "start"): "driver_load",
}
"""The schema's event category and type -> Sigma's category, for events that come from no Windows log."""

ECS_PRODUCTS = {"windows": "windows", "linux": "linux", "macos": "macos", "darwin": "macos"}
"""The schema's kind of operating system -> Sigma's product."""
