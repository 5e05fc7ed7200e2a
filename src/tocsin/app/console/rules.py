"""The rules: what became of each file, how often each fired, what it says, and trying them on an event."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from tocsin.app.console import cursors
from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked, Console
from tocsin.app.console.faults import Unanswered
from tocsin.app.console.narrowed import DetectionRow, LevelName
from tocsin.app.console.trying import tried, tried_apart
from tocsin.app.settings import limits_of
from tocsin.rules import Rule, RuleReport, RuleSet, Status
from tocsin.rules.text import rule_text
from tocsin.stats.detections.counts import Fired, fired
from tocsin.stats.detections.narrowing import Narrowing
from tocsin.stats.detections.questions import page

router = APIRouter(prefix="/api/rules", tags=["rules"])

Standing = Literal["ok", "unsupported", "invalid"]

_RECENT = 20

_TRIES = threading.BoundedSemaphore(2)
"""Tries at a time: each may take a core for seconds."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A document in a rule file, and what became of it.

    Attributes:
        id: of the rule; of a document without one `file:line`.
        level: null for what is no rule that runs.
        reason: why it does not run, or what is to be said although it does.
        line: of the first mistake, or where it begins.
        logsource: which log it reads, in words.
        matches: detections of it that are stored.
        last_fired: when the last of them happened; null when it never fired.
    """

    id: str
    title: str | None
    level: LevelName | None
    status: Standing
    reason: str | None
    file: str
    line: int
    tactics: list[str]
    techniques: list[str]
    logsource: str | None
    matches: int
    last_fired: datetime | None


@dataclass(frozen=True, slots=True)
class RuleTotals:
    """All documents by what became of them, and all rules that run by whether they ever fired."""

    ok: int
    unsupported: int
    invalid: int
    fired: int
    never_fired: int


@dataclass(frozen=True, slots=True)
class RulePage:
    """Some rules: those that fired most first, then by level and title."""

    rows: list[RuleRow]
    next: str | None
    totals: RuleTotals


@router.get("", response_model=RulePage)
def rules_(  # noqa: PLR0913, PLR0917 - one argument per parameter is FastAPI's way
    console: Asked,
    q: Annotated[str, Query(max_length=1_000)] = "",
    status: Standing | None = None,
    level: LevelName | None = None,
    fired: bool | None = None,  # noqa: FBT001 - a parameter of the query
    cursor: Annotated[str, Query(max_length=1_000)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Return what became of every rule; `q` is in its title, id, file, techniques or tactics."""
    every = _rows(console)
    wanted = q.strip().lower()
    chosen = [
        row
        for row in every
        if (status is None or row.status == status)
        and (level is None or row.level == level)
        and (fired is None or (row.status == "ok" and (row.matches > 0) == fired))
        and (not wanted or wanted in _searched(row))
    ]
    first = max(cursors.read(cursor, int), 0) if cursor else 0
    more = len(chosen) > first + limit
    return answered(
        RulePage(
            chosen[first : first + limit], cursors.written(first + limit) if more else None, _totals(every)
        )
    )


@dataclass(frozen=True, slots=True)
class RuleDetail(RuleRow):
    """A rule with its text and what it found last.

    Attributes:
        yaml: null when its file has gone.
        recent: its newest detections.
    """

    yaml: str | None
    description: str | None
    references: list[str]
    false_positives: list[str]
    author: str | None
    date: str | None
    recent: list[DetectionRow]


