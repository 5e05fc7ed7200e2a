"""All numbers of a summary as one document of plain values: what programs, the console and notebooks read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from typing import Any

from tocsin.attack import catalogue
from tocsin.stats.buckets import instant
from tocsin.stats.headline import headline
from tocsin.stats.questions import OverTime, Summary
from tocsin.stats.selection import Selection
from tocsin.version import __version__

QUESTIONS = (
    *("event_types", "tactics", "techniques", "users", "hosts", "source_ips", "rules"),
    *("entities", "kill_chain"),
)


def document(found: Summary) -> dict[str, Any]:
    """Return a summary as plain values: texts, numbers, lists and mappings; times are ISO 8601 in UTC.

    Its keys: `source`, `meant` (the selection), `versions`, `span`, `headline`, `processing`, `event_types`,
    `tactics`, `techniques`, `users`, `hosts`, `source_ips`, `rules`, `entities`, `kill_chain`, `over_time`
    and `health`; each holds what the class of that name in `questions` says.
    """
    return {
        "source": found.name,
        "meant": _meant(found.meant),
        "versions": {"tocsin": __version__, "attack": catalogue().version},
        "span": _span(found),
        "headline": plain(headline(found)),
        "processing": plain(found.processing),
        **{question: plain(getattr(found, question)) for question in QUESTIONS},
        "over_time": {"bucket": found.over_time.bucket.name, "rows": time_rows(found.over_time)},
        "health": plain(found.health),
    }


def time_rows(counts: OverTime) -> list[dict[str, Any]]:
    """Return counts over time as plain values."""
    return [
        {"start": _iso(row.start), "tactic": row.tactic, "name": row.name, "count": row.count}
        for row in counts.rows
    ]


def plain(value: object) -> Any:  # noqa: ANN401 - any JSON
    """Return data as plain values."""
    if isinstance(value, datetime):
        return _iso(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def _meant(meant: Selection) -> dict[str, Any]:
    said = asdict(meant)
    return {
        **said,
        **{edge: None if said[edge] is None else _iso(instant(said[edge])) for edge in ("since", "until")},
        "hosts": list(meant.hosts),
        "level": None if meant.level is None else str(meant.level),
    }


def _span(found: Summary) -> dict[str, str] | None:
    if found.span is None:
        return None
    return {"first": _iso(instant(found.span.first)), "last": _iso(instant(found.span.last))}


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
