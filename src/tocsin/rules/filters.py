"""Sigma filters: what an organisation excludes from rules that it does not want to edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sigma.filters import SigmaGlobalFilter

from tocsin.model import LogSource
from tocsin.rules.documents import Document, Fault, Severity, shown
from tocsin.rules.ir import And, Node
from tocsin.rules.parse import condition_of, described_faults, logsource_of, revision_of
from tocsin.rules.rule import Rule
from tocsin.rules.translate import Placeholders


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition that is added to rules.

    Attributes:
        rules: ids or names of the rules it is for; None for all of its log source.
    """

    document: Document
    logsource: LogSource
    rules: frozenset[str] | None
    condition: Node

    @property
    def source(self) -> str:
        """Return `path:line`."""
        return f"{self.document.path}:{self.document.line}"

    def is_for(self, rule: Rule) -> bool:
        """Say whether it applies: the rule is named, and its log source says all that the filter's says."""
        named = self.rules is None or bool({rule.id, rule.name} & self.rules)
        own, rules = self.logsource, rule.logsource
        return (
            named
            and own.product in (None, rules.product)
            and own.category in (None, rules.category)
            and own.service in (None, rules.service)
        )


def parse_filter(document: Document, placeholders: Placeholders) -> tuple[Filter | None, list[Fault]]:
    """Return the filter that a document holds, and everything that is wrong with it."""
    faults = described_faults(document)
    logsource, more = logsource_of(document)
    faults += more
    condition, more = condition_of(document, "filter", SigmaGlobalFilter, placeholders)
    faults += more
    if condition is None or logsource is None or any(f.severity is not Severity.NOTICE for f in faults):
        return None, faults
    rules = document.data["filter"]["rules"]
    if isinstance(rules, list) and not all(isinstance(ref, str) for ref in rules):
        line = document.line_of("filter", "rules")
        return None, [*faults, Fault(line, f"rules: expected ids or names of rules, got {shown(rules)}")]
    return Filter(document, logsource, _rules(rules), condition), faults


def _rules(written: str | list[str]) -> frozenset[str] | None:
    """Return the references; the word `any` and an empty list are for all rules of the log source."""
    if isinstance(written, str):
        return None if written.lower() == "any" else frozenset({written, written.lower()})
    return frozenset(name for ref in written for name in (ref, ref.lower())) or None


def filtered(rule: Rule, filters: Sequence[Filter]) -> Rule:
    """Return the rule with the conditions of all filters that are for it."""
    found = [f for f in filters if f.is_for(rule)]
    if not found:
        return rule
    found.sort(key=lambda f: f.document.text)  # whatever the order of the files, the revision is the same
    return replace(
        rule,
        notices=(*rule.notices, *(f"filtered by {f.source}" for f in found)),
        condition=And((rule.condition, *(f.condition for f in found))),
        revision=revision_of(rule.revision, *(f.document.text for f in found)),
    )
