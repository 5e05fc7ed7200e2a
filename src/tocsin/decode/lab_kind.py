"""The lab's events as columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from tocsin.decode.ids import are_uuids
from tocsin.decode.kinds import Constants, Part, Sorted, Wanted, part_of
from tocsin.decode.lab import LOGSOURCES, TEXTS, WINDOWS, image
from tocsin.decode.names import LAB
from tocsin.decode.plans import BODY_ID, SCALAR, Absent, columns_of, decoder, dotted, signs_before, struct
from tocsin.decode.views import Column, Place, View, places_of
from tocsin.model import LogSource
from tocsin.model.identity import is_uuid

_NO_CONSTANTS: Constants = ()

_LAB_NAMES = {sigma: lab for lab, sigma in LAB.items()}


class LabKind:
    """All events of the lab.

    Args:
        wanted: which fields are read.
    """

    def __init__(self, wanted: Wanted) -> None:
        sources = {*LOGSOURCES.values(), WINDOWS}
        self._fields = {source: wanted(source, _NO_CONSTANTS) for source in sources}
        types: dict[str, object] = {BODY_ID[1]: str | None, "event_type": str, "timestamp": str}
        types |= dict.fromkeys(TEXTS, str | None) | dict.fromkeys(signs_before("event_type"), Absent)
        for field in sorted(frozenset().union(*self._fields.values())):
            for name in dotted(field):
                types.setdefault(name, SCALAR)
        self.row = struct("Lab", types)
        self.decode = decoder(self.row)
        self._places: list[Place] = [("", name) for name in types]

    def read(self, rows: Sequence[int], found: Sequence[msgspec.Struct]) -> Sorted:
        """Return what decoded records say; see `Kind`."""
        view = View(columns_of(self._places, found), len(rows))
        odd = _odd(view)
        if odd:
            kept = [place for place in range(len(rows)) if place not in odd]
            rest = (
                self._parts([rows[place] for place in kept], [found[place] for place in kept]) if kept else []
            )
            return Sorted(rest, [rows[place] for place in sorted(odd)])
        return Sorted(self._parts_of(view, rows), [])

    def _parts(self, rows: Sequence[int], found: Sequence[msgspec.Struct]) -> list[Part]:
        return self._parts_of(View(columns_of(self._places, found), len(rows)), rows)

    def _parts_of(self, view: View, rows: Sequence[int]) -> list[Part]:
        types = _column(view, "event_type")
        said = (
            view.raw[BODY_ID],
            _column(view, "timestamp"),
            *(_texts(_column(view, name)) for name in ("user", "host", "source_ip")),
            types,
        )
        places: dict[LogSource, list[int]] = defaultdict(list)
        for kind, found in places_of(types).items():
            places[LOGSOURCES.get(kind, WINDOWS)] += found  # type: ignore[call-overload]  # a text
        parts = []
        for source, found in places.items():
            columns = {field: _final(view, field) for field in self._fields[source]}
            whole = Part(source, _NO_CONSTANTS, rows, said, columns)
            parts.append(part_of(whole, sorted(found)))
        return parts


def _column(view: View, name: str) -> Column:
    return view.raw["", name]


def _texts(column: Column) -> Column:
    return column if all(column) else [value or "" for value in column]


def _final(view: View, field: str) -> Column:
    """Return the column of a field, by Sigma's name or by the lab's; see `tocsin.decode.lab`."""
    if field in _LAB_NAMES:
        return view.first((("", field), ("", _LAB_NAMES[field])))
    own = _column(view, field)
    if field != "Image" or all(own):
        return own
    names = _column(view, "process_name")
    return [image(name) if value is None else value for value, name in zip(own, names, strict=True)]


def _odd(view: View) -> set[int]:
    """Return the places of what is no event, or has no id or time that is one."""
    ids, times, types = view.raw[BODY_ID], _column(view, "timestamp"), _column(view, "event_type")
    odd = set() if all(types) else {place for place, value in enumerate(types) if not value}
    if not are_uuids(ids):
        odd |= {place for place, value in enumerate(ids) if isinstance(value, str) and not is_uuid(value)}
    return odd | _no_times(times)


def _no_times(times: Column) -> set[int]:
    try:
        for _ in map(datetime.fromisoformat, times):  # type: ignore[arg-type]  # texts
            pass
    except ValueError:
        return {place for place, time in enumerate(times) if not _is_time(time)}
    return set()


def _is_time(text: object) -> bool:
    try:
        datetime.fromisoformat(text)  # type: ignore[arg-type]  # a text
    except ValueError:
        return False
    return True