@router.get("/{rule_id:path}", response_model=RuleDetail)
def rule_detail(console: Asked, rule_id: str) -> Response:
    """Return a rule; `rule_id` is an `id` of the list."""
    row = next((row for row in _rows(console) if row.id == rule_id), None)
    if row is None:
        raise Unanswered(HTTPStatus.NOT_FOUND, "there is no such rule among those that are loaded")
    rule = console.rules.rules().by_id.get(rule_id)
    text = rule_text(console.rules.paths, row.file, row.line)
    recent = page(console.detections.store, Narrowing(rules=(rule_id,)), _RECENT).rows if row.matches else []
    own = {name: getattr(row, name) for name in RuleRow.__dataclass_fields__}
    return answered(
        {
            **own,
            "yaml": text,
            "description": rule.description if rule else None,
            "references": rule.references if rule else [],
            "false_positives": rule.false_positives if rule else [],
            "author": rule.author if rule else None,
            "date": _date(text),
            "recent": recent,
        }
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """An event to try rules on.

    Attributes:
        event: one JSON object, of any shape.
        rule_id: of the only rule to try.
        rule: the text of the only rule to try; not together with `rule_id`.
    """

    event: str
    rule_id: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of an event.

    Attributes:
        rejected: why it is none: `reason` and `detail`; null when it is one.
        label: tactic and technique with their names.
        detections: as they would be stored.
        explanations: of rules that fire, and of those that come nearest; as `tocsin explain` gives them.
        notices: what is to be said about the rule, or the try.
    """

    rejected: dict[str, str] | None
    label: dict[str, str] | None
    detections: list[dict[str, Any]]
    explanations: list[dict[str, Any]]
    notices: list[str]


@router.post("/test", response_model=Tried)
def rules_test(console: Asked, trial: Trial) -> Response:
    """Try the rules, one of them, or a pasted one on an event; nothing is kept."""
    if trial.rule_id and trial.rule:
        raise Unanswered(HTTPStatus.UNPROCESSABLE_ENTITY, "name a rule or send one, not both")
    if not _TRIES.acquire(timeout=5):
        raise Unanswered(HTTPStatus.SERVICE_UNAVAILABLE, "others are trying rules", "try again in a moment")
    try:
        return answered(_tried(console, trial))
    finally:
        _TRIES.release()


def _tried(console: Console, trial: Trial) -> Mapping[str, Any]:
    if trial.rule:
        return tried_apart(console.settings, trial.rule, trial.event)
    rules = console.rules.rules()
    chosen: Sequence[Rule] = rules.rules
    if trial.rule_id:
        rule = rules.by_id.get(trial.rule_id)
        if rule is None:
            raise Unanswered(HTTPStatus.NOT_FOUND, "there is no such rule among those that run")
        chosen = [rule]
    return tried(rules, chosen, trial.event, limits_of(console.settings))


def _rows(console: Console) -> list[RuleRow]:
    found, counts = console.rules.rules(), fired(console.detections.store)
    rows = [_row(entry, found, counts) for entry in found.report]
    return sorted(rows, key=lambda row: (-row.matches, -_ORDER.get(row.level or "", -1), row.title or "~"))


_ORDER = {"informational": 0, "low": 1, "medium": 2, "high": 3, "critical": 4}


def _row(entry: RuleReport, found: RuleSet, counts: Mapping[str, Fired]) -> RuleRow:
    runs = entry.status is Status.OK
    rule = found.by_id.get(entry.id or "") if runs else None
    count = counts.get(rule.id) if rule else None
    return RuleRow(
        id=rule.id if rule else f"{entry.path}:{entry.line}",
        title=entry.title,
        level=str(rule.level) if rule else None,  # type: ignore[arg-type]  # one of the names
        status=_standing(entry.status),
        reason=entry.reason or None,
        file=entry.path,
        line=entry.line,
        tactics=list(rule.tactics) if rule else [],
        techniques=list(rule.techniques) if rule else [],
        logsource=_logsource(rule) if rule else None,
        matches=count.count if count else 0,
        last_fired=count.last if count else None,
    )


def _standing(status: Status) -> Standing:
    """Return what became of a document in one of three words: one that is there twice is invalid."""
    if status is Status.OK:
        return "ok"
    return "unsupported" if status is Status.UNSUPPORTED else "invalid"


def _logsource(rule: Rule) -> str:
    source = rule.logsource
    return " / ".join(part for part in (source.product, source.category, source.service) if part)


def _searched(row: RuleRow) -> str:
    return "\n".join([row.title or "", row.id, row.file, *row.techniques, *row.tactics]).lower()


def _totals(rows: Sequence[RuleRow]) -> RuleTotals:
    runs = [row for row in rows if row.status == "ok" and row.level is not None]
    return RuleTotals(
        ok=sum(row.status == "ok" for row in rows),
        unsupported=sum(row.status == "unsupported" for row in rows),
        invalid=sum(row.status == "invalid" for row in rows),
        fired=sum(row.matches > 0 for row in runs),
        never_fired=sum(row.matches == 0 for row in runs),
    )


def _date(text: str | None) -> str | None:
    found = re.search(r"^date:\s*['\"]?([0-9][0-9/.-]{7,9})", text or "", re.MULTILINE)
    return found[1] if found else None
