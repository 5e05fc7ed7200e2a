"""The nouns every room speaks of: frozen data, no behaviour beyond reading itself."""

from tocsin.model.attack import Tactic, Technique
from tocsin.model.event import NO_CATEGORY, Event, LogSource, Rejected, RejectReason
from tocsin.model.record import Batch, Headers, Record, Stream
from tocsin.model.verdict import (
    NO_LABEL,
    NOTHING,
    Detection,
    Different,
    Events,
    Judged,
    Label,
    Level,
    Verdict,
)

__all__ = [
    "NOTHING",
    "NO_CATEGORY",
    "NO_LABEL",
    "Batch",
    "Detection",
    "Different",
    "Event",
    "Events",
    "Headers",
    "Judged",
    "Label",
    "Level",
    "LogSource",
    "Record",
    "RejectReason",
    "Rejected",
    "Stream",
    "Tactic",
    "Technique",
    "Verdict",
]
