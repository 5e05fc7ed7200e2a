"""The Elastic Common Schema, nested and dotted, from Windows logs and from the agent."""

from typing import Any

import pytest

from tests.decode.events import event
from tocsin.model import LogSource

SYSMON = "Microsoft-Windows-Sysmon/Operational"

PROCESS: dict[str, Any] = {
    "@timestamp": "2024-05-01T10:00:00.000Z",
    "ecs": {"version": "8.0.0"},
    "event": {
        "code": "1",
        "category": ["process"],
        "type": ["start"],
        "provider": "Microsoft-Windows-Sysmon",
    },
    "host": {"name": "ws1"},
    "user": {"name": "ann", "domain": "ORG"},
    "process": {
        "executable": "C:\\a.exe",
        "command_line": "a.exe -x",
        "pe": {"original_file_name": "A.EXE", "imphash": "c3"},
        "hash": {"md5": "a1"},
        "parent": {"executable": "C:\\b.exe"},
    },
    "winlog": {
        "channel": SYSMON,
        "event_id": "1",
        "computer_name": "ws1.example.org",
        "event_data": {"IntegrityLevel": "High"},
    },
}


def dotted(found, prefix=""):
    """Return the same event with dotted keys."""
    flat: dict[str, Any] = {}
    for name, value in found.items():
        flat |= dotted(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


@pytest.mark.parametrize("found", [PROCESS, dotted(PROCESS)])
def test_winlogbeats_events_have_sysmons_names(found):
    """Its modules move Sysmon's fields into the schema; rules want them back."""
    made = event(found)
    assert made.logsource == LogSource("windows", "process_creation", "sysmon")
    assert (made.host, made.user) == ("ws1.example.org", "ORG\\ann")
    wanted = {
        "EventID": 1,
        "Image": "C:\\a.exe",
        "CommandLine": "a.exe -x",
        "ParentImage": "C:\\b.exe",
        "OriginalFileName": "A.EXE",
        "Imphash": "c3",
        "Hashes": "MD5=A1,IMPHASH=C3",
        "IntegrityLevel": "High",
        "User": "ORG\\ann",
    }
    assert wanted.items() <= made.fields.items()


def test_an_events_own_data_win():
    """What Windows wrote is closer to the rules than the schema's version of it."""
    found = {**PROCESS, "winlog": {**PROCESS["winlog"], "event_data": {"Image": "C:\\own.exe"}}}
    assert event(found).fields["Image"] == "C:\\own.exe"


@pytest.mark.parametrize(
    ("number", "parts", "field", "value"),
    [
        (7, {"file": {"path": "C:\\a.dll", "name": "a.dll"}}, "ImageLoaded", "C:\\a.dll"),
        (7, {"dll": {"path": "C:\\a.dll"}}, "ImageLoaded", "C:\\a.dll"),
        (11, {"file": {"path": "C:\\a.txt"}}, "TargetFilename", "C:\\a.txt"),
        (17, {"file": {"name": "\\pipe"}}, "PipeName", "\\pipe"),
        (3, {"network": {"direction": "egress"}}, "Initiated", "true"),
        (22, {"dns": {"question": {"name": "example.org"}}}, "QueryName", "example.org"),
        (13, {"registry": {"path": "HKLM\\x"}}, "TargetObject", "HKLM\\x"),
        (13, {"registry": {"data": {"strings": ["1"], "type": "SZ_DWORD"}}}, "Details", "DWORD (0x00000001)"),
        (13, {"registry": {"data": {"strings": ["a", "b"], "type": "SZ"}}}, "Details", "a;b"),
    ],
)
def test_the_schemas_objects_become_sysmons_fields(number, parts, field, value):
    """What rules call a file depends on the category."""
    made = event({"winlog": {"channel": SYSMON, "event_id": number}, **parts})
    assert made.fields[field] == value


@pytest.mark.parametrize(
    ("parts", "logsource"),
    [
        (
            {"host": {"os": {"type": "linux"}}, "event": {"category": ["process"], "type": ["start"]}},
            LogSource("linux", "process_creation"),
        ),
        (
            {"host": {"os": {"family": "darwin"}}, "event": {"category": "file", "type": "creation"}},
            LogSource("macos", "file_event"),
        ),
        ({"dns": {"question": {"name": "x"}}}, LogSource(None, "dns_query")),
        ({"event": {"category": [1, None], "type": {}}}, LogSource()),
    ],
)
def test_the_agents_own_events_have_product_and_category(parts, logsource):
    """They come from no Windows log."""
    made = event({"ecs": {"version": "8"}, "user": {"name": "ann"}, **parts})
    assert made.logsource == logsource
    assert made.user == "ann"
