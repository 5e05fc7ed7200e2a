"""One rule document to a rule, or to every mistake in it with its line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from sigma import exceptions as sigma
from sigma.rule import SigmaDetections, SigmaLogSource, SigmaRule

from tocsin.attack import attribution
from tocsin.model import Level, LogSource
from tocsin.rules.documents import Document, Fault, Severity, shown
from tocsin.rules.ir import Node, Or, Regex, atoms, joined
from tocsin.rules.items import item_faults
from tocsin.rules.pipelines import Pipeline
from tocsin.rules.policy import POLICY
from tocsin.rules.regex import bound_on
from tocsin.rules.rule import Rule
from tocsin.rules.translate import Placeholders, Translator, Untranslatable, restore_big_integers

ODD = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
"""What pySigma raises, beside its own errors (which are ValueErrors), on documents of the wrong make."""


def parse_rule(
    document: Document, placeholders: Placeholders, pipeline: Pipeline | None = None
) -> tuple[Rule | None, list[Fault]]:
    """Return the rule that a document holds, and everything that is wrong with it.

    There is no rule when a fault is more than a notice; the notices are the rule's own, too.

    Args:
        document: what was found in a rule file.
        placeholders: the values that `|expand` puts in the place of `%name%`.
        pipeline: what changes the rule's fields, values, conditions and log source before it is used.
    """
    if not {"detection", "logsource", "title"} & document.data.keys():
        return None, [Fault(document.line, "not a Sigma rule: no title, no logsource, no detection")]
    faults = described_faults(document)
    logsource, more = logsource_of(document)
    faults += more
    condition, more = condition_of(document, "detection", SigmaDetections, placeholders)
    if pipeline is not None and not any(f.severity is Severity.INVALID for f in (*faults, *more)):
        logsource, condition, more = _through(pipeline, document, placeholders)
    faults += more
    if condition is None or logsource is None or any(f.severity is not Severity.NOTICE for f in faults):
        return None, faults
    additions = [pipeline.revision] if pipeline else []
    return _rule(document, logsource, condition, _Additions(placeholders, additions, faults)), faults


def _through(
    pipeline: Pipeline, document: Document, placeholders: Placeholders
) -> tuple[LogSource | None, Node | None, list[Fault]]:
    """Return what a rule that is valid as written reads and wants after a pipeline has changed it."""
    line = document.line_of("detection")
    rule = SigmaRule.from_dict(document.data, collect_errors=True, policy=POLICY)
    restore_big_integers(rule.detection, document.data["detection"])
    try:
        pipeline.change(rule)
    except ODD as error:
        return None, None, [Fault(line, f"pipeline: {error}", Severity.UNSUPPORTED)]
    written = rule.logsource
    logsource = LogSource(written.product or None, written.category or None, written.service or None)
    translator = Translator(rule.detection, {}, "detection", placeholders)
    node, faults = _conditions(document, translator)
    return logsource, node, faults


def revision_of(*texts: str) -> str:
    """Return a hash of texts, in their order."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]


_KEYS = {
    sigma.SigmaTitleError: "title",
    sigma.SigmaIdentifierError: "id",
    sigma.SigmaNameError: "name",
    sigma.SigmaTaxonomyError: "taxonomy",
    sigma.SigmaRelatedError: "related",
    sigma.SigmaLevelError: "level",
    sigma.SigmaStatusError: "status",
    sigma.SigmaDateError: "date",
    sigma.SigmaModifiedError: "modified",
    sigma.SigmaFieldsError: "fields",
    sigma.SigmaFalsePositivesError: "falsepositives",
    sigma.SigmaAuthorError: "author",
    sigma.SigmaDescriptionError: "description",
    sigma.SigmaReferencesError: "references",
    sigma.SigmaScopeError: "scope",
    sigma.SigmaLicenseError: "license",
}

_NEEDED = {"title", "id", "level"}
"""A mistake in one of these makes a rule invalid; in what only describes it, it is a notice."""


def described_faults(document: Document) -> list[Fault]:
    """Return the mistakes in everything but the log source and the detection."""
    data = document.data
    faults = []
    id_ = data.get("id")
    if id_ is not None and not isinstance(id_, str):
        faults.append(Fault(document.line_of("id"), f"the id must be a UUID, got {shown(id_)}"))
        data = {**data, "id": None}
    try:
        _, errors = SigmaRule.from_dict_common_params(data, collect_errors=True)
    except ODD as error:
        return [Fault(document.line, f"not a Sigma rule: {error}")]
    for found in errors:
        key = _KEYS.get(type(found))
        if key:
            severity = Severity.INVALID if key in _NEEDED else Severity.NOTICE
            faults.append(Fault(document.line_of(key), str(found), severity))
    return faults + list(_tag_faults(document))


def _tag_faults(document: Document) -> Iterator[Fault]:
    tags = document.data.get("tags") or []
    if not isinstance(tags, list):
        yield Fault(document.line_of("tags"), "tags must be a list", Severity.NOTICE)
        return
    for index, tag in enumerate(tags):
        if not isinstance(tag, str) or "." not in tag:
            reason = f"the tag {shown(tag)} has no namespace, as in attack.execution"
            yield Fault(document.line_of("tags", index), reason, Severity.NOTICE)


