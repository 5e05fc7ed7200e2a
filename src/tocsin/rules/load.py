"""Loads rules from anywhere, collecting every mistake; the door through which rule sets come into being."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sigma.correlations import SigmaCorrelationRule

from tocsin.errors import RuleError
from tocsin.rules.actions import with_actions
from tocsin.rules.documents import Document, Fault, Severity, documents
from tocsin.rules.files import rule_files
from tocsin.rules.filters import Filter, filtered, parse_filter
from tocsin.rules.parse import ODD, parse_rule, revision_of
from tocsin.rules.rule import Rule, RuleReport, RuleSet, Status
from tocsin.rules.translate import Placeholders


def load_rules(
    paths: Sequence[str | Path] | Path,
    *,
    strict: bool = False,
    placeholders: Mapping[str, Sequence[str]] | None = None,
) -> RuleSet:
    """Load Sigma rules; those that cannot be evaluated are named in the report.

    Args:
        paths: files, folders (with all `*.yml` and `*.yaml` in them), zip archives, or `builtin:NAME`;
            or just one of these.
        strict: refuse the whole set unless every document in it is a rule that can be evaluated.
        placeholders: the values that `|expand` puts in the place of `%name%`.

    Raises:
        SettingsError: a path does not exist.
        RuleError: there is no rule that can be evaluated; or, when strict, all the mistakes together.
    """
    loaded = read_rules(paths, placeholders=placeholders)
    faulty = [entry for entry in loaded.report if entry.status is not Status.OK]
    if strict and faulty:
        raise RuleError(f"{len(faulty)} of {len(loaded.report)} rules must be mended:\n{_listed(faulty)}")
    if not loaded.rules:
        listed = ", ".join(str(path) for path in _each(paths)) or "no path at all"
        problem = f"no rule could be loaded from {listed}"
        raise RuleError(f"{problem}:\n{_listed(faulty)}" if faulty else problem, "see: tocsin rules check")
    return loaded


def read_rules(
    paths: Sequence[str | Path] | Path, *, placeholders: Mapping[str, Sequence[str]] | None = None
) -> RuleSet:
    """Load Sigma rules as `load_rules` does, but return the set even when it has no rule or has mistakes.

    Raises:
        SettingsError: a path does not exist.
    """
    loader = _Loader(placeholders or {})
    for file in rule_files(_each(paths)):
        for found in with_actions(documents(file)):
            loader.take(file.path, found)
    return loader.result()


def _each(paths: Sequence[str | Path] | Path) -> Sequence[str | Path]:
    return [paths] if isinstance(paths, str | Path) else paths


@dataclass(slots=True)
class _Loader:
    """What has been found so far."""

    placeholders: Placeholders
    rules: dict[str, Rule] = field(default_factory=dict)
    filters: dict[int, Filter] = field(default_factory=dict)  # by their places in the report
    report: list[RuleReport] = field(default_factory=list)

    def take(self, path: str, found: Document | Fault) -> None:
        if isinstance(found, Fault):
            self.report.append(RuleReport(Status.INVALID, None, None, path, found.line, found.reason))
        elif "correlation" in found.data:
            self._note(found, _correlation_faults(found))
        elif "filter" in found.data:
            made, faults = parse_filter(found, self.placeholders)
            self._note(found, faults)
            if made:
                self.filters[len(self.report) - 1] = made
        else:
            self._take_rule(found)

    def _take_rule(self, document: Document) -> None:
        rule, faults = parse_rule(document, self.placeholders)
        if rule is None:
            self._note(document, faults)
        elif rule.id in self.rules:
            reason = f"the id {rule.id} is taken by {self.rules[rule.id].source}"
            line = document.line_of("id")
            self.report.append(RuleReport(Status.DUPLICATE, rule.id, rule.title, rule.path, line, reason))
        else:
            self.rules[rule.id] = rule
            reason = "; ".join(rule.notices)
            self.report.append(RuleReport(Status.OK, rule.id, rule.title, rule.path, rule.line, reason))

    def _note(self, document: Document, faults: Sequence[Fault]) -> None:
        """Report a document that became no rule of its own."""
        order = list(Severity)
        worst = max((fault.severity for fault in faults), key=order.index, default=Severity.NOTICE)
        status = Status.OK if worst is Severity.NOTICE else Status(worst.value)
        line = faults[0].line if faults else document.line
        reason = "; ".join(
            fault.reason if fault.line == line else f"line {fault.line}: {fault.reason}" for fault in faults
        )
        id_, title = (document.data.get(key) for key in ("id", "title"))
        self.report.append(
            RuleReport(
                status,
                None if id_ is None else str(id_),
                None if title is None else str(title),
                document.path,
                line,
                reason,
            )
        )

    def result(self) -> RuleSet:
        for place, filter_ in self.filters.items():
            if not any(filter_.is_for(rule) for rule in self.rules.values()):
                reason = "; ".join(
                    filter(None, (self.report[place].reason, "no rule that is loaded fits it"))
                )
                self.report[place] = replace(self.report[place], reason=reason)
        filters = list(self.filters.values())
        rules = tuple(filtered(rule, filters) for rule in self.rules.values())
        revision = revision_of(*sorted(f"{rule.id} {rule.revision}" for rule in rules))
        return RuleSet(rules, tuple(self.report), revision)


def _correlation_faults(document: Document) -> list[Fault]:
    """Return the mistakes in a correlation rule, or, when there are none, that it is not evaluated."""
    try:
        errors = [str(e) for e in SigmaCorrelationRule.from_dict(document.data, collect_errors=True).errors]
    except ODD as error:
        errors = [str(error)]
    line = document.line_of("correlation")
    if errors:
        return [Fault(line, error) for error in errors]
    return [Fault(line, "correlation rules are not evaluated yet", Severity.UNSUPPORTED)]


def _listed(entries: Sequence[RuleReport]) -> str:
    return "\n".join(f"  {entry.source}: {entry.status}: {entry.reason}" for entry in entries)
