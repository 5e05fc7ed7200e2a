"""What loading rules gives: the rules that can be evaluated, and a report on everything that was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tocsin.model import Label, Level, LogSource
from tocsin.rules.ir import Node


@dataclass(frozen=True, slots=True)
class Rule:
    """One Sigma rule, ready to be evaluated.

    Attributes:
        id: its UUID in canonical form; derived from its text when the rule has none.
        name: what correlations and filters may call it; empty when it has none.
        level: informational when the rule gives none.
        tags: as written; `tactics` (in kill-chain order) and `techniques` (sorted) are the ATT&CK ids they
            stand for today, and `label` is what they make of an event on which only this rule fires.
        revision: hash of the rule's text and of the filters applied to it.
        path: the file, `archive.zip/entry` or `builtin:pack/file`; `line` counts from 1.
        condition: what has to hold; several conditions are alternatives.
        notices: remarks that do not keep the rule from running, such as a tag of an older ATT&CK.
    """

    id: str
    title: str
    level: Level
    logsource: LogSource
    condition: Node
    revision: str
    path: str
    line: int
    name: str = ""
    status: str = ""
    description: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    tactics: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    label: Label | None = None
    false_positives: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """Return `path:line`."""
        return f"{self.path}:{self.line}"


class Status(StrEnum):
    """What became of a rule document."""

    OK = "ok"
    UNSUPPORTED = "unsupported"
    INVALID = "invalid"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What became of one rule document.

    Attributes:
        id, title: as far as the document gives them.
        line: of the first mistake; of the rule's first line when it has none.
        reason: every mistake, or why it is not evaluated; empty when it is and nothing is to be said.
    """

    status: Status
    id: str | None
    title: str | None
    path: str
    line: int
    reason: str = ""

    @property
    def source(self) -> str:
        """Return `path:line`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules that judge events, and how they came about. Immutable; a reload makes another one.

    Attributes:
        report: one entry per rule document found, in the order of the paths.
        revision: hash of what the rules say, whatever their order and wherever they came from.
    """

    rules: tuple[Rule, ...]
    report: tuple[RuleReport, ...]
    revision: str
    by_id: Mapping[str, Rule] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {rule.id: rule for rule in self.rules})

    def counts(self) -> dict[Status, int]:
        """Return how many documents there are of each status."""
        found = Counter(entry.status for entry in self.report)
        return {status: found[status] for status in Status}
