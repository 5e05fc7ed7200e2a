"""One detection with all that is known of it: its event, its rule, its techniques, and why it fired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked, Console
from tocsin.app.console.faults import Unanswered
from tocsin.app.console.narrowed import DetectionRow
from tocsin.app.explaining import Found, kept_event, rule_called
from tocsin.attack import catalogue
from tocsin.decode.shapes import shape_of
from tocsin.decode.text import parse
from tocsin.detect.explain import explain
from tocsin.detect.explanation_record import explanation_record
from tocsin.errors import SettingsError, TocsinError
from tocsin.model import Rejected
from tocsin.results.detection import StoredDetection, row_at
from tocsin.rules.text import rule_text
from tocsin.stats.detections.questions import detection

router = APIRouter(prefix="/api/detections", tags=["detections"])

LONGEST = 256 * 1024
"""Signs shown of an event, and of each of its fields."""

_COLUMNS = ("event_id", "topic", "partition", "offset", "record_time", "detections", "raw")


@dataclass(frozen=True, slots=True)
class EventView:
    """The event of a detection.

    Attributes:
        format: the shape it was read as; null when it was not kept or cannot be read any more.
        text: as it came; what is no UTF-8 is replaced by signs that say so.
        fields: as rules read them, each value as text.
        kept: whether its bytes were kept; see `--keep-events`.
    """

    format: str | None
    text: str | None
    fields: dict[str, str] | None
    kept: bool


@dataclass(frozen=True, slots=True)
class TechniqueView:
    """A technique that the rule names; `tactics` are ids."""

    id: str
    name: str
    url: str
    tactics: list[str]


@dataclass(frozen=True, slots=True)
class RuleView:
    """The rule as it is loaded now.

    Attributes:
        status: what its author says of it, such as `test`.
        yaml: its text; null when its file has gone.
        file: and line where it begins.
        changed: it was another revision when it fired.
    """

    id: str
    title: str
    level: str
    status: str
    description: str
    yaml: str | None
    file: str
    references: list[str]
    false_positives: list[str]
    changed: bool


@dataclass(frozen=True, slots=True)
class DetectionDetail:
    """A detection.

    Attributes:
        rule: null when it is not among the rules that the console has loaded.
    """

    detection: DetectionRow
    event: EventView
    techniques: list[TechniqueView]
    rule: RuleView | None


@router.get("/{detection_id}", response_model=DetectionDetail)
def detection_detail(console: Asked, detection_id: str) -> Response:
    """Return a detection with its event, its rule and its techniques."""
    known = _known(console, detection_id)
    row = _row(console, known)
    return answered(
        {
            "detection": _whole(known, row),
            "event": _event(row, detection_id),
            "techniques": techniques_of(known["techniques"]),
            "rule": _rule(console, str(known["rule_id"]), str(known["rule_revision"])),
        }
    )


@router.get("/{detection_id}/explanation")
def detection_explanation(console: Asked, detection_id: str) -> Response:
    """Return why the rule fires on the event, as `tocsin explain --format json` does; 404 says why not."""
    known = _known(console, detection_id)
    row = _row(console, known)
    if row is None:
        raise Unanswered(HTTPStatus.NOT_FOUND, "the event is not in the results any more")
    try:
        event = _found(row, detection_id).event
        rule = rule_called(console.rules.rules(), str(known["rule_id"]))
    except SettingsError as error:
        raise Unanswered(HTTPStatus.NOT_FOUND, error.problem, error.hint) from error
    return answered(explanation_record(explain(rule, event), event))


def techniques_of(ids: object) -> list[TechniqueView]:
    """Return what the catalogue says of technique ids; those that it does not know are left out."""
    assert isinstance(ids, list), "the column is one of lists"
    found = (catalogue().technique(catalogue().current(id_) or "") for id_ in ids)
    return [TechniqueView(each.id, each.name, each.url, list(each.tactics)) for each in found if each]


def _known(console: Console, detection_id: str) -> Mapping[str, Any]:
    found = detection(console.detections.store, detection_id)
    if found is None:
        raise Unanswered(
            HTTPStatus.NOT_FOUND, "there is no such detection", "was it stored a moment ago, or pruned?"
        )
    return found


def _row(console: Console, known: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the event's row in the results; None when it is not there any more."""
    place = (known["partition"], known["offset"])
    try:
        return row_at(console.results, place, known["stored_time"], _COLUMNS)
    except SettingsError:  # the results have gone
        return None


def _whole(known: Mapping[str, Any], row: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the detection with its matched values in full, as far as the results still have them."""
    fired: Sequence[Mapping[str, Any]] = (row or {}).get("detections") or ()
    for one in fired:
        if one["rule_id"] == known["rule_id"]:
            values: dict[str, list[str]] = {}
            for pair in one["matched"] or ():
                values.setdefault(pair["field"], []).append(pair["value"][:LONGEST])
            matched = {name: found[0] if len(found) == 1 else found for name, found in values.items()}
            return {**known, "matched": matched}
    return known


def _event(row: Mapping[str, Any] | None, detection_id: str) -> EventView:
    if row is None or row["raw"] is None:
        return EventView(None, None, None, kept=False)
    raw: bytes = row["raw"]
    text = raw.decode("utf-8", "replace")[:LONGEST]
    try:
        fields = _found(row, detection_id).event.fields
    except TocsinError:  # an event that this version does not read
        return EventView(None, text, None, kept=True)
    return EventView(_format(raw), text, {name: _as_text(value) for name, value in fields.items()}, kept=True)


def _format(raw: bytes) -> str | None:
    found = parse(raw)
    shape = None if isinstance(found, Rejected) else shape_of(found)
    return None if shape is None else shape.name


def _as_text(value: object) -> str:
    """Return a value as text: numbers too, of which browsers know only the first 53 bits."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "\n".join(map(_as_text, value))[:LONGEST]
    return "" if value is None else str(value)[:LONGEST]


def _found(row: Mapping[str, Any], detection_id: str) -> Found:
    time: datetime | None = row["record_time"]
    stored = StoredDetection(
        rule_id="",
        rule_title="",
        rule_revision="",
        event_id=row["event_id"],
        topic=row["topic"],
        partition=row["partition"],
        offset=row["offset"],
        record_time=time,
        raw=row["raw"],
    )
    return kept_event(stored, detection_id, None)


def _rule(console: Console, rule_id: str, revision: str) -> RuleView | None:
    try:
        rule = console.rules.rules().by_id.get(rule_id)
    except TocsinError:  # the rules that are named here are not those that fired
        return None
    if rule is None:
        return None
    return RuleView(
        id=rule.id,
        title=rule.title,
        level=str(rule.level),
        status=rule.status,
        description=rule.description,
        yaml=rule_text(console.rules.paths, rule.path, rule.line),
        file=rule.source,
        references=list(rule.references),
        false_positives=list(rule.false_positives),
        changed=rule.revision != revision,
    )
