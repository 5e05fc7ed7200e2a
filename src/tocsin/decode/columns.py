"""A batch of records to columns: of each event only what rules read, equal to what `decode` gives for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tocsin.decode.batch import unknown
from tocsin.decode.gathering import Decoded, Group, put_together
from tocsin.decode.kinds import Constants, Kind, Part, Share, Wanted
from tocsin.decode.known_kinds import KnownKinds
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.scans import Scanning, Taken
from tocsin.decode.shapes import shape_named, shape_of
from tocsin.decode.text import parse
from tocsin.model import Batch, Event, Events, LogSource, Rejected
from tocsin.model.identity import is_uuid

__all__ = ["COMPOSITE", "ColumnDecoder", "Constants", "Decoded", "Group", "Wanted", "column_value"]

COMPOSITE: object = object()
"""Stands in a column where the value is not one scalar: a list, an object, or within one. See the event."""

MOST_KINDS = 2_000
"""Log sources with constants that are told apart before it starts anew; real traffic has some hundreds."""

AT_ONCE = 64
"""Records that are decoded plainly before it is seen whether others are of the kinds that they showed."""

_CONSTANT = (("Channel", str), ("EventID", int), ("Provider_Name", str))
"""Fields that tell kinds of Windows events apart."""


@dataclass(slots=True)
class _Rest:
    """What of a batch no type fits.

    Attributes:
        missed: rows for which the first guess was wrong, or that had none.
        odd: rows of events that fit a type but say less than its columns need.
        events, rejected: by row, as far as they were decoded.
    """

    missed: list[int] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    events: dict[int, Event] = field(default_factory=dict)
    rejected: dict[int, Rejected] = field(default_factory=dict)


class ColumnDecoder:
    """Decodes batches, and remembers what it learnt about kinds of events.

    A kind that was seen often enough gets a type of its own, with only what is wanted; what fits the type is
    decoded by it. Any other record is decoded plainly, and may show what the type has to be.

    Args:
        wanted: which fields are read.
        shape: the name of the shape that all records have; None to recognise it record by record.
        limits: what is beyond is rejected.
        patience: how many events of a kind are seen before it gets a type.

    Raises:
        SettingsError: there is no shape of the name given.
    """

    def __init__(
        self, wanted: Wanted, shape: str | None = None, limits: Limits = DEFAULT, patience: int = 8
    ) -> None:
        self._wanted = wanted
        self._shape = shape
        self._forced = shape_named(shape) if shape is not None else None
        self._limits = limits
        self._fields_of: dict[tuple[LogSource, Constants], frozenset[str]] = {}
        self._known = KnownKinds(self._fields, Scanning(limits), patience)

    def decode(self, batch: Batch) -> Decoded:
        """Return what the records are. No record makes it raise."""
        records = self._known.scanning.records(batch.values, batch.faults)
        rest = _Rest()
        parts = _read(self._known.scanned(records, rest.missed), rest)
        self._one_by_one(batch, records, rest, parts)
        if rest.events:
            parts.append(self._plain_part(rest.events))
        return put_together(batch, parts, rest.rejected, self._shape, self._limits)

    def _one_by_one(self, batch: Batch, records: list[bytes], rest: _Rest, parts: list[Part]) -> None:
        """Decode the rest plainly, and learn from it: of the others some may be of kinds known by then."""
        missed = sorted(rest.missed)
        while missed:
            for row in missed[:AT_ONCE]:
                self._plainly(batch, row, rest)
            later, missed = missed[AT_ONCE:], []
            if self._known.has_new:
                parts += _read(self._known.scanned_anew(records, later, missed), rest)
                missed.sort()
            else:
                missed = later
        for row in sorted(rest.odd):
            self._plainly(batch, row, rest)

    def _plainly(self, batch: Batch, row: int, rest: _Rest) -> None:
        value = batch.values[row]
        found = batch.faults.get(row) or parse(value, self._limits)
        if isinstance(found, Rejected):
            rest.rejected[row] = found
            return
        shape = self._forced or shape_of(found)
        if shape is None:
            rest.rejected[row] = unknown(found)
            return
        given = found.get("event_id")
        event_id = given if isinstance(given, str) and is_uuid(given) else ""  # others are found later
        event = shape.decode(found, event_id, batch.timestamps[row])
        if isinstance(event, Rejected):
            rest.rejected[row] = event
            return
        rest.events[row] = event
        if value is not None:
            self._known.learn(value, found, shape, event)

    def _plain_part(self, events: Mapping[int, Event]) -> Part:
        """Return the part of the events that were decoded plainly."""
        groups: dict[tuple[LogSource, Constants], list[int]] = defaultdict(list)
        rows = sorted(events)
        for row in rows:
            groups[events[row].logsource, _constants(events[row])].append(row)
        shares = []
        for (logsource, constants), members in groups.items():
            fields = [events[row].fields for row in members]
            columns = columns_of(fields, self._fields(logsource, constants))
            shares.append(Share(logsource, constants, members, columns))
        return Part(rows, Events.of([events[row] for row in rows]), shares)

    def _fields(self, logsource: LogSource, constants: Constants) -> frozenset[str]:
        found = self._fields_of.get((logsource, constants))
        if found is None:
            if len(self._fields_of) >= MOST_KINDS:
                self._fields_of.clear()
            found = self._fields_of[logsource, constants] = self._wanted(logsource, constants)
        return found


def _read(kinds: Iterable[tuple[Kind, Sequence[int], Taken]], rest: _Rest) -> list[Part]:
    """Return the parts of what was scanned; rows of odd events are put to the rest."""
    parts: list[Part] = []
    for kind, rows, taken in kinds:
        part, odd = kind.read(rows, taken)
        parts.append(part)
        rest.odd += odd
    return parts


def _constants(event: Event) -> Constants:
    if event.logsource.product != "windows":
        return ()
    return tuple(
        [(name, event.fields[name]) for name, kind in _CONSTANT if type(event.fields.get(name)) is kind]
    )


def columns_of(events: Sequence[Mapping[str, object]], names: frozenset[str]) -> dict[str, list[object]]:
    """Return a column per name, given the fields of events: only what an event has is looked at.

    Rules may read hundreds of fields of which an event has ten, most of all where its log is unknown.
    """
    columns: dict[str, list[object]] = {name: [None] * len(events) for name in names}
    led_to = _led_to(names)
    for place, fields in enumerate(events):
        for key in fields:
            for name in led_to.get(key, ()):
                columns[name][place] = column_value(fields, name)
    return columns


@lru_cache(maxsize=200)
def _led_to(names: frozenset[str]) -> dict[str, list[str]]:
    """Return the names that a key of an event may lead to: itself, and those that it begins, up to a dot."""
    found: dict[str, list[str]] = {}
    for name in names:
        parts = name.split(".")
        for count in range(1, len(parts) + 1):
            found.setdefault(".".join(parts[:count]), []).append(name)
    return found


def column_value(fields: Mapping[str, object], name: str) -> object:
    """Return what stands in the column of a field, given the fields of an event."""
    if name in fields:
        value = fields[name]
        return value if value is None or isinstance(value, str | int | float) else COMPOSITE
    found: object = None
    head, dot, rest = name.partition(".")
    while dot:
        inner = fields.get(head)
        if isinstance(inner, dict) and found is None:
            found = column_value(inner, rest)
        elif isinstance(inner, dict | list):  # several values, or several ways to one
            return COMPOSITE
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return found
