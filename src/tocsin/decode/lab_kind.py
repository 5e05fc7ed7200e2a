"""The lab's events as columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, cast

import msgspec

from tocsin.decode.ids import own_ids
from tocsin.decode.kinds import Part, Share, Wanted, share_of
from tocsin.decode.lab import LOGSOURCES, TEXTS, WINDOWS, image
from tocsin.decode.names import LAB
from tocsin.decode.plans import BODY_ID, SCALAR, Absent, decoder, dotted, signs_before, struct
from tocsin.decode.views import Column, Place, View, is_empty, places_by
from tocsin.model import Events, LogSource

_LAB_NAMES = {sigma: lab for lab, sigma in LAB.items()}


class LabKind:
    """Events of the lab.

    Args:
        wanted: which fields are read.
        sources: the log sources that there are; events of others are odd.
        present: names that were seen with a value; events with values of other names do not fit.
    """

    def __init__(self, wanted: Wanted, sources: Iterable[LogSource], present: Collection[str]) -> None:
        self._fields = {source: wanted(source, ()) for source in sources}
        types: dict[str, object] = {BODY_ID[1]: str | None, "event_type": str, "timestamp": str}
        types |= dict.fromkeys(TEXTS, str | None) | dict.fromkeys(signs_before("event_type"), Absent)
        for field in sorted(frozenset().union(*self._fields.values())):
            for name in dotted(field):
                types.setdefault(name, SCALAR if name in present else None)
        self.row = struct("Lab", types)
        self.decode = decoder(self.row)
        self.taken: Callable[[Iterator[msgspec.Struct]], Iterator[object]] = iter  # most fields are absent
        self.width = 1
        self._getters: dict[Place, Callable[[msgspec.Struct], object]] = {
            ("", name): attrgetter(field)
            for name, field in zip(types, self.row.__struct_fields__, strict=True)
        }
        self._absent = {("", name) for name, kind in types.items() if kind is None}

    def _column_of(self, found: Sequence[msgspec.Struct]) -> Callable[[Place], Column]:
        """Return what takes a column out; most fields are absent, so each is taken alone."""
        return lambda place: list(map(self._getters[place], found))

    def read(self, rows: Sequence[int], found: Sequence[msgspec.Struct]) -> tuple[Part, Sequence[int]]:
        """Return what decoded records say; see `Kind`."""
        view = View(self._column_of(found), len(rows), self._absent)
        ids = own_ids(view.at(BODY_ID))
        types = cast(Sequence[str], _column(view, "event_type"))
        source_of = {kind: LOGSOURCES.get(kind, WINDOWS) for kind in set(types) if kind}
        strange = {kind for kind in set(types) if source_of.get(kind) not in self._fields}
        odd = _odd(view, ids)
        if strange:
            odd.update(place for place, kind in enumerate(types) if kind in strange)
        if odd:
            kept = [place for place in range(len(rows)) if place not in odd]
            rest, others = self.read([rows[place] for place in kept], [found[place] for place in kept])
            return rest, [*(rows[place] for place in sorted(odd)), *others]
        times = cast(Sequence[str], _column(view, "timestamp"))
        users, hosts, addresses = (_texts(_column(view, name)) for name in ("user", "host", "source_ip"))
        shares = []
        for source, places in places_by(types, source_of).items():
            columns = {name: _final(view, name) for name in self._fields[source]}
            shares.append(share_of(Share(source, (), rows, columns), places))
        sources = list(map(source_of.__getitem__, types))
        return Part(rows, Events(ids, times, users, hosts, addresses, types, sources), shares), ()


def _column(view: View, name: str) -> Column:
    return view.at(("", name))


def _texts(column: Column) -> Sequence[str]:
    return cast(Sequence[str], column if all(column) else [value or "" for value in column])


def _final(view: View, field: str) -> Column:
    """Return the column of a field, by Sigma's name or by the lab's; see `tocsin.decode.lab`."""
    if field in _LAB_NAMES:
        return view.first((("", field), ("", _LAB_NAMES[field])))
    own = _column(view, field)
    if field != "Image" or all(own):
        return own
    names = _column(view, "process_name")
    if not is_empty(own):
        return [image(name) if value is None else value for value, name in zip(own, names, strict=True)]
    return [name if name is None or "\\" in name else "\\" + name for name in cast(Sequence[Any], names)]


def _odd(view: View, ids: Sequence[str]) -> set[int]:
    """Return the places of what has no id or time that is one."""
    given = view.at(BODY_ID)
    odd: set[int] = set()
    if not all(ids):
        odd.update(place for place, own in enumerate(ids) if not own and given[place] is not None)
    return odd | _no_times(_column(view, "timestamp"))


def _no_times(times: Column) -> set[int]:
    try:
        deque(map(datetime.fromisoformat, times), maxlen=0)  # type: ignore[arg-type]  # texts
    except ValueError:
        return {place for place, time in enumerate(times) if not _is_time(time)}
    return set()


def _is_time(text: object) -> bool:
    try:
        datetime.fromisoformat(text)  # type: ignore[arg-type]  # a text
    except ValueError:
        return False
    return True
