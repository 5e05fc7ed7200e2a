"""Which of the stored events are meant: from when to when, of which hosts, from which level up."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.model import Level
from tocsin.stats.buckets import instant


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice of events; None, and no host, mean any.

    Attributes:
        since, until: when they happened, in microseconds since 1970 UTC; `until` itself is not meant. With
            either of them, events without a readable time are left out.
        hosts: their exact names.
        level: only events with a detection of at least this level, and of their detections only those.
    """

    since: int | None = None
    until: int | None = None
    hosts: tuple[str, ...] = ()
    level: Level | None = None

    def condition(self, time: str, at: str = "{}") -> str:
        """Return the choice as SQL.

        Args:
            time: the column that says when an event happened.
            at: how an instant is written for it; `{}` stands for microseconds since 1970.
        """
        parts = [self.time_condition(time, at)]
        if self.hosts:
            names = ", ".join("'" + host.replace("'", "''") + "'" for host in self.hosts)
            parts.append(f"coalesce(host, '') IN ({names})")
        if self.level is not None:
            parts.append(f'"level" >= {int(self.level)}')
        return " AND ".join(parts)

    def time_condition(self, time: str, at: str = "{}") -> str:
        """Return the part of the choice that is about time as SQL."""
        parts = ["true"]
        if self.since is not None:
            parts.append(f"{time} >= {at.format(self.since)}")
        if self.until is not None:
            parts.append(f"{time} < {at.format(self.until)}")
        return " AND ".join(parts)

    def __str__(self) -> str:
        words = []
        if self.since is not None:
            words.append(f"since {instant(self.since):%Y-%m-%d %H:%M:%S} UTC")
        if self.until is not None:
            words.append(f"until {instant(self.until):%Y-%m-%d %H:%M:%S} UTC")
        if self.hosts:
            words.append(f"on {', '.join(self.hosts)}")
        if self.level is not None:
            words.append(f"of level {self.level} or above")
        return ", ".join(words)


EVERYTHING = Selection()
