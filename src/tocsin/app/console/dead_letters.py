"""The records that could not be events, with the reason: the newest first, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from tocsin.app.console import cursors
from tocsin.app.console.answers import answered
from tocsin.app.console.context import Asked
from tocsin.app.console.record_view import Encoding, shown
from tocsin.results import dead_letters
from tocsin.results.dead_letter_pages import Mark, Wanted, page_of
from tocsin.results.table import DEAD_LETTERS

router = APIRouter(prefix="/api/dead-letters", tags=["dead letters"])

LONGEST = 64 * 1024
"""Bytes of a value that are shown: a page has up to 500."""


@dataclass(frozen=True, slots=True)
class DeadLetterView:
    """A record that is not an event.

    Attributes:
        reason: the kind of fault.
        detail: one sentence.
        record_time: Kafka's; null where it had none.
        stored_time: when the worker put it aside.
        value: as text, or in base64 as `encoding` says; null for a tombstone, and where it was not kept.
        value_bytes: of the whole value; null where an older version has not noted it.
        truncated: only the begin of the value is shown.
        value_sha256: where the value was too much to keep.
        replayed_time: when it was sent again; null when it was not.
    """

    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    record_time: datetime | None
    stored_time: datetime
    value: str | None
    encoding: Encoding
    value_bytes: int | None
    truncated: bool
    value_sha256: str | None
    replayed_time: datetime | None


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """A page.

    Attributes:
        reasons: reason -> how many there are in all, most first.
        complete: false when a text was looked for and the time was over before all were looked at.
    """

    rows: list[DeadLetterView]
    next: str | None
    reasons: dict[str, int]
    complete: bool


@router.get("", response_model=DeadLetters)
def dead_letters_(
    console: Asked,
    reason: Annotated[str, Query(max_length=100)] = "",
    q: Annotated[str, Query(max_length=1_000)] = "",
    cursor: Annotated[str, Query(max_length=1_000)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """Return dead letters: of one reason, and with a text in value or detail, if that is asked."""
    if not (console.results / DEAD_LETTERS).is_table():
        return answered(DeadLetters([], None, {}, complete=True))
    after = cursors.read(cursor, Mark) if cursor else None
    page = page_of(console.results, Wanted(reason, q, after), limit)
    return answered(
        DeadLetters(
            rows=[_view(row) for row in page.rows],
            next=None if page.next is None else cursors.written(page.next),
            reasons=dead_letters.count(console.results),
            complete=page.complete,
        )
    )


def _view(row: Mapping[str, Any]) -> DeadLetterView:
    value = row["value"]
    text, encoding = shown(value, LONGEST)
    named = ("reason", "detail", "topic", "partition", "offset", "record_time", "stored_time")
    return DeadLetterView(
        **{name: row[name] for name in named},
        value=text,
        encoding=encoding,
        value_bytes=row.get("value_bytes") if value is None else len(value),
        truncated=value is not None and len(value) > LONGEST,
        value_sha256=row.get("value_sha256"),
        replayed_time=row["replayed_time"],
    )
