"""Finds what `tocsin explain` is asked about: one event in a file or in the results, and one rule."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tocsin.decode import decode
from tocsin.errors import SettingsError, nearest
from tocsin.model import Batch, Event, Rejected, Stream
from tocsin.results.detection import StoredDetection, find_detection
from tocsin.results.location import Where
from tocsin.rules import Rule, RuleSet
from tocsin.sources.files import RecordedFiles


@dataclass(frozen=True, slots=True)
class Found:
    """The event that is asked about.

    Attributes:
        place: where it lies, for a human.
        alone: whether nothing comes after it, where no line was named.
    """

    event: Event
    place: str
    alone: bool = True


def event_at(place: str, shape: str | None, stdin: IO[bytes]) -> Found:
    """Return the event at `FILE:LINE`, or the first one of `FILE`; `-` is standard input.

    What lies in an archive is `ARCHIVE!ENTRY:LINE`, as `tocsin scan` writes it.

    Raises:
        SettingsError: there is no such file or line, or what is there is no event.
    """
    name, line = _split(place)
    archive, inside, _ = name.partition("!")
    file = name if Path(name).exists() or not inside else archive
    for batch in RecordedFiles([file], stdin).batches():
        if name not in {file, batch.stream.name}:
            continue
        rows = range(len(batch)) if line is None else [r for r, at in enumerate(batch.offsets) if at == line]
        if rows:
            row = rows[0]
            event = _decoded(batch, row, shape)
            where = f"{batch.stream.name}:{batch.offsets[row]}"
            return Found(event, where, alone=line is not None or len(batch) == 1)
    raise SettingsError(
        f"{place}: no such record" if line is not None else f"{name}: holds no records",
        "lines (of JSON arrays and EVTX files, records) are counted from 1",
    )


def stored_event(results: Where, detection_id: str, shape: str | None) -> tuple[Found, StoredDetection]:
    """Return the event of a stored detection, and the detection.

    Raises:
        SettingsError: there is no such detection, or its event was not kept.
        StreamError: the results cannot be read.
    """
    stored = find_detection(results, detection_id)
    if stored is None:
        raise SettingsError(
            f"detection {detection_id!r}: not in {results}", "the id is detection_id in what workers publish"
        )
    return kept_event(stored, detection_id, shape), stored


def kept_event(stored: StoredDetection, detection_id: str, shape: str | None) -> Found:
    """Return the event of a stored detection, decoded from what was kept of it.

    Raises:
        SettingsError: its event was not kept, or is none for this version.
    """
    if stored.raw is None:
        raise SettingsError(
            f"detection {detection_id!r}: its event was not kept",
            "run 'tocsin detect --keep-events all' to keep those of informational rules too,"
            " or name the event with --event FILE:LINE",
        )
    when = -1 if stored.record_time is None else round(stored.record_time.timestamp() * 1_000)
    stream = Stream("topic", stored.topic, stored.topic)
    batch = Batch(stream, [stored.partition], [stored.offset], [when], [None], [stored.raw], [()])
    return Found(_decoded(batch, 0, shape, stored.event_id), stored.place)


def rule_called(rules: RuleSet, rule_id: str) -> Rule:
    """Return the rule of an id, or of enough of its beginning to tell it from others.

    Raises:
        SettingsError: there is none, or more than one.
    """
    wanted = rule_id.lower()
    matching = [rule for rule in rules.rules if rule.id.startswith(wanted)]
    if len(matching) == 1:
        return matching[0]
    if matching:
        listed = ", ".join(rule.id for rule in matching[:5])
        raise SettingsError(f"rule {rule_id!r}: {len(matching)} ids begin like this", f"such as {listed}")
    for entry in rules.report:
        if entry.id and entry.id.startswith(wanted):
            raise SettingsError(f"rule {rule_id!r}: is {entry.status}: {entry.reason}", f"see {entry.source}")
    hint = nearest(wanted, rules.by_id) or "see: tocsin rules list"
    raise SettingsError(f"rule {rule_id!r}: no such rule among the {len(rules.rules):,} loaded", hint)


def _split(place: str) -> tuple[str, int | None]:
    """Return file and line; a colon may be part of the file's name."""
    name, colon, line = place.rpartition(":")
    if colon and line.isdecimal() and not Path(place).exists():
        return name, int(line)
    return place, None


def _decoded(batch: Batch, row: int, shape: str | None, event_id: str = "") -> Event:
    """Return the event in one row of a batch."""
    record = batch.record(row)
    alone = Batch(
        record.stream,
        [record.partition],
        [record.offset],
        [record.timestamp],
        [record.key],
        [record.value],
        [record.headers],
        {0: batch.faults[row]} if row in batch.faults else {},
    )
    found = decode(alone, shape)[0]
    if isinstance(found, Rejected):
        where = f"{record.stream.name}:{record.offset}"
        raise SettingsError(f"{where}: is no event: {found.reason.value}: {found.detail}")
    if event_id and event_id != found.event_id:  # it came in a header, which is not kept
        return Event(event_id, *(getattr(found, name) for name in Event.__struct_fields__[1:]))
    return found
