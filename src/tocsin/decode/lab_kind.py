"""The lab's events as columns."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import cast

from tocsin.decode.coded import Column, listed
from tocsin.decode.ids import own_ids
from tocsin.decode.kinds import Part, Share, Wanted, share_of
from tocsin.decode.lab import LOGSOURCES, TEXTS, WINDOWS, image
from tocsin.decode.names import LAB
from tocsin.decode.plans import BODY_ID, dotted, seen, signs_before
from tocsin.decode.scans import Scanning, Taken
from tocsin.decode.structs import SCALAR, Absent
from tocsin.decode.views import View, is_empty
from tocsin.model import Events, LogSource

_LAB_NAMES = {sigma: lab for lab, sigma in LAB.items()}

_TYPES: dict[str, object] = {
    BODY_ID[1]: str | None,
    "event_type": str,
    "timestamp": str,
    **dict.fromkeys(TEXTS, str | None),
}
"""Names that are looked at whatever the rules read, and what may stand there."""


MOST_NAMES = 24
"""Names up to which a type has all of them: two or three times as many as the lab's events have."""


class LabKind:
    """Events of the lab.

    Their type has all names that they have, read or not, where that is known: others do not fit, and so
    it need not have the many names that they lack.

    Args:
        wanted: which fields are read.
        sources: the log sources that there are; events of others are odd.
        there: names that were seen with a value, in the order of the records; events with values of other
            names that are read do not fit.
        scanning: goes over the records.
        every: all names that were seen, in that order, none with an object or an array; None where the type
            is to pass over what is not read.

    Attributes:
        scan: takes out of records what is read.
    """

    def __init__(
        self,
        wanted: Wanted,
        sources: Iterable[LogSource],
        there: Collection[str],
        scanning: Scanning,
        every: Collection[str] | None = None,
    ) -> None:
        self._fields = {source: wanted(source, ()) for source in sources}
        asked = {name for field in frozenset().union(*self._fields.values()) for name in dotted(field)}
        if every is not None and _may_be_closed(every):
            types = {name: _TYPES.get(name, SCALAR) for name in every}
            self.scan = scanning.flat(types, closed=True)
        else:
            guards = dict.fromkeys(signs_before("event_type"), Absent)
            types = seen(dict(_TYPES) | dict.fromkeys(sorted(asked), SCALAR) | guards | _TYPES, there)
            self.scan = scanning.flat(types)
        self._absent = {("", name) for name in asked.union(_TYPES) if types.get(name) in {None, Absent}}

    def read(self, rows: Sequence[int], taken: Taken) -> tuple[Part, Sequence[int]]:
        """Return what records say; see `Kind`."""
        view = View(taken.column, len(rows), self._absent)
        ids = own_ids(listed(view.at(BODY_ID)))
        types = cast(Sequence[str], listed(_column(view, "event_type")))
        source_of = {kind: LOGSOURCES.get(kind, WINDOWS) for kind in set(types) if kind}
        strange = {kind for kind in set(types) if source_of.get(kind) not in self._fields}
        odd = _odd(view, ids)
        if strange:
            odd.update(place for place, kind in enumerate(types) if kind in strange)
        if odd:
            kept = [place for place in range(len(rows)) if place not in odd]
            rest, others = self.read([rows[place] for place in kept], taken.at(kept))
            return rest, [*(rows[place] for place in sorted(odd)), *others]
        times = cast(Sequence[str], listed(_column(view, "timestamp")))
        users, hosts, addresses = (
            _texts(listed(_column(view, name))) for name in ("user", "host", "source_ip")
        )
        shares = []
        sources = list(map(source_of.__getitem__, types))
        for source in dict.fromkeys(source_of.values()):
            places = [place for place, own in enumerate(sources) if own is source]
            columns = {name: _final(view, name) for name in self._fields[source]}
            shares.append(share_of(Share(source, (), rows, columns), places))
        return Part(rows, Events(ids, times, users, hosts, addresses, types, sources), shares), ()


def _may_be_closed(every: Collection[str]) -> bool:
    """Say whether events with these names and no others are the lab's."""
    names = set(every)
    return {"event_type", "timestamp"} <= names and names.isdisjoint(signs_before("event_type"))


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
    images = {name: image(name) for name in set(names)}
    return list(map(images.__getitem__, names))


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
