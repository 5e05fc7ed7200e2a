"""The flat shape: one JSON object with a Windows event's header and data side by side.

As NXLog, Splunk and PowerShell write it, and, with the data in an object of its own, Winlogbeat 6.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.decode import evtx, windows
from tocsin.decode.names import EVENT_DATA, WINLOG
from tocsin.decode.times import from_milliseconds, iso_8601, zone_between
from tocsin.model import Event, Rejected

_LEVELS = {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}
"""NXLog's SeverityValue -> Windows's Level."""

_TIMES = ("TimeCreated", "SystemTime", "TimeGenerated", "@timestamp", "_time", "timestamp", "UtcTime")
"""Where the time may stand; first when Windows logged the event, last when Sysmon saw it."""


def to_event(found: dict[str, object], event_id: str, recorded: int) -> Event | Rejected:
    """Return the event, or why the object is not one.

    Args:
        found: the object.
        event_id: of the record.
        recorded: the broker's timestamp, for an event without a time.
    """
    data: dict[str, object] = {}
    for name in EVENT_DATA:
        if type(found.get(name)) is dict:
            data.update(evtx.data_in(found[name]))
    return windows.to_event(_header(found), data, event_id, _time(found) or from_milliseconds(recorded))


def _header(found: Mapping[str, object]) -> dict[str, object]:
    header = dict(found)
    for ours, theirs in WINLOG.items():
        if ours not in found:
            for name in theirs:
                if name in found:
                    header[ours] = found[name]
                    break
    if "SeverityValue" in found and "Level" not in found:
        header.update(_level(found))
    return header


def _level(found: Mapping[str, object]) -> dict[str, object]:
    severity = found["SeverityValue"]
    audit = windows.text(found.get("EventType")).startswith("AUDIT")  # Windows gives these no level
    return (
        {"Level": _LEVELS[severity]}
        if isinstance(severity, int) and severity in _LEVELS and not audit
        else {}
    )


def _time(found: Mapping[str, object]) -> str:
    if "EventTime" in found:  # NXLog's, in the time zone of the machine it runs on
        zone = zone_between(found.get("EventReceivedTime", found["EventTime"]), found.get("@timestamp"))
        time = iso_8601(found["EventTime"], zone)
        if time:
            return time
    for name in _TIMES:
        if name in found:
            time = iso_8601(found[name])
            if time:
                return time
    return ""
