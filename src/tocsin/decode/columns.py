"""A batch of records to columns: of each event only what rules read, equal to what `decode` gives for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tocsin.decode.batch import decode, decode_row
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.model import Batch, Event, Events, LogSource, Rejected

Constants = tuple[tuple[str, object], ...]
"""Fields that have this very value in all events of a group, by name in rising order."""

Wanted = Callable[[LogSource, Constants], frozenset[str]]
"""Which fields the rules for such events read; asked once per kind of events, and then remembered."""

COMPOSITE: object = object()
"""Stands in a column where the value is not one scalar: a list, an object, or within one. See the event."""

MOST_KINDS = 2_000
"""Log sources with constants that are told apart before it starts anew; real traffic has some hundreds."""

_CONSTANT = (("Channel", str), ("EventID", int), ("Provider_Name", str))
"""Fields that tell kinds of Windows events apart."""


@dataclass(frozen=True, slots=True)
class Group:
    """Events of one batch with one log source and the same constants; a batch may have several such groups.

    Attributes:
        rows: of the events in the batch, rising.
        columns: wanted field -> one value per event: a text, a number, a boolean, None where the field is
            missing or null, or `COMPOSITE`.
        event_ids: one per event.
    """

    logsource: LogSource
    constants: Constants
    rows: Sequence[int]
    columns: Mapping[str, Sequence[object]]
    event_ids: Sequence[str]
    batch: Batch
    shape: str | None
    limits: Limits

    def event(self, index: int) -> Event:
        """Return the event at a place of the columns in full, decoded anew."""
        found = decode_row(self.batch, self.rows[index], self.event_ids[index], self.shape, self.limits)
        assert isinstance(found, Event), "only events are in groups"
        return found


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a batch's records are.

    Attributes:
        events: one entry per record.
        rejected: row -> why its record is not an event.
        groups: every other row is in exactly one of them.
    """

    events: Events
    rejected: Mapping[int, Rejected]
    groups: Sequence[Group]


class ColumnDecoder:
    """Decodes batches, and remembers what it learnt about kinds of events.

    Args:
        wanted: which fields are read.
        shape: the name of the shape that all records have; None to recognise it record by record.
        limits: what is beyond is rejected.
    """

    def __init__(self, wanted: Wanted, shape: str | None = None, limits: Limits = DEFAULT) -> None:
        self._wanted = wanted
        self._shape = shape
        self._limits = limits
        self._known: dict[tuple[LogSource, Constants], frozenset[str]] = {}

    def decode(self, batch: Batch) -> Decoded:
        """Return what the records are. No record makes it raise.

        Raises:
            SettingsError: there is no shape of the name given.
        """
        outcomes = decode(batch, self._shape, self._limits)
        events = Events.of(outcomes)
        rejected = {row: found for row, found in enumerate(outcomes) if isinstance(found, Rejected)}
        kinds: dict[tuple[LogSource, Constants], list[int]] = defaultdict(list)
        for row, found in enumerate(outcomes):
            if isinstance(found, Event):
                kinds[found.logsource, _constants(found)].append(row)
        groups = []
        for (logsource, constants), rows in kinds.items():
            members = [outcomes[row] for row in rows]
            columns = {
                name: [column_value(event.fields, name) for event in members if isinstance(event, Event)]
                for name in self._fields(logsource, constants)
            }
            ids = [events.ids[row] for row in rows]
            groups.append(Group(logsource, constants, rows, columns, ids, batch, self._shape, self._limits))
        return Decoded(events, rejected, groups)

    def _fields(self, logsource: LogSource, constants: Constants) -> frozenset[str]:
        found = self._known.get((logsource, constants))
        if found is None:
            if len(self._known) >= MOST_KINDS:
                self._known.clear()
            found = self._known[logsource, constants] = self._wanted(logsource, constants)
        return found


def _constants(event: Event) -> Constants:
    if event.logsource.product != "windows":
        return ()
    return tuple(
        [(name, event.fields[name]) for name, kind in _CONSTANT if type(event.fields.get(name)) is kind]
    )


def column_value(fields: Mapping[str, object], name: str) -> object:
    """Return what stands in the column of a field, given the fields of an event."""
    if name in fields:
        value = fields[name]
        return value if value is None or isinstance(value, str | int | float) else COMPOSITE
    head, dot, rest = name.partition(".")
    while dot:
        if isinstance(fields.get(head), dict | list):
            return COMPOSITE
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None
