"""pySigma's parsed detections to our own tree; nothing of a rule's strings is parsed again here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
    SigmaCondition,
)
from sigma.exceptions import SigmaConditionError
from sigma.modifiers import (
    SigmaCaseSensitiveModifier,
    SigmaEndswithModifier,
    SigmaStartswithModifier,
    SigmaWideModifier,
    modifier_mapping,
)
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from tocsin.errors import nearest
from tocsin.rules.documents import MAX_DEPTH, Key, Severity, shown
from tocsin.rules.ir import (
    And,
    Cidr,
    Compare,
    Node,
    Not,
    Op,
    Or,
    Part,
    Present,
    Reference,
    Regex,
    Selection,
    Text,
    TimePart,
    Wild,
    depth,
    joined,
)
from tocsin.rules.regex import anchored, problem_of, refusal_of

Keys = tuple[Key, ...]

Placeholders = Mapping[str, Sequence[str]]
"""Name of a placeholder -> the values that `|expand` puts in its place."""


modifier_mapping.setdefault("utf16le", SigmaWideModifier)  # Sigma 2's name of `wide`, which pySigma lacks


_NOT_WRITTEN = object()
"""In the place of YAML that does not say what a detection says."""

_TOO_DEEP = "condition: nested too deeply"


class Untranslatable(Exception):  # noqa: N818 - a signal inside this room, turned into a report entry
    """A part of a rule has no meaning here.

    Attributes:
        keys: the way to it from the top of the document.
    """

    def __init__(self, keys: Keys, reason: str, severity: Severity = Severity.INVALID) -> None:
        super().__init__(reason)
        self.keys = keys
        self.reason = reason
        self.severity = severity


@dataclass(slots=True)
class Translator:
    """Translates the detections of one rule (or filter), each once.

    Attributes:
        raw: the section as YAML gave it; of what a pipeline has changed, nothing.
        section: the key it stands under.
        missing: placeholders without values, and the way to each: what was translated has no meaning then.
    """

    detections: SigmaDetections
    raw: Mapping[str, Any]
    section: str
    placeholders: Placeholders = field(default_factory=dict)
    done: dict[str, Node] = field(default_factory=dict)
    missing: dict[str, Keys] = field(default_factory=dict)

    def condition(self, condition: SigmaCondition, index: int = 0) -> Node:
        """Return the tree of one condition.

        Raises:
            Untranslatable: it is not valid Sigma, or something that it names cannot be evaluated.
        """
        keys: Keys = (self.section, "condition", index)
        if "|" in condition.condition:
            reason = "condition: what follows | is Sigma 1; correlation rules have taken its place"
            raise Untranslatable(keys, reason, Severity.UNSUPPORTED)
        try:
            node = self._tree(cast(ConditionItem, condition.parse(postprocess=False)))
        except SigmaConditionError as error:
            of_number = re.search(r"\b(?!1\b)[0-9]+ +of\b", condition.condition)
            hint = " (Sigma knows '1 of', 'any of' and 'all of')" if of_number else ""
            raise Untranslatable(keys, f"condition: {error}{hint}") from error
        except RecursionError as error:
            raise Untranslatable(keys, _TOO_DEEP) from error
        if depth(node) > MAX_DEPTH:
            raise Untranslatable(keys, _TOO_DEEP)
        return node

    def _tree(self, item: ConditionItem) -> Node:
        if isinstance(item, ConditionIdentifier):
            return self._selection(item.identifier)
        if isinstance(item, ConditionSelector):
            names = [i.identifier for i in item.resolve_referenced_detections(self.detections)]
            if not names:
                quantifier, pattern = item.args
                raise SigmaConditionError(f"'{quantifier} of {pattern}' names no detection")
            kind = And if item.cond_class is ConditionAND else Or
            return joined(kind, tuple(self._selection(name) for name in names))
        nodes = tuple(self._tree(cast(ConditionItem, argument)) for argument in item.args)
        if isinstance(item, ConditionNOT):
            return Not(nodes[0])
        if isinstance(item, ConditionAND):
            return joined(And, nodes)
        if isinstance(item, ConditionOR):
            return joined(Or, nodes)
        raise SigmaConditionError(f"{type(item).__name__} is unknown")

    def _selection(self, name: str) -> Node:
        if name not in self.detections.detections:
            hint = nearest(name, self.detections.detections)
            raise SigmaConditionError(f"{name!r} is not defined" + (f", {hint}" if hint else ""))
        if name not in self.done:
            raw = self.raw.get(name, _NOT_WRITTEN)
            node = self._detection(self.detections[name], raw, (self.section, name))
            self.done[name] = Selection(name, node)
        return self.done[name]

    def _detection(self, detection: SigmaDetection, raw: object, keys: Keys) -> Node:
        """Translate a detection; `raw` is the YAML it was made from and gives the way to each item."""
        if not detection.detection_items:
            raise Untranslatable(keys, "the pipeline leaves nothing of the detection", Severity.UNSUPPORTED)
        if raw is _NOT_WRITTEN:
            below = [(raw, keys)] * len(detection.detection_items)
        elif isinstance(raw, dict):
            below = list(zip(raw.values(), ((*keys, key) for key in raw), strict=True))
        elif isinstance(raw, list) and any(isinstance(item, dict | list) for item in raw):
            below = [(item, (*keys, index)) for index, item in enumerate(raw)]
        else:
            below = [(raw, keys)]
        nodes = [
            self._item(item, value, way)
            if isinstance(item, SigmaDetectionItem)
            else self._detection(item, value, way)
            for item, (value, way) in zip(detection.detection_items, below, strict=True)
        ]
        return joined(And if detection.item_linking is ConditionAND else Or, tuple(nodes))

    def _item(self, item: SigmaDetectionItem, raw: object, keys: Keys) -> Node:
        _restore_big_integers(item, raw)
        if not item.value:
            if item.field is None:
                raise Untranslatable(keys, "an empty list needs a field to be compared with")
            node: Node = Not(Present(item.field))
        else:
            nodes = tuple(self._value(item, value, keys) for value in item.value)
            node = joined(And if item.value_linking is ConditionAND else Or, nodes)
        return Not(node) if item.negated else node

    def _value(self, item: SigmaDetectionItem, value: SigmaType, keys: Keys) -> Node:
        if isinstance(value, SigmaRegularExpression) and not isinstance(value.regexp, SigmaString):
            raise Untranslatable(
                keys, f"a regular expression must be text in quotes, got {shown(value.regexp)}"
            )
        if isinstance(value, SigmaExpansion):
            return joined(Or, tuple(self._value(item, v, keys) for v in value.values))
        if isinstance(value, SigmaString | SigmaRegularExpression) and value.contains_placeholder():
            expanded = self._expanded(value, keys)
            return joined(Or, tuple(self._value(item, v, keys) for v in expanded))
        if isinstance(value, SigmaString):
            return _text(item, value)
        if isinstance(value, SigmaRegularExpression):
            return _regex(item, value, keys)
        return _other(item, value, keys)

    def _expanded(
        self, value: SigmaString | SigmaRegularExpression, keys: Keys
    ) -> Sequence[SigmaString | SigmaRegularExpression]:
        def values(placeholder: Placeholder) -> Iterator[str]:
            given = self.placeholders.get(placeholder.name)
            if not given:
                self.missing[placeholder.name] = keys
            yield from given or [placeholder.name]

        return value.replace_placeholders(values)


_WILD = {SpecialChars.WILDCARD_MULTI: Wild.MANY, SpecialChars.WILDCARD_SINGLE: Wild.ONE}


def _text(item: SigmaDetectionItem, value: SigmaString) -> Node:
    # pySigma forgets the case on some ways (`cased|windash`), the item's modifiers do not.
    cased = isinstance(value, SigmaCasedString) or SigmaCaseSensitiveModifier in item.modifiers
    parts = _parts(value)
    if item.field is None:
        return Text(None, _as_keyword(item, parts), cased)
    if parts == (Wild.MANY,):
        return Present(item.field)
    return Text(item.field, parts, cased)


def _parts(value: SigmaString) -> tuple[Part, ...]:
    """Return pySigma's parts with neighbouring pieces joined and runs of `*` made one."""
    parts: list[Part] = []
    for part in value.s:
        new = _WILD[part] if isinstance(part, SpecialChars) else part
        if isinstance(new, str) and parts and isinstance(parts[-1], str):
            parts[-1] += new
        elif isinstance(new, str | Wild) and not (new is Wild.MANY and parts and parts[-1] is Wild.MANY):
            parts.append(new)
    return tuple(part for part in parts if part != "")


