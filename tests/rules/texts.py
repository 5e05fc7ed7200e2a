"""Rules for tests, written as Python values."""

import json
from typing import Any

from tocsin.rules import Rule
from tocsin.rules.documents import Document, documents
from tocsin.rules.files import RuleFile
from tocsin.rules.parse import parse_rule

ID = "5f0f6a0e-5b55-4c4e-9d55-000000000000"


def rule_id(number: int) -> str:
    """Return one of many ids that sort by their number."""
    return f"{ID[:-12]}{number:012d}"


def rule_text(detection: dict[str, Any], condition: object = "selection", **keys: object) -> str:
    """Return a rule as YAML: one key a line, in the order title, id, logsource, detection, then `keys`."""
    document: dict[str, object] = {
        "title": "A rule",
        "id": ID,
        "logsource": {"product": "windows"},
        "detection": {**detection, "condition": condition},
        **keys,
    }
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in document.items())
    return "".join(f"{line}\n" for line in lines)


def rule_of(text: str, placeholders: dict[str, list[str]] | None = None) -> Rule:
    """Return the rule that YAML text holds; it must have no mistake."""
    (document,) = documents(RuleFile("rule.yml", text))
    assert isinstance(document, Document), document
    rule, faults = parse_rule(document, placeholders or {})
    assert rule is not None, faults
    return rule
