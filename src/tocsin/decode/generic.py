"""Any JSON object of no known shape, as it is: for rules that ask for its own names."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.decode.times import from_milliseconds, iso_8601
from tocsin.decode.windows import text
from tocsin.model import Event, LogSource

_TIMES = ("@timestamp", "timestamp", "time", "eventTime", "ts", "date")
_USERS = ("user", "username", "userName", "user.name", "actor")
_HOSTS = ("host", "hostname", "host.name", "computer")
_SOURCES = ("source_ip", "src_ip", "sourceIPAddress", "source.ip", "c-ip")


def to_event(found: dict[str, object], event_id: str, recorded: int) -> Event:
    """Return the event; nothing is known of its log, so every rule may be about it.

    Args:
        found: the object.
        event_id: of the record.
        recorded: the broker's timestamp, for an event without a time.
    """
    times = (iso_8601(found[name]) for name in _TIMES if name in found)
    return Event(
        event_id=event_id,
        timestamp=next(filter(None, times), "") or from_milliseconds(recorded),
        user=_first(found, _USERS),
        host=_first(found, _HOSTS),
        source_ip=_first(found, _SOURCES),
        event_type=text(found.get("event_type")) or "json",
        fields=found,
        logsource=LogSource(),
    )


def _first(found: Mapping[str, object], names: tuple[str, ...]) -> str:
    return next(filter(None, (text(found.get(name)) for name in names)), "")