def _as_keyword(item: SigmaDetectionItem, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return the parts with open ends: a keyword is looked for inside the values of an event."""
    if {SigmaStartswithModifier, SigmaEndswithModifier} & set(item.modifiers):
        return parts
    inner = parts[parts[:1] == (Wild.MANY,) : len(parts) - (parts[-1:] == (Wild.MANY,))]
    return (Wild.MANY, *inner, Wild.MANY) if inner else (Wild.MANY,)


_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}


def _regex(item: SigmaDetectionItem, value: SigmaRegularExpression, keys: Keys) -> Node:
    pattern = anchored(
        str(value.regexp),
        start=SigmaStartswithModifier in item.modifiers,
        end=SigmaEndswithModifier in item.modifiers,
    )
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    problem = problem_of(pattern, flags)
    if problem:
        raise Untranslatable(keys, f"the regular expression {pattern!r} is invalid: {problem}")
    refusal = refusal_of(pattern, flags)
    if refusal:
        raise Untranslatable(keys, f"the regular expression {pattern!r}: {refusal}", Severity.UNSUPPORTED)
    return Regex(item.field, pattern, flags)


_OPS = {
    CompareOperators.LT: Op.LT,
    CompareOperators.LTE: Op.LTE,
    CompareOperators.GT: Op.GT,
    CompareOperators.GTE: Op.GTE,
}


def _other(item: SigmaDetectionItem, value: SigmaType, keys: Keys) -> Node:  # noqa: PLR0911 - one per kind
    match value:
        case SigmaTimestampPart():
            return _compare(item, Op.EQ, value)
        case SigmaNumber() | SigmaBool():
            return _plain(item, str(value.number) if isinstance(value, SigmaNumber) else str(value).lower())
        case SigmaCompareExpression() if value.op in _OPS:
            return _compare(item, _OPS[value.op], value.number)
        case SigmaCIDRExpression():
            return Cidr(item.field, value.network)
    if item.field is not None:
        match value:
            case SigmaNull():
                return Not(Present(item.field))
            case SigmaExists():
                return Present(item.field) if value.exists else Not(Present(item.field))
            case SigmaFieldReference():
                cased = SigmaCaseSensitiveModifier in item.modifiers
                return Reference(item.field, value.field, value.starts_with, value.ends_with, cased)
    if isinstance(value, SigmaNull | SigmaFieldReference):
        raise Untranslatable(keys, "null and fieldref need a field to be compared with")
    raise Untranslatable(keys, f"values of the kind {type(value).__name__} are unknown", Severity.UNSUPPORTED)


def _plain(item: SigmaDetectionItem, text: str) -> Node:
    return Text(item.field, (text,) if item.field is not None else _as_keyword(item, (text,)))


def _compare(item: SigmaDetectionItem, op: Op, number: SigmaNumber) -> Node:
    part = number.timestamp_part.name.lower() if isinstance(number, SigmaTimestampPart) else None
    return Compare(item.field, op, number.number, TimePart(part) if part else None)


def restore_big_integers(detections: SigmaDetections, written: Mapping[str, Any]) -> None:
    """Give all detections of a rule, as YAML gave them, the numbers back that pySigma took."""
    for name, detection in detections.detections.items():
        _restore_below(detection, written[name])


def _restore_below(detection: SigmaDetection, raw: object) -> None:
    if isinstance(raw, dict):
        below = list(raw.values())
    elif isinstance(raw, list) and any(isinstance(item, dict | list) for item in raw):
        below = raw
    else:
        below = [raw]
    for item, value in zip(detection.detection_items, below, strict=True):
        if isinstance(item, SigmaDetectionItem):
            _restore_big_integers(item, value)
        else:
            _restore_below(item, value)


def _restore_big_integers(item: SigmaDetectionItem, raw: object) -> None:
    """Give numbers back what pySigma took: it makes floats of integers that floats cannot hold exactly."""
    written = raw if isinstance(raw, list) else [raw]
    for value, number in zip(item.original_value or (), written, strict=False):
        if isinstance(value, SigmaNumber) and type(number) is int:
            value.number = number
