"""With the lab's pack the label of every event is what the documents' classifier says of it."""

import json
import random
from uuid import UUID

import pytest

from tocsin import Detector, load_rules
from tocsin.detect.oracle import matcher
from tocsin.detect.reading import Reading
from tocsin.model import Level, Verdict

EVENTS = 10_000

PIECES = [
    "cmd.exe", "CMD.EXE", "cmd", ".exe", "Cmd.Exe", "encodedcommand", "-EncodedCommand", "ENCODEDCOMMAND",
    "xencodedcommandx", "encoded", "command", "powershell", " ", "\n", "\r\n", "\t", "\0", "*", "?", "*cmd*",
    "c?d.exe", "\\", '"', "/c", "", "%COMSPEC%", "\u212a", "\u0130", "ENCODEDCOMMANd\u0301", "\u00df", "😀",
    "\u0435ncodedcommand", "en\u0107odedcommand", "cmd\u200b.exe", "cmd\uff0eexe",
]  # fmt: skip

LOGONS = [
    "failure",
    "success",
    "Failure",
    "FAILURE",
    "failure ",
    "",
    "fail",
    "*",
    "failur?",
    "2",
    "failure\n",
    None,
]


def expected(event: dict[str, object]) -> tuple[str, str]:
    """Restate the branches of the documents' classifier, from their description and not from our rules."""
    kind = event["event_type"]
    if kind == "user_login":
        return ("TA0006", "T1110") if event.get("logon_type") == "failure" else ("TA0001", "T1078")
    if kind != "process_start":
        return ("TA0000", "T0000")
    line = str(event.get("command_line") or "").lower()
    technique = "T1059"
    if "cmd.exe" in line:
        technique = "T1059.003"
    if "encodedcommand" in line:
        technique = "T1059.001"
    return ("TA0002", technique)


def generated(rng: random.Random) -> dict[str, object]:
    event: dict[str, object] = {
        "event_id": str(UUID(int=rng.getrandbits(128), version=4)),
        "timestamp": "2026-11-21T10:00:00Z",
        "user": rng.choice(["alice", "cmd.exe", "encodedcommand"]),
        "host": "pc-1",
        "source_ip": "10.0.0.1",
        "event_type": rng.choices(
            ["process_start", "user_login", "Process_Start", "process_start ", "file_write", "USER_LOGIN"],
            [12, 6, 1, 1, 1, 1],
        )[0],
    }
    if rng.random() < 0.85:
        pieces = "".join(rng.choice(PIECES) for _ in range(rng.randrange(6)))
        event["command_line"] = rng.choice([pieces, pieces, pieces, pieces, pieces, None])
    if rng.random() < 0.85:
        event["logon_type"] = rng.choice(LOGONS)
    if rng.random() < 0.3:
        event["process_name"] = rng.choice(["cmd.exe", "powershell.exe", None, "C:\\Windows\\cmd.exe"])
    if rng.random() < 0.2:
        event["note"] = {"command_line": "cmd.exe", "list": ["encodedcommand", 1, None]}
    return event


@pytest.fixture(scope="module")
def judged() -> list[tuple[dict[str, object], Verdict]]:
    rng = random.Random(20261121)
    events = [generated(rng) for _ in range(EVENTS)]
    lines = [json.dumps(event, ensure_ascii=rng.random() < 0.5).encode() for event in events]
    return list(zip(events, Detector(load_rules(["builtin:lab"])).judge_lines(lines), strict=True))


def test_labels_equal_the_documents_classifier(judged):
    """On ten thousand generated events, odd ones included."""
    wrong = [
        (event, verdict.label)
        for event, verdict in judged
        if (verdict.label.tactic, verdict.label.technique) != expected(event)
    ]
    assert wrong == []
    assert {expected(event)[1] for event, _ in judged} == {
        "T0000", "T1059", "T1059.001", "T1059.003", "T1078", "T1110",
    }  # fmt: skip


def test_the_branches_exclude_each_other(judged):
    """An event of the lab's types has exactly one detection, informational; other types have none."""
    for event, verdict in judged:
        known = event["event_type"] in ("process_start", "user_login")
        assert len(verdict.detections) == known, event
        assert all(detection.level is Level.INFORMATIONAL for detection in verdict.detections)


def test_the_pack_leaves_events_of_other_shapes_alone():
    """Whatever Windows says in its own fields, the lab's rules are not for it."""
    event = Reading(
        {
            "EventType": "process_start",
            "CommandLine": "cmd.exe encodedcommand",
            "command_line": "cmd.exe",
            "logon_type": "failure",
        }
    )
    assert not any(matcher(rule.condition)(event) for rule in load_rules(["builtin:lab"]).rules)


def test_the_pack_is_in_order():
    """No mistakes, no notices, one rule per branch, each with its label's tags."""
    found = load_rules(["builtin:lab"], strict=True)
    assert all(rule.notices == () for rule in found.rules)
    assert sorted((r.label.tactic, r.label.technique) for r in found.rules if r.label) == [
        ("TA0001", "T1078"),
        ("TA0002", "T1059"),
        ("TA0002", "T1059.001"),
        ("TA0002", "T1059.003"),
        ("TA0006", "T1110"),
    ]
