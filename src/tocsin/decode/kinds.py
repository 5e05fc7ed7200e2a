"""A kind of events: a type that only they fit, and the way from it to the columns that rules read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from operator import attrgetter
from typing import Any, Protocol, cast

from tocsin.decode.coded import Column, each, listed, recoded
from tocsin.decode.ids import own_ids
from tocsin.decode.logsources import Log
from tocsin.decode.plans import BODY_ID, FlatPlan, NestedPlan, Plan
from tocsin.decode.repairs import Repair, may_lose_type, repairs_of, says_type
from tocsin.decode.samples import ADDRESS, ID_IN_ELEMENT, MOST_VARIANTS, TIME, TYPE, USER, Sample, flat
from tocsin.decode.scans import Scan, Scanning, Taken
from tocsin.decode.shapes import WINLOG
from tocsin.decode.views import (
    Memo,
    Nothing,
    OfCodes,
    View,
    constant,
    is_empty,
    is_full,
    merged,
    parts_of,
    picker,
    texts,
)
from tocsin.decode.windows import address_in, address_names, event_type, kept_log_of, user_in, user_names
from tocsin.decode.winlog import LEVEL
from tocsin.model import Events, LogSource

Constants = tuple[tuple[str, object], ...]
"""Fields that have this very value in all events of a group, by name in rising order."""

Wanted = Callable[[LogSource, Constants], frozenset[str]]
"""Which fields the rules for such events read; asked once per kind of events, and then remembered."""


@dataclass(frozen=True, slots=True)
class Share:
    """Events with one log source and the same constants.

    Attributes:
        rows: of the batch, rising.
        columns: by wanted field, with one entry per event.
    """

    logsource: LogSource
    constants: Constants
    rows: Sequence[int]
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Part:
    """Events of a kind.

    Attributes:
        rows: of the batch, rising.
        events: one entry per event; an id is empty where the body does not give it.
        shares: each event is in one of them.
    """

    rows: Sequence[int]
    events: Events
    shares: Sequence[Share]


class Kind(Protocol):
    """Reads the records that fit its type."""

    scan: Scan

    def read(self, rows: Sequence[int], taken: Taken) -> tuple[Part, Sequence[int]]:
        """Return what records say, and rows of odd ones, which have to be decoded plainly.

        Args:
            rows: where they are in the batch, rising.
            taken: what was taken out of them.
        """


class WindowsKind:
    """Events of one Windows log with one id, written the same way.

    Args:
        sample: what is known of them.
        there: under which names they were seen to have data, in order.
        wanted: which fields are read.
        scanning: goes over the records.

    Attributes:
        scan: takes out of records what is read.
        present, absent: the names that are looked at: those with data, and those that events do not have.
    """

    def __init__(self, sample: Sample, there: Collection[str], wanted: Wanted, scanning: Scanning) -> None:
        key = sample.key
        self._service, self._number = key.service, key.number
        providers = sorted(sample.providers) if len(sample.providers) <= MOST_VARIANTS else []
        names = {"EventID": key.names[0], "Channel": key.names[1]}
        if providers and key.names[2]:
            names["Provider_Name"] = key.names[2]
        is_flat = key.shape == WINLOG.name
        self._plan: Plan = (
            FlatPlan(names, sample.depths)
            if is_flat
            else NestedPlan(has_element=key.names[0] == ID_IN_ELEMENT)
        )
        self._repairs = {one.field: one for one in repairs_of(key.service, key.number)}
        if is_flat:
            self._repairs["Level"] = LEVEL
        self._must_have_type = may_lose_type(key.service, key.number) and sample.depths.get(TYPE) == 1
        if self._must_have_type:
            del self._repairs["EventType"]
        channels = sorted(sample.channels)[:MOST_VARIANTS]
        self._logs = {channel: kept_log_of(channel, "") for channel in channels}
        self._plan.fix("EventID", sorted(sample.numbers, key=str)[:MOST_VARIANTS])
        self._channel = self._plan.fix("Channel", channels)
        self._provider = self._plan.fix("Provider_Name", providers) if len(names) == 3 else None
        self._providers: list[str] = providers if self._provider else []
        named: list[str | None] = [*self._providers] or [None]
        self._fields = {
            (source, constants): wanted(source, constants)
            for channel, provider in product(channels, named)
            for constants in [self._constants(channel, provider)]
            for source in _sources(self._logs[channel], key.number)
        }
        self._known_groups: dict[tuple[LogSource, Constants], _Group] = {}
        self._group_of = Memo(self._group)
        self._is_typed = any(log.by_event_type.get(key.number) for log in self._logs.values())
        self._set_out(sample, there, scanning)
        tells = len(self._logs) > 1 or len(self._providers) > 1 or self._is_typed
        self._only = None if tells else self._group(None, None, None)

    def _set_out(self, sample: Sample, there: Collection[str], scanning: Scanning) -> None:
        """Let the plan know all that is read, and make the type."""
        plan, depths = self._plan, sample.depths
        users, addresses = user_names(self._service, self._number), address_names(self._service)
        user, address = flat(users[: depths[USER]]), addresses[: depths[ADDRESS]]
        self._must_have_user = depths[USER] < len(users)
        self._must_have_address = depths[ADDRESS] < len(addresses)
        needed = {"Computer", *user, *address, *(["EventType"] * (self._is_typed or self._must_have_type))}
        needed = needed.union(*self._fields.values())
        reads = [name for field in needed if field in self._repairs for name in self._repairs[field].reads]
        self._places = {field: plan.source(field) for field in sorted(needed.union(reads))}
        self._times = plan.read_times(depths.get(TIME, 0))
        form = plan.form(dict.fromkeys(there), scanning)
        self.scan = form.scan
        self.present, self.absent, self._absent = form.present, form.unseen, form.absent
        self._leave_out_absent()
        self._partial = [places for field, places in self._places.items() if plan.is_partial(field)]
        self._user_names = tuple(filter(self._may_have, user))
        self._address_names = tuple(filter(self._may_have, address))
        self._users = Memo(
            lambda *row: user_in(self._service, self._number, dict(zip(self._user_names, row, strict=True)))
        )
        self._addresses = Memo(
            lambda *row: address_in(self._service, dict(zip(self._address_names, row, strict=True)))
        )

    def _leave_out_absent(self) -> None:
        """Look at no places where nothing stands, and make no repairs from them."""
        self._places = {
            field: tuple([place for place in places if place not in self._absent]) or places[:1]
            for field, places in self._places.items()
        }
        self._made_anew = {
            field: repair
            for field, repair in self._repairs.items()
            if field in self._places
            and (any(map(self._stands, repair.reads)) or repair.give(*[None] * len(repair.reads)) is not None)
        }
        self._given = {field: OfCodes(repair.give) for field, repair in self._made_anew.items()}

    def _stands(self, field: str) -> bool:
        return self._places[field][0] not in self._absent

    def _may_have(self, field: str) -> bool:
        return field in self._made_anew or self._stands(field)

    def read(self, rows: Sequence[int], taken: Taken) -> tuple[Part, Sequence[int]]:
        """Return what records say; see `Kind`."""
        view = View(taken.column, len(rows), self._absent)
        fields: dict[str, Column] = {}
        timestamps = self._times(view)
        users = self._said(self._users, view, fields, self._user_names)
        addresses = self._said(self._addresses, view, fields, self._address_names)
        odd = self._odd(view, timestamps, users, addresses)
        if odd:
            kept = [place for place in range(len(rows)) if place not in odd]
            rest, others = self.read([rows[place] for place in kept], taken.at(kept))
            return rest, [*(rows[place] for place in sorted(odd)), *others]
        parts, types, sources = self._parts(view, fields)
        hosts = texts(view.first(self._places["Computer"]))
        events = Events(
            own_ids(listed(view.at(BODY_ID))), timestamps, users, hosts, addresses, types, sources
        )
        shares = []
        for group, places in parts:
            columns = {name: self._final(view, fields, name) for name in group.fields}
            whole = Share(group.source, group.constants, rows, columns)
            shares.append(share_of(whole, places) if places else whole)
        return Part(rows, events, shares), ()

    def _said(
        self, memo: Memo[str], view: View, fields: dict[str, Column], names: Sequence[str]
    ) -> Sequence[str]:
        """Return what is said in some fields of each event."""
        return listed(memo.column([self._final(view, fields, name) for name in names], view.count))

    def _odd(
        self, view: View, timestamps: Sequence[str], users: Sequence[str], addresses: Sequence[str]
    ) -> set[int]:
        """Return the places of events that do not say something in the names that are looked at."""
        odd = set(_empty(timestamps))
        if self._must_have_user:
            odd.update(_empty(users))
        if self._must_have_address:
            odd.update(_empty(addresses))
        if self._must_have_type:
            types = view.first(self._places["EventType"])
            lost = {value for value in set(types) if not says_type(value)}
            if lost:
                odd.update(place for place, value in enumerate(types) if value in lost)
        for places in self._partial:
            odd.update(_missing(view.first(places)))
        return odd

    def _final(self, view: View, fields: dict[str, Column], field: str) -> Column:
        """Return the column of a field as events have it, after repairs."""
        column = fields.get(field)
        if column is None:
            column = fields[field] = self._made(view, field)
        return column

    def _made(self, view: View, field: str) -> Column:
        if field == "EventID":
            return constant(self._number, view.count)
        own = view.first(self._places[field])
        repair = self._made_anew.get(field)
        if repair is None:
            return own
        reads = [view.first(self._places[name]) for name in repair.reads]
        given = _given(repair, self._given[field], reads, view.count)
        if is_empty(given):
            return own
        return given if is_full(given) else merged(given, own)

    def _parts(
        self, view: View, fields: dict[str, Column]
    ) -> tuple[Sequence[tuple[_Group, Sequence[int]]], Sequence[str], Sequence[LogSource]]:
        """Return the groups, each with the places of its events (none if it is the only one).

        Returns:
            also of each event its type and its log source.
        """
        group = self._only
        if group is None or not view.count:
            groups = self._groups(view, fields)
            parts = parts_of(groups)
            if len(parts) != 1:
                return parts, each(groups, _EVENT_TYPE), each(groups, _SOURCE)
            ((group, _),) = parts
        return [(group, ())], constant(group.event_type, view.count), constant(group.source, view.count)

    def _groups(self, view: View, fields: dict[str, Column]) -> Sequence[_Group]:
        """Return of each event the group that it is in."""
        none = Nothing((None,) * view.count)
        channels = view.at(self._channel) if len(self._logs) > 1 else none
        providers = view.at(self._provider) if self._provider and len(self._providers) > 1 else none
        types = self._final(view, fields, "EventType") if self._is_typed else none
        return self._group_of.column([channels, providers, types], view.count)

    def _group(self, channel: Any, provider: Any, kind: Any) -> _Group:  # noqa: ANN401 - what records have
        """Return the group of events, given what tells their log source; None for what does not tell it."""
        if channel is None:
            channel = next(iter(self._logs))
        if provider is None and self._providers:
            provider = self._providers[0]
        log = self._logs[channel]
        source, constants = log.source_of(self._number, kind), self._constants(channel, provider)
        kept = self._known_groups.get((source, constants))
        if kept is None:
            name, fields = event_type(log, self._number, source), self._fields[source, constants]
            kept = self._known_groups[source, constants] = _Group(source, constants, name, fields)
        return kept

    def _constants(self, channel: str, provider: str | None) -> Constants:
        found = {"Channel": channel, "EventID": self._number, "Provider_Name": provider}
        return tuple([(k, v) for k, v in found.items() if v is not None and k not in self._repairs])


def share_of(whole: Share, places: Sequence[int]) -> Share:
    """Return the events at some places."""
    if len(places) == len(whole.rows):
        return whole
    pick = picker(places)
    none = Nothing((None,) * len(places))
    columns = {
        name: none if isinstance(column, Nothing) else pick(column) for name, column in whole.columns.items()
    }
    return Share(whole.logsource, whole.constants, cast(Sequence[int], pick(whole.rows)), columns)


def _empty(texts: Sequence[str]) -> Iterable[int]:
    return () if all(texts) else (place for place, text in enumerate(texts) if not text)


def _missing(column: Column) -> Iterable[int]:
    return () if is_full(column) else (place for place, value in enumerate(column) if value is None)


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Events of a kind with one log source and the same constants.

    Attributes:
        event_type: what they are called.
        fields: that are read.
    """

    source: LogSource
    constants: Constants
    event_type: str
    fields: frozenset[str]


_EVENT_TYPE: Callable[[_Group], str] = attrgetter("event_type")
_SOURCE: Callable[[_Group], LogSource] = attrgetter("source")


def _sources(log: Log, number: int) -> Iterator[LogSource]:
    """Yield what events of a log with an id can be."""
    yield log.source_of(number, None)
    yield from log.by_event_type.get(number, {}).values()


def _given(repair: Repair, of_codes: OfCodes[object], reads: Sequence[Column], count: int) -> Column:
    told = [place for place, column in enumerate(reads) if not is_empty(column)]
    if not told:
        return constant(repair.give(*[None] * len(reads)), count)
    found = of_codes.column(reads, told, count)
    if found is not None:
        return found
    if len(reads) == 1:
        given = {value: repair.give(value) for value in set(reads[0])}
        return list(map(given.__getitem__, reads[0]))
    return recoded(list(map(repair.give, *reads)))
