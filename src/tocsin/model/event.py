"""A decoded record, or the reason why it could not be one.

`Event` is a msgspec struct, not a dataclass: one is made per record, and a frozen dataclass takes six times
as long to construct.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec


@dataclass(frozen=True, slots=True)
class LogSource:
    """Sigma's triple that says which log an event was written to, or a rule reads; None is "not said".

    Of an event that is known to belong to no category, such as a logon, the category is `NO_CATEGORY`.
    """

    product: str | None = None
    category: str | None = None
    service: str | None = None


NO_CATEGORY = "-"
"""A category that no rule names: the event is not what any rule with a category is about."""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One security event, whatever shape it came in.

    Attributes:
        event_id: the event's own id (a UUID in its canonical text form for the lab's events).
        timestamp: when it happened, ISO 8601, as the event wrote it.
        user, host, source_ip: who, where, from where; empty when the event does not say.
        event_type: `process_start`, `user_login`, or another shape's category.
        fields: Sigma field name -> value, as the rules read it.
        logsource: which log it was written to, as far as the event tells.
    """

    event_id: str
    timestamp: str
    user: str
    host: str
    source_ip: str
    event_type: str
    fields: Mapping[str, object]
    logsource: LogSource


class RejectReason(StrEnum):
    """Why a record is not an event; few, so that they can label a metric."""

    TOMBSTONE = "tombstone"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    NOT_AN_OBJECT = "not_an_object"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    UNKNOWN_SHAPE = "unknown_shape"
    MISSING_FIELD = "missing_field"
    BAD_FIELD = "bad_field"
    UNREADABLE = "unreadable"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be an event. Its bytes and its position stay with the batch.

    Attributes:
        reason: the kind of fault.
        detail: one sentence for a human, naming the field or the byte.
    """

    reason: RejectReason
    detail: str
