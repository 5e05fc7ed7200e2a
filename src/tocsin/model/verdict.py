"""What was concluded about an event: its label and the rules that fired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import msgspec

from tocsin.model.event import Event, LogSource, Rejected
from tocsin.model.record import Batch

if TYPE_CHECKING:
    import numpy as np


class Level(IntEnum):
    """Sigma's levels, comparable: `Level.HIGH >= Level.MEDIUM`."""

    INFORMATIONAL = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Label:
    """The one tactic and technique shown for an event."""

    tactic: str
    technique: str


NO_LABEL = Label("TA0000", "T0000")
"""The label of an event on which nothing fired, or only rules without ATT&CK tags."""


class Detection(msgspec.Struct, frozen=True):
    """One rule firing, as far as it is equal for all events that look the same to the rule (so it is shared).

    Attributes:
        rule_revision: hash of the rule's text.
        tactics, techniques: ids, in kill-chain order and sorted.
        matched: the fields that made the rule fire, with their values as text.
    """

    rule_id: str
    rule_title: str
    rule_revision: str
    level: Level
    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    matched: tuple[tuple[str, str], ...]


class Verdict(msgspec.Struct, frozen=True):
    """What was concluded about a record; one object serves all events of which the same was concluded.

    Attributes:
        label: `NO_LABEL` when nothing fired.
        detections: in the order of the rule set.
        rejected: why the record is not an event, if it is not one.
    """

    label: Label
    detections: tuple[Detection, ...]
    rejected: Rejected | None = None


NOTHING = Verdict(NO_LABEL, ())
"""The verdict on an event on which nothing fired."""


@dataclass(frozen=True, slots=True)
class Events:
    """What a batch's records say of themselves, as columns with one entry per record.

    See `Event` for what each column holds. A record that is not an event has empty texts and no log source.
    """

    ids: Sequence[str]
    timestamps: Sequence[str]
    users: Sequence[str]
    hosts: Sequence[str]
    source_ips: Sequence[str]
    types: Sequence[str]
    logsources: Sequence[LogSource]

    @classmethod
    def of(cls, outcomes: Sequence[Event | Rejected]) -> Events:
        """Return the columns of what records were found to be, one by one."""
        events = [_NONE if isinstance(found, Rejected) else found for found in outcomes]
        return cls(
            ids=[event.event_id for event in events],
            timestamps=[event.timestamp for event in events],
            users=[event.user for event in events],
            hosts=[event.host for event in events],
            source_ips=[event.source_ip for event in events],
            types=[event.event_type for event in events],
            logsources=[event.logsource for event in events],
        )

    def take(self, rows: Sequence[int]) -> Events:
        """Return the columns of some of the rows."""
        return Events(
            ids=[self.ids[row] for row in rows],
            timestamps=[self.timestamps[row] for row in rows],
            users=[self.users[row] for row in rows],
            hosts=[self.hosts[row] for row in rows],
            source_ips=[self.source_ips[row] for row in rows],
            types=[self.types[row] for row in rows],
            logsources=[self.logsources[row] for row in rows],
        )


_NONE = Event("", "", "", "", "", "", {}, LogSource())


@dataclass(frozen=True, slots=True)
class Times:
    """When a batch passed; nanoseconds since 1970, 0 where nobody looked at the clock.

    Attributes:
        asked: the source was asked for it.
        arrived: the source gave it.
        judged: there was a verdict on every record.
        decoded: every record was an event, or was rejected.
    """

    asked: int = 0
    arrived: int = 0
    judged: int = 0
    decoded: int = 0


@dataclass(frozen=True, slots=True)
class Different:
    """The different verdicts among many, for whoever builds or counts something once for each.

    Attributes:
        verdicts: in the order in which they came first.
        places: of each verdict of a batch among these.
        counts: how often each came.
    """

    verdicts: Sequence[Verdict]
    places: np.ndarray[Any, np.dtype[np.intp]]
    counts: Sequence[int]

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> Different:
        """Return those of a batch: objects are compared, because equal ones are shared."""
        import numpy as np  # noqa: PLC0415 - who only names tactics, or asks for help, need not pay for it

        keys = list(map(id, verdicts))
        found = dict(zip(keys, verdicts, strict=True))
        place = dict(zip(found, range(len(found)), strict=True))
        places = np.fromiter(map(place.__getitem__, keys), np.intp, len(keys))
        counts: list[int] = np.bincount(places, minlength=len(found)).tolist()
        return cls(list(found.values()), places, counts)


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch with one verdict per record, in order, under one revision of the rule set."""

    batch: Batch
    events: Events
    verdicts: Sequence[Verdict]
    revision: str
    times: Times = Times()
    _different: list[Different] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def different(self) -> Different:
        """Return the different verdicts; found once, by whoever asks first."""
        if not self._different:
            self._different.append(Different.of(self.verdicts))
        return self._different[0]

    def take(self, rows: Sequence[int]) -> Judged:
        """Return some of the records with their verdicts; the rows are given in rising order."""
        verdicts = [self.verdicts[row] for row in rows]
        return Judged(self.batch.take(rows), self.events.take(rows), verdicts, self.revision, self.times)
