"""What the console's server answers in tests of its pages, with values that try to be more than text."""

from __future__ import annotations

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
TURNED = "invoice\u202efdp.exe\u0000\u200b"
LONG = "A" * 1_000_000
NOW = "2026-11-21T10:00:00Z"
HISTORY = [
    {
        "time": f"2026-11-21T09:59:{second:02d}Z",
        "per_second": 100.0 + second,
        "lag": 5,
        "p99_ms": 80.0,
        "detections": 1,
    }
    for second in range(50)
]


def detection(number: int, **values: object) -> dict[str, object]:
    """Return a detection as the server tells it."""
    return {
        "detection_id": f"00000000-0000-8000-8000-{number:012d}",
        "event_id": f"00000000-0000-4000-8000-{number:012d}",
        "timestamp": NOW,
        "stored_time": NOW,
        "rule_id": "r1",
        "rule_title": MARKUP,
        "rule_revision": "1",
        "level": "high",
        "tactics": ["TA0002"],
        "techniques": ["T1059.001"],
        "host": TURNED,
        "user": "LAB\\user",
        "source_ip": "10.0.0.1",
        "event_type": "process_start",
        "matched": {"CommandLine": MARKUP},
        "topic": "raw-events",
        "partition": 0,
        "offset": number,
        "trace_id": None,
        **values,
    }


def live(per_second: float = 120.0) -> dict[str, object]:
    """Return a snapshot of a pipeline that runs."""
    return {
        "time": NOW,
        "kafka": {"state": "connected", "detail": "127.0.0.1:9092"},
        "results": {"state": "there", "detail": ""},
        "events": {"total": 4_000, "per_second": per_second, "rejected": 3},
        "detections": {
            "total": 12,
            "per_minute": 4,
            "by_level": {"critical": 1, "high": 4, "medium": 2, "low": 3, "informational": 2},
        },
        "lag": {
            "total": 1_234,
            "partitions": [
                {
                    "topic": "raw-events",
                    "partition": 0,
                    "position": 4_000,
                    "end": 5_234,
                    "lag": 1_234,
                    "worker": "worker-1",
                    "per_second": 120.0,
                }
            ],
            "left_out": 0,
            "unread": 0,
            "seconds_left": 10.0,
        },
        "latency_ms": {"stored": {"p50": 40.0, "p95": 90.0, "p99": 250.0}, "window_seconds": 60},
        "tactics": [{"start": NOW, "tactic": "TA0002", "name": "Execution", "count": 7}],
        "workers": [{"id": "worker-1", "host": MARKUP, "partitions": [0, 1, 2, 7], "state": "stable"}],
        "recent": [detection(number) for number in range(5)],
        "history": HISTORY,
    }


def record(offset: int, value: str | None, **values: object) -> dict[str, object]:
    """Return a record of a topic."""
    return {
        "topic": "raw-events",
        "partition": 0,
        "offset": offset,
        "timestamp": NOW,
        "key": MARKUP,
        "key_encoding": "utf-8",
        "headers": [["traceparent", "00-0-0-01"], [MARKUP, TURNED]],
        "value": value,
        "value_bytes": len(value or ""),
        "truncated": False,
        "encoding": "utf-8",
        **values,
    }


TOPICS = [
    {"name": "raw-events", "role": "events", "partitions": 2, "records": 5_234, "about": "Raw events."},
    {"name": "detections", "role": "detections", "partitions": 2, "records": 12, "about": ""},
]

RECORDS = {
    "records": [
        record(13, '{"host":"ws-1","n":12345678901234567890,"s":"\\u202e","list":[],"deep":{"a":[1,2]}}'),
        record(12, MARKUP),
        record(11, TURNED),
        record(10, LONG),
        record(9, None),
        record(8, "AAECAwQFBgcICQoLDA0ODxAR", encoding="base64", value_bytes=18),
    ],
    "at": {"0": 14},
    "searched": 6,
    "complete": True,
}

DEAD_LETTERS = {
    "rows": [
        {
            "reason": "not_json",
            "detail": MARKUP,
            "topic": "raw-events",
            "partition": 0,
            "offset": 7,
            "record_time": NOW,
            "stored_time": NOW,
            "value": MARKUP,
            "encoding": "utf-8",
            "value_bytes": 53,
            "replayed_time": None,
        }
    ],
    "next": None,
    "reasons": {"not_json": 1},
}

PIPELINE = {
    "stages": [
        {
            "name": name,
            "label": label,
            "per_second": 120.0,
            "seconds_per_batch": share and share / 10,
            "share": share,
            "backlog": backlog,
            "detail": MARKUP,
            "state": state,
        }
        for name, label, share, backlog, state in (
            ("produce", "Producers", None, None, "ok"),
            ("topic", "Topic", None, 1_234, "waiting"),
            ("poll", "Poll", 0.1, None, "ok"),
            ("decode", "Decode", 0.2, None, "ok"),
            ("match", "Match", 0.6, None, "slow"),
            ("write", "Write", 0.05, None, "ok"),
            ("commit", "Commit", 0.05, None, "ok"),
            ("csv", "CSV", None, 0, "ok"),
            ("detections_topic", "Detections", None, None, "unknown"),
        )
    ],
    "bottleneck": "match",
    "explanation": f"Matching takes most of the time. {MARKUP}",
    "source": "metrics",
}

STATUS = {
    "version": "1.0.0",
    "topic": "raw-events",
    "group": "workers",
    "results": "data/results",
    "rules": {"revision": None, "count": None, "paths": ["builtin:lab"]},
    "kafka": {"state": "connected", "detail": "127.0.0.1:9092"},
    "catalogue_version": "19.0",
    "started": NOW,
    "time": NOW,
}