def logsource_of(document: Document) -> tuple[LogSource | None, list[Fault]]:
    """Return which log a rule (or a filter) is for."""
    line = document.line_of("logsource")
    written = document.data.get("logsource")
    if not isinstance(written, dict):
        problem = "a Sigma rule must have a logsource" if written is None else "logsource must be a mapping"
        return None, [Fault(line, problem)]
    try:
        found = SigmaLogSource.from_dict(written)
    except ODD as error:
        return None, [Fault(line, str(error))]
    return LogSource(found.product or None, found.category or None, found.service or None), []


def condition_of(
    document: Document, section: str, kind: type[SigmaDetections], placeholders: Placeholders
) -> tuple[Node | None, list[Fault]]:
    """Return what has to hold according to the detections in one section of a document."""
    written = document.data.get(section)
    faults = list(_shape_faults(document, section, written))
    if faults or not isinstance(written, dict):
        return None, faults
    try:
        detections = kind.from_dict(written, policy=POLICY)
    except ODD as error:
        refused = list(_detection_faults(document, section, written))
        if not refused:
            return None, [Fault(document.line_of(section), str(error))]
        # The conditions may be wrong, too: check them against detections of the same names.
        written = {name: what if name == "condition" else "x" for name, what in written.items()}
        detections, faults = SigmaDetections.from_dict(written, policy=POLICY), refused
    node, more = _conditions(document, Translator(detections, written, section, placeholders))
    faults += more
    return (None, faults) if faults else (node, [])


def _conditions(document: Document, translator: Translator) -> tuple[Node | None, list[Fault]]:
    nodes: list[Node] = []
    faults: list[Fault] = []
    for index, condition in enumerate(translator.detections.parsed_condition):
        try:
            nodes.append(translator.condition(condition, index))
        except Untranslatable as error:
            faults.append(Fault(document.line_of(*error.keys), error.reason, error.severity))
    for name, keys in translator.missing.items():
        reason = f"the placeholder %{name}% has no values"
        faults.append(Fault(document.line_of(*keys), reason, Severity.UNSUPPORTED))
    return (None, faults) if faults else (joined(Or, tuple(nodes)), [])


def _shape_faults(document: Document, section: str, written: object) -> Iterator[Fault]:
    if not isinstance(written, dict):
        problem = f"a Sigma rule must have a {section}" if written is None else f"{section} must be a mapping"
        yield Fault(document.line_of(section), problem)
        return
    for name in written:
        if not isinstance(name, str):
            yield Fault(document.line_of(section, name), f"{section}: names must be text, got {shown(name)}")
    line = document.line_of(section, "condition")
    conditions = written.get("condition")
    if conditions is None or conditions == []:
        yield Fault(line, f"{section}: there must be a condition")
    for condition in conditions if isinstance(conditions, list) else [conditions]:
        if condition is not None and not isinstance(condition, str):
            yield Fault(line, f"a condition must be text, got {shown(condition)}")


def _detection_faults(document: Document, section: str, written: dict[str, Any]) -> Iterator[Fault]:
    """Yield every item that pySigma refuses, with its line; on its own it stops at the first."""
    for name, definition in written.items():
        if name not in ("condition", "rules"):
            for keys, reason in item_faults(definition, (section, name)):
                yield Fault(document.line_of(*keys), reason)


@dataclass(frozen=True, slots=True)
class _Additions:
    """What makes a rule beside its text."""

    placeholders: Placeholders
    revisions: list[str]
    faults: list[Fault]


def _rule(document: Document, logsource: LogSource, condition: Node, additions: _Additions) -> Rule:
    data = document.data
    tags = tuple(tag for tag in _list(data.get("tags")) if isinstance(tag, str))
    attributed = attribution(tags)
    notices = [f"line {fault.line}: {fault.reason}" for fault in additions.faults]
    notices += [*attributed.notes, *_bounded(condition)]
    expands = sorted(additions.placeholders.items()) if "|expand" in document.text else ""
    id_ = data.get("id")
    if id_ is None:
        notices.append("the rule has no id; one was derived from its text")
    return Rule(
        id=str(UUID(id_) if id_ is not None else uuid5(NAMESPACE_OID, document.text)),
        title=data["title"],
        name=_text(data.get("name")),
        level=Level[(data.get("level") or "informational").upper()],
        status=_text(data.get("status")),
        description=_text(data.get("description")).strip(),
        author=_text(data.get("author")),
        logsource=logsource,
        tags=tags,
        tactics=attributed.tactics,
        techniques=attributed.techniques,
        label=attributed.label,
        false_positives=_texts(data.get("falsepositives")),
        references=_texts(data.get("references")),
        condition=condition,
        revision=revision_of(document.text, str(expands), *additions.revisions),
        path=document.path,
        line=document.line,
        notices=tuple(notices),
    )


def _bounded(condition: Node) -> Iterator[str]:
    """Yield a notice for each regular expression that may be stopped before it has an answer."""
    for pattern, flags in dict.fromkeys(
        (a.pattern, a.flags) for a in atoms(condition) if isinstance(a, Regex)
    ):
        reason = bound_on(pattern, flags)
        if reason:
            shown_ = shown(pattern)
            yield f"the regular expression {shown_} can backtrack ({reason}): it runs under a bound of time"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(item) for item in value if item is not None)
    return (value,) if isinstance(value, str) else ()
