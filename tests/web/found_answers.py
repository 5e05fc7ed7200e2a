"""What the server answers about detections, ATT&CK and rules in tests of its pages, hostile values among it.

Times of the histogram begin at eight; its bars are 100 seconds wide.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.web.answers import LONG, MARKUP, NOW, TURNED, detection

RULE = "11111111-2222-4333-8444-555555555555"
COMMAND = "😀 powershell -enc aQBlAHgA"
"""Its first sign is two units of what browsers count; the server counts it once."""

ROWS = [
    detection(1, rule_id=RULE, rule_title="Encoded command", host="ws-01", matched={"CommandLine": COMMAND}),
    detection(2),
    detection(3, host=MARKUP, user=TURNED, matched={"CommandLine": LONG}, techniques=[]),
]
EIGHT = datetime(2026, 11, 21, 8, tzinfo=UTC)
FIRST = str(ROWS[0]["detection_id"])
HOSTILE = str(ROWS[2]["detection_id"])

YAML = f"title: Encoded # {MARKUP}\nid: {RULE}\ndetection:\n  encoded:\n    CommandLine|contains: '-enc'\n"
TEXT = {"description": MARKUP, "references": ["https://example.org/a", "javascript:alert(1)"]}
RULE_TEXT = {**TEXT, "title": "Encoded command", "level": "high", "yaml": YAML, "false_positives": [MARKUP]}

_LOGSOURCE = {"product": "windows", "category": None, "service": None}


def _test(words: str, spans: list[list[int]]) -> dict[str, object]:
    seen = [{"value": 0, "held": bool(spans), "spans": spans}]
    return {"kind": "test", "held": bool(spans), "words": words, "field": "CommandLine", "seen": seen}


EXPLANATION = {
    "rule_id": RULE,
    "rule_title": "Encoded command",
    "rule_revision": "1",
    "rule_source": "rules/a.yml:1",
    "level": "high",
    "event_id": "e",
    "fires": True,
    "headline": "fires",
    "reasons": [{"selection": "encoded", "text": "CommandLine contains '-enc'"}],
    "routing": {"candidate": True, "text": "", "event": _LOGSOURCE, "rule": _LOGSOURCE, "contradictions": []},
    "gap": {"lacking": 0, "forbidden": 0, "held": 1},
    "condition": {
        "kind": "selection",
        "held": True,
        "words": "encoded",
        "name": "encoded",
        "parts": [
            {
                "kind": "any",
                "held": True,
                "words": "CommandLine contains any of",
                "parts": [
                    _test("CommandLine contains '-enc'", [[13, 17]]),
                    _test(f"CommandLine contains '{MARKUP}'", []),
                ],
            }
        ],
    },
    "values": [{"field": "CommandLine", "value": COMMAND}],
}


def _detail(number: int, **event: object) -> dict[str, object]:
    return {
        "detection": ROWS[number],
        "event": {"format": "lab", "kept": True, **event},
        "techniques": [{"id": "T1059.001", "name": MARKUP, "url": "https://example.org", "tactics": []}],
        "rule": {**RULE_TEXT, "id": RULE, "status": "test", "file": "rules/a.yml", "changed": True},
    }


def _span(name: str, start: float, duration: float, parent: str | None) -> dict[str, object]:
    said = {"user.name": MARKUP}
    return {
        "span_id": name,
        "name": name,
        "service": "packet-classifier",
        "kind": "consumer",
        "start_ms": start,
        "duration_ms": duration,
        "parent": parent,
        "status": None,
        "attributes": said,
    }


TRACE = {
    "trace_id": "ab" * 16,
    "source": "store",
    "jaeger_url": None,
    "spans": [_span("classify_event", 12, 1, "consume_event"), _span("consume_event", 10, 20, None)],
}

NEIGHBOURS = {
    "rows": [
        {
            "event_id": f"{number}",
            "timestamp": NOW,
            "event_type": MARKUP,
            "user": TURNED,
            "tactic": None,
            "technique": None,
            "level": "high",
            "rules": [MARKUP],
        }
        for number in range(2)
    ],
    "truncated": True,
}


def _technique(id_: str, name: str, rules: int, detections: int, *below: object) -> dict[str, object]:
    return {
        "id": id_,
        "name": name,
        "url": "https://example.org",
        "rules": rules,
        "detections": detections,
        "hosts": 1,
        "last_seen": NOW,
        "subtechniques": list(below),
    }


ATTACK = {
    "version": "19.2",
    "tactics": [
        {
            "id": "TA0001",
            "name": "Initial Access",
            "url": "",
            "techniques": [_technique("T1566", "Phishing", 0, 0)],
        },
        {
            "id": "TA0002",
            "name": "Execution",
            "url": "",
            "techniques": [
                _technique("T1059", "Interpreter", 2, 30, _technique("T1059.001", "PowerShell", 2, 30)),
                _technique("T1106", MARKUP, 1, 0),
            ],
        },
    ],
    "unlabelled_rules": 1,
    "totals": {},
}


def _rule(number: int, status: str, matches: int) -> dict[str, object]:
    return {
        "id": RULE if number == 0 else f"rules/{number}.yml:1",
        "title": "Encoded command" if number == 0 else MARKUP,
        "level": "high" if status == "ok" else None,
        "status": status,
        "reason": None if status == "ok" else TURNED,
        "file": "rules/a.yml",
        "line": 1,
        "tactics": ["TA0002"],
        "techniques": ["T1059.001"],
        "logsource": "windows",
        "matches": matches,
        "last_fired": NOW if matches else None,
    }


LOADED = _rule(0, "ok", 30)
RULES = {
    "rows": [LOADED, _rule(1, "invalid", 0), _rule(2, "unsupported", 0)],
    "next": None,
    "totals": {"ok": 1, "unsupported": 1, "invalid": 1, "fired": 1, "never_fired": 0},
}

ANSWERS: dict[str, object] = {
    "/api/detections": {"rows": ROWS, "next": None, "total": 3, "total_is_exact": True},
    "/api/detections/histogram": {
        "start": EIGHT.isoformat(),
        "seconds_per_bucket": 100,
        "rows": [
            {
                "start": (EIGHT + timedelta(seconds=100 * number)).isoformat(),
                "by_level": {"high": number % 5},
            }
            for number in range(72)
        ],
        "outside": 2,
    },
    "/api/detections/groups": {
        "rows": [
            {
                "key": MARKUP,
                "title": MARKUP,
                "level": "high",
                "count": 30,
                "hosts": 2,
                "first_seen": NOW,
                "last_seen": NOW,
            }
        ],
        "next": None,
    },
    f"/api/detections/{FIRST}": _detail(
        0, text=f'{{"a": "{MARKUP}"}}', fields={"CommandLine": COMMAND, "a": MARKUP}
    ),
    f"/api/detections/{FIRST}/explanation": EXPLANATION,
    f"/api/detections/{HOSTILE}": _detail(2, text=LONG, fields={"CommandLine": LONG, MARKUP: TURNED}),
    f"/api/detections/{HOSTILE}/explanation": {**EXPLANATION, "values": [{"field": MARKUP, "value": LONG}]},
    f"/api/events/{ROWS[0]['event_id']}/trace": TRACE,
    "/api/hosts/ws-01/events": NEIGHBOURS,
    "/api/attack": ATTACK,
    "/api/rules": RULES,
    f"/api/rules/{RULE}": {
        **LOADED,
        **RULE_TEXT,
        "author": MARKUP,
        "date": "2026-11-21",
        "recent": ROWS,
    },
    "/api/rules/test": {
        "rejected": None,
        "label": {
            "tactic": "TA0002",
            "tactic_name": "Execution",
            "technique": "T1059.001",
            "technique_name": "x",
        },
        "detections": [ROWS[0]],
        "explanations": [
            EXPLANATION,
            {**EXPLANATION, "rule_id": "near", "fires": False, "headline": "does not fire"},
        ],
        "notices": [MARKUP],
    },
}
"""By the path of the question."""
