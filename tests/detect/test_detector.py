"""The detector: one verdict per record, whatever the records are and however they are batched."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.texts import rule_id, rule_text
from tocsin import Detector, load_rules
from tocsin.detect import conclusions
from tocsin.model import NO_LABEL, Batch, Judged, Label, Level, Stream

STREAM = Stream("topic", "raw-events", "an-id")


def line(number: int = 0, **fields: object) -> bytes:
    event = {
        "event_id": f"00000000-0000-4000-8000-{number:012x}",
        "timestamp": "2026-11-21T10:00:00Z",
        "event_type": "process_start",
        **fields,
    }
    return json.dumps(event).encode()


@pytest.fixture
def lab() -> Detector:
    return Detector(load_rules(["builtin:lab"]))


def detector_of(folder: Path, *texts: str) -> Detector:
    for number, text in enumerate(texts):
        (folder / f"{number}.yml").write_text(text)
    return Detector(load_rules([folder]))


def essence(*parts: Judged) -> list[tuple[Any, ...]]:
    return [
        row
        for part in parts
        for row in zip(part.verdicts, part.events.ids, part.events.timestamps, part.events.hosts, strict=True)
    ]


def test_every_record_has_one_verdict_in_order(lab):
    """Good, bad and missing values alike; the revision is the rule set's."""
    values = [line(1, command_line="cmd.exe"), b"{", None, line(2, event_type="user_login"), b"[]"]
    judged = lab.judge(Batch.of_values(STREAM, values, first=7))
    assert [verdict.label.technique for verdict in judged.verdicts] == [
        "T1059.003",
        "T0000",
        "T0000",
        "T1078",
        "T0000",
    ]
    assert [verdict.rejected is None for verdict in judged.verdicts] == [True, False, False, True, False]
    assert list(judged.events.types) == ["process_start", "", "", "user_login", ""]
    assert judged.revision == load_rules(["builtin:lab"]).revision


def test_a_detection_says_what_the_rule_says_and_what_matched(lab):
    """Id, title, revision, level, ATT&CK ids, and the fields with the event's values."""
    (verdict,) = lab.judge_lines([line(command_line="x -EncodedCommand y")])
    (detection,) = verdict.detections
    rule = lab.rules.by_id[detection.rule_id]
    assert (detection.rule_title, detection.rule_revision) == (rule.title, rule.revision)
    assert (detection.level, detection.tactics, detection.techniques) == (
        Level.INFORMATIONAL,
        ("TA0002",),
        ("T1059.001",),
    )
    assert detection.matched == (("event_type", "process_start"), ("command_line", "x -EncodedCommand y"))


def test_equal_conclusions_are_one_object(lab):
    """Nothing is built per event that is equal for many."""
    one, other, third, fourth = lab.judge_lines(
        [
            line(1, command_line="a"),
            line(2, command_line="a"),
            line(3, event_type="x"),
            line(4, event_type="y"),
        ]
    )
    assert one.detections is other.detections
    assert one.label is other.label
    assert third.detections is fourth.detections
    assert third.label is NO_LABEL


def test_memory_is_bounded(lab, monkeypatch):
    """However many different events there are, what is kept of them starts anew when it is full."""
    monkeypatch.setattr(conclusions, "MOST", 10)
    verdicts = lab.judge_lines(
        [line(i, event_type="user_login", logon_type=f"{i}") for i in range(50)]
        + [line(i, command_line=f"cmd.exe {i}") for i in range(50)]
    )
    assert [v.label.technique for v in verdicts] == ["T1078"] * 50 + ["T1059.003"] * 50
    assert len(lab._conclusions) <= 10


def test_long_values_do_not_fill_the_memory(lab, monkeypatch):
    """What is kept is bounded by the text it holds, too."""
    monkeypatch.setattr(conclusions, "MOST_TEXT", 10_000)
    lab.judge_lines([line(i, command_line=f"cmd.exe {i}" + "x" * 4_000) for i in range(20)])
    assert len(lab._conclusions) <= 3


def test_several_rules_fire_and_the_strongest_gives_the_label(tmp_path):
    """All detections are kept, in the order of the rules; the label is one."""
    selection = {"selection": {"CommandLine|contains": "evil"}}
    found = detector_of(
        tmp_path,
        rule_text(selection, id=rule_id(1), level="low", tags=["attack.t1059.001"]),
        rule_text(
            selection, id=rule_id(2), level="critical", tags=["attack.credential-access", "attack.t1110"]
        ),
        rule_text({"selection": {"CommandLine": "nothing"}}, id=rule_id(3), level="critical"),
        rule_text(selection, id=rule_id(4), level="critical"),
    )
    (verdict,) = found.judge_lines([line(command_line="so evil")])
    assert [detection.rule_id for detection in verdict.detections] == [rule_id(1), rule_id(2), rule_id(4)]
    assert verdict.label == Label("TA0006", "T1110")


def test_a_rule_for_another_log_source_does_not_fire(tmp_path):
    """Its condition would hold; its log source is contradicted."""
    selection = {"selection": {"CommandLine|contains": "evil"}}
    found = detector_of(
        tmp_path,
        rule_text(selection, id=rule_id(1), logsource={"product": "linux"}),
        rule_text(selection, id=rule_id(2), logsource={"product": "Windows", "category": "PROCESS_CREATION"}),
        rule_text(selection, id=rule_id(3), logsource={"category": "file_event"}),
    )
    (verdict,) = found.judge_lines([line(command_line="evil")])
    assert [detection.rule_id for detection in verdict.detections] == [rule_id(2)]


values = st.one_of(
    st.none(),
    st.binary(max_size=40),
    st.builds(
        line,
        st.integers(0, 50),
        event_type=st.sampled_from(["process_start", "user_login", "other"]),
        command_line=st.sampled_from(["cmd.exe", "encodedcommand", "", "x"]),
        logon_type=st.sampled_from(["failure", "success"]),
    ),
)


LAB = load_rules(["builtin:lab"])


@settings(deadline=None)  # the machine may be busy
@given(st.lists(values, max_size=30), st.data())
def test_batching_changes_nothing(records, data):
    """However a stream is cut into batches, its records get the same verdicts, and nothing raises."""
    cut = data.draw(st.integers(0, len(records)))
    whole = Detector(LAB).judge(Batch.of_values(STREAM, records))
    parts = Detector(LAB)
    first = parts.judge(Batch.of_values(STREAM, records[:cut]))
    second = parts.judge(Batch.of_values(STREAM, records[cut:], first=cut))
    assert essence(whole) == essence(first, second)


def test_the_package_exports_what_other_programs_rely_on():
    """`from tocsin import Detector, load_rules`, and an unknown name is told like any other."""
    import tocsin  # noqa: PLC0415 - the subject

    assert tocsin.Detector is Detector
    assert tocsin.load_rules is load_rules
    with pytest.raises(AttributeError, match="no attribute 'Detectr'"):
        _ = tocsin.Detectr
