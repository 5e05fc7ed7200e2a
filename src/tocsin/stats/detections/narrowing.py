"""Which of the flat detections are meant: what a person chose, as a condition."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from tocsin.model import Level

NARROWED = "detections"
"""The table that the conditions speak of."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A choice of detections; what is empty narrows nothing, and of several values one must hold.

    Attributes:
        since, until: when they happened; the end is no part of it.
        techniques: a technique stands for its sub-techniques too.
        text: is in the title, the host, the user or a matched value, in any case of letters.
    """

    since: datetime | None = None
    until: datetime | None = None
    levels: tuple[Level, ...] = ()
    tactics: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    text: str = ""


@dataclass(slots=True)
class Condition:
    """A condition of SQL, and the values in it by name."""

    parts: list[str] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)

    def add(self, part: str, **values: object) -> None:
        """Add what has to hold as well."""
        self.parts.append(part)
        self.values.update(values)

    @property
    def where(self) -> str:
        """Return the clause; empty when nothing has to hold."""
        return f"WHERE {' AND '.join(self.parts)}" if self.parts else ""


def condition_of(chosen: Narrowing) -> Condition:
    """Return what has to hold of a row of `detections`."""
    made = Condition()
    if chosen.since is not None:
        made.add("moment >= $since", since=microseconds(chosen.since))
    if chosen.until is not None:
        made.add("moment < $until", until=microseconds(chosen.until))
    _add_rules(made, chosen)
    for column, names in (("host_no", chosen.hosts), ("user_no", chosen.users)):
        if names:
            made.add(
                f"{column} IN (SELECT no FROM names WHERE name IN (SELECT unnest(${column})))",  # noqa: S608 - one of two
                **{column: list(names)},
            )
    if chosen.text:
        made.add(_TEXT, text=chosen.text)
    return made


def microseconds(time: datetime) -> int:
    """Return a time as microseconds since 1970; without a zone it is UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    since = aware - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TEXT = """(
    contains("text", lower($text))
    OR rule_no IN (SELECT no FROM rules WHERE contains(lower(rule_title), lower($text)))
    OR host_no IN (SELECT no FROM names WHERE contains(lower(name), lower($text)))
    OR user_no IN (SELECT no FROM names WHERE contains(lower(name), lower($text)))
)"""


def _add_rules(made: Condition, chosen: Narrowing) -> None:
    """Add what is known of a detection by its rule: there are few rules, so they are chosen first."""
    parts: list[str] = []
    if chosen.levels:
        parts.append('list_contains($levels, "level")')
        made.values["levels"] = [int(level) for level in chosen.levels]
    if chosen.tactics:
        parts.append("list_has_any(tactics, $tactics)")
        made.values["tactics"] = list(chosen.tactics)
    if chosen.techniques:
        parts.append(
            "(list_has_any(techniques, $techniques)"
            " OR list_has_any(list_transform(techniques, lambda t: split_part(t, '.', 1)), $techniques))"
        )
        made.values["techniques"] = list(chosen.techniques)
    if chosen.rules:
        parts.append("list_contains($rules, rule_id)")
        made.values["rules"] = list(chosen.rules)
    if parts:
        made.add(f"rule_no IN (SELECT no FROM rules WHERE {' AND '.join(parts)})")  # noqa: S608 - made of constants
