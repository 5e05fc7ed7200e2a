"""The flat shape: one JSON object with a Windows event's header and data side by side.

As NXLog, Splunk and PowerShell write it, and, with the data in an object of its own, Winlogbeat 6.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.decode import evtx, windows
from tocsin.decode.names import EVENT_DATA, WINLOG
from tocsin.decode.repairs import Repair
from tocsin.decode.times import from_milliseconds, iso_8601, with_zone
from tocsin.model import Event, Rejected

_LEVELS = {1: 5, 2: 4, 3: 3, 4: 2, 5: 1}
"""NXLog's SeverityValue -> Windows's Level."""

TIMES = ("TimeCreated", "SystemTime", "TimeGenerated", "@timestamp", "_time", "timestamp", "UtcTime")
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
        if header.get(ours) is None:
            for name in theirs:
                if found.get(name) is not None:
                    header[ours] = found[name]
                    break
    if header.get("SeverityValue") is not None:
        level = LEVEL.give(*[found.get(name) for name in LEVEL.reads])
        if level is not None:
            header["Level"] = level
    return header


def _level(own: object, severity: object, event_type: object) -> object:
    if own is not None or not isinstance(severity, int) or windows.text(event_type).startswith("AUDIT"):
        return None  # Windows gives audits no level
    return _LEVELS.get(severity)


LEVEL = Repair("Level", ("Level", "SeverityValue", "EventType"), _level)
"""NXLog has its own scale, and leaves Windows's out."""


def _time(found: Mapping[str, object]) -> str:
    time = with_zone(*[found.get(name) for name in MACHINE_TIMES])
    if time:
        return time
    for name in TIMES:
        written = iso_8601(found.get(name))
        if written:
            return written
    return ""


MACHINE_TIMES = ("EventTime", "EventReceivedTime", "@timestamp")
"""NXLog's times: of the event and of its receipt by the clock of its machine, and what receives them adds."""
