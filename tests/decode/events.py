"""One Windows event, in the shapes that collectors give it."""

from __future__ import annotations

import json
from typing import Any

from tocsin.decode import decode
from tocsin.model import Batch, Event, Rejected, Stream

FILE = Stream("file", "events.json", "events.json")


def outcome(found: object, shape: str | None = None, recorded: int = -1) -> Event | Rejected:
    """Decode one JSON value."""
    batch = Batch(FILE, [0], [1], [recorded], [None], [json.dumps(found).encode()], [()])
    return decode(batch, shape)[0]


def event(found: object, shape: str | None = None, recorded: int = -1) -> Event:
    """Decode one JSON value that must be an event."""
    made = outcome(found, shape, recorded)
    assert isinstance(made, Event), made
    return made


def nxlog(number: int, channel: str, **data: object) -> dict[str, Any]:
    """Return an event as NXLog sends it through Logstash."""
    return {
        "EventID": number,
        "Channel": channel,
        "SourceName": "Provider",
        "Hostname": "WS1.example.org",
        "EventTime": "2020-09-22 03:45:13",
        "EventReceivedTime": "2020-09-22 03:45:15",
        "@timestamp": "2020-09-22T07:45:15.427Z",
        "EventType": "INFO",
        "SeverityValue": 2,
        "tags": ["a"],
        **data,
    }


def evtx(number: object, channel: str, data: object = None, **sections: object) -> dict[str, Any]:
    """Return an event as an EVTX file gives it."""
    return {
        "Event": {
            "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
            "System": {
                "Provider": {"#attributes": {"Name": "Provider", "Guid": "G"}},
                "EventID": number,
                "Level": 4,
                "TimeCreated": {"#attributes": {"SystemTime": "2020-09-22T07:45:13.165324Z"}},
                "Correlation": None,
                "Channel": channel,
                "Computer": "WS1.example.org",
                "Security": {"#attributes": {"UserID": "S-1-5-18"}},
            },
            "EventData": data,
            **sections,
        }
    }
