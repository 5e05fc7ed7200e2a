"""What was concluded about an event: its label and the rules that fired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import msgspec

from tocsin.model.event import Event, Rejected
from tocsin.model.record import Batch


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


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What was concluded about one record: exactly one of `event` and `rejected` is set."""

    label: Label
    detections: tuple[Detection, ...]
    event: Event | None = None
    rejected: Rejected | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A batch with one verdict per record, in order, under one revision of the rule set."""

    batch: Batch
    verdicts: Sequence[Verdict]
    revision: str
