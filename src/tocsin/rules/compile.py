"""Compiles rule files to a rule set by pySigma, collecting every mistake; not run when the set is cached."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sigma.correlations import SigmaCorrelationRule

from tocsin.rules.actions import with_actions
from tocsin.rules.documents import Document, Fault, Severity, documents
from tocsin.rules.files import RuleFile
from tocsin.rules.filters import Filter, filtered, parse_filter
from tocsin.rules.parse import ODD, parse_rule, revision_of
from tocsin.rules.pipelines import Pipeline
from tocsin.rules.rule import Rule, RuleReport, RuleSet, Status
from tocsin.rules.translate import Placeholders


def compiled_set(files: Iterable[RuleFile], placeholders: Placeholders, pipeline: Pipeline | None) -> RuleSet:
    """Return the rules that the files hold, and a report with an entry for every document in them."""
    compiler = _Compiler(placeholders, pipeline)
    for file in files:
        for found in with_actions(documents(file)):
            compiler.take(file.path, found)
    return compiler.result()


@dataclass(slots=True)
class _Compiler:
    """What has been found so far."""

    placeholders: Placeholders
    pipeline: Pipeline | None
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
        rule, faults = parse_rule(document, self.placeholders, self.pipeline)
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
