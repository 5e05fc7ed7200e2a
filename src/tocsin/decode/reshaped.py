"""What a product's event is for rules, on its way from the object to the event."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.model import LogSource


@dataclass(frozen=True, slots=True)
class Reshaped:
    """The fields of an event, and which log it is from.

    Attributes:
        fields: the event's own, with Sigma's beside them.
        time: when it happened, if its own fields do not have it.
    """

    fields: dict[str, object]
    source: LogSource
    time: object = None
