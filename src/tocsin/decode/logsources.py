"""Which log a Windows event was written to, in Sigma's words; the table is `logsources.toml`."""

from __future__ import annotations

import pkgutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from tocsin.model import NO_CATEGORY, LogSource

PRODUCT = "windows"


@dataclass(frozen=True, slots=True)
class Log:
    """A Windows event log.

    Attributes:
        name: the channel, spelt as the table spells it; the provider, where an event names no channel.
        service: Sigma's name for it; for a channel that the table does not list, the channel in small
            letters, so that no rule for another service is taken for one about it.
        sources: event id -> what its events are. Ids of no category are not in it.
        by_event_type: event id -> event type -> the same, where the id alone does not tell.
        other: what all other events are.
    """

    name: str
    service: str
    other: LogSource
    sources: Mapping[int, LogSource] = field(default_factory=dict)
    by_event_type: Mapping[int, Mapping[str, LogSource]] = field(default_factory=dict)

    def source_of(self, number: int, event_type: object) -> LogSource:
        """Return what an event is.

        Args:
            number: its event id.
            event_type: what its field `EventType` says, if anything.
        """
        types = self.by_event_type.get(number)
        if types is not None and isinstance(event_type, str) and event_type in types:
            return types[event_type]
        return self.sources.get(number, self.other)


ANY_LOG = Log(PRODUCT, "", LogSource(PRODUCT))
"""Of an event that names neither a channel nor a provider: it may be any Windows event."""


def log_of(channel: str, provider: str) -> Log:
    """Return the log that a channel is; where the channel is empty, the log that its provider writes to."""
    name, known = (channel, _table().channels) if channel else (provider, _table().providers)
    if not name:
        return ANY_LOG
    small = name.lower()
    return known.get(small) or Log(name, small, LogSource(PRODUCT, NO_CATEGORY, small))


def service(name: str) -> Log:
    """Return the log of a service that the table lists."""
    return _table().services[name]


def services() -> frozenset[str]:
    """Return the services that the table lists."""
    return frozenset(_table().services)


def categories() -> frozenset[str]:
    """Return the categories to which Windows events can belong."""
    sources = [
        source
        for log in _table().services.values()
        for source in (*log.sources.values(), *(s for t in log.by_event_type.values() for s in t.values()))
    ]
    return frozenset(source.category for source in sources if source.category)


def is_what_rules_call(event: str, rule: str) -> bool:
    """Say whether the category or service of an event is what a rule calls by a name, perhaps a broader one.

    Args:
        event: the event's category or service.
        rule: what the rule gives.
    """
    own, wanted = event.lower(), rule.lower()
    return own == wanted or own in _table().also.get(wanted, ())


@dataclass(frozen=True, slots=True)
class _Table:
    services: Mapping[str, Log]
    channels: Mapping[str, Log]
    providers: Mapping[str, Log]
    also: Mapping[str, frozenset[str]]


@cache
def _table() -> _Table:
    text = pkgutil.get_data(__package__, "logsources.toml")
    assert text is not None, "every loader that can import this package can read its data"
    data = tomllib.loads(text.decode("utf-8"))
    entries = {entry["service"]: entry for entry in reversed(data["windows"])}
    logs = [(_log({**entries.get(entry.get("same_as"), {}), **entry}), entry) for entry in data["windows"]]
    return _Table(
        services={log.service: log for log, _ in reversed(logs)},  # of two, Windows's own, which comes first
        channels=_by_name(logs, "channels"),
        providers=_by_name(logs, "providers"),
        also={name: frozenset(others) for name, others in data["also"].items()},
    )


def _by_name(logs: list[tuple[Log, dict[str, Any]]], key: str) -> dict[str, Log]:
    return {name.lower(): replace(log, name=name) for log, entry in logs for name in entry.get(key, ())}


def _log(entry: dict[str, Any]) -> Log:
    name, product = entry["service"], entry.get("product", PRODUCT)
    made = {c: LogSource(product, c, name) for c in entry.get("categories", {})}
    types = {
        int(number): {
            event_type: LogSource(product, category, name) for event_type, category in found.items()
        }
        for number, found in entry.get("by_event_type", {}).items()
    }
    return Log(
        name=entry["channels"][0],
        service=name,
        other=LogSource(product, entry.get("category", NO_CATEGORY), name),
        sources={number: made[c] for c, numbers in entry.get("categories", {}).items() for number in numbers},
        by_event_type=types,
    )
