"""The columnar matcher gives the plain matcher's verdicts, whatever the rules and the events are."""

from __future__ import annotations

import json
import zipfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.corpora import corpus
from tests.detect.plain import PlainJudge, differences
from tests.detect.provoking import records_for
from tests.rules.texts import rule_id, rule_text
from tocsin.decode import decode
from tocsin.detect import Detector, program
from tocsin.detect.hyperscan_door import HyperscanMatching
from tocsin.detect.scan import Matching, PythonMatching
from tocsin.model import NO_LABEL, Batch, Rejected, Stream, Verdict
from tocsin.rules import RuleSet, load_rules

STREAM = Stream("file", "memory", "memory")
MATCHINGS = [HyperscanMatching(), PythonMatching()]


def named(matching: Matching) -> str:
    return type(matching).__name__


@cache
def sigmahq() -> RuleSet:
    return load_rules([corpus("sigmahq/sigmahq-rules.zip")])


@cache
def detector(matching: Matching) -> Detector:
    """Return a detector with all rules of SigmaHQ; compiling takes seconds, so the tests share it."""
    return Detector(sigmahq(), matching=matching)


def recorded(step: int) -> list[bytes]:
    """Return every so-many-th recorded event."""
    lines = []
    for path in sorted(corpus("windows-events").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    lines += archive.read(name).splitlines()
    return lines[::step]


def one_by_one(rules: RuleSet, lines: list[bytes]) -> list[Verdict]:
    """Judge events with the plain matcher and its memory, which other tests compare with none."""
    judge = Detector(rules)
    outcomes = decode(Batch.of_values(STREAM, lines))
    return [
        Verdict(NO_LABEL, (), rejected=found) if isinstance(found, Rejected) else judge.conclude(found)
        for found in outcomes
    ]


@pytest.mark.parametrize("matching", MATCHINGS, ids=named)
def test_recorded_events_are_judged_as_the_plain_matcher_does(matching):
    """All rules of SigmaHQ on a sample of the recorded events; the first pass and one that remembers."""
    lines = recorded(251)
    wanted = one_by_one(sigmahq(), lines)
    assert any(verdict.detections for verdict in wanted)
    assert differences(wanted, detector(matching).judge_lines(lines)) == []
    assert differences(wanted, detector(matching).judge_lines(lines)) == []


MARKED = ("CommandLine", "Image", "ParentImage", "TargetImage", "TargetObject", "Payload", "ScriptBlockText")


def marked(line: bytes, mark: int) -> bytes:
    """Return an event with a mark in what tells most of it: before the last part of a path, or at the end."""
    event = json.loads(line)
    for name in MARKED:
        if isinstance(event.get(name), str):
            folder, slash, last = event[name].rpartition("\\")
            event[name] = f"{folder}{slash}{mark}{slash}{last}" if slash else f"{last}{mark}"
    return json.dumps(event).encode()


def test_events_of_which_only_the_values_are_new_are_judged_as_the_plain_matcher_does():
    """What is known of events in which the same was found gives the evidence of the next ones."""
    lines = [marked(line, mark) for mark in range(3) for line in recorded(401)]
    wanted = one_by_one(sigmahq(), lines)
    assert differences(wanted, detector(MATCHINGS[0]).judge_lines(lines)) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_recorded_events_are_judged_as_the_plain_matcher_does():
    """All rules of SigmaHQ on everything that was recorded."""
    lines = recorded(1)
    found = [
        v
        for i in range(0, len(lines), 5_000)
        for v in detector(MATCHINGS[0]).judge_lines(lines[i : i + 5_000])
    ]
    assert differences(one_by_one(sigmahq(), lines), found) == []


def provoked(step: int, most: int) -> list[bytes]:
    rules = [rule for rule in sigmahq().rules if rule.logsource.product == "windows"]
    return [json.dumps(record).encode() for rule in rules[::step] for record in records_for(rule, most)]


@pytest.mark.parametrize("matching", MATCHINGS, ids=named)
def test_events_made_of_the_rules_atoms_are_judged_as_the_plain_matcher_does(matching):
    """The index hides no rule of a sample when its own event comes."""
    lines = provoked(29, 1)
    wanted = PlainJudge(sigmahq()).judge(Batch.of_values(STREAM, lines))
    assert differences(wanted, detector(matching).judge_lines(lines)) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_rule_s_own_events_are_judged_as_the_plain_matcher_does():
    """The index hides no rule at all."""
    lines = provoked(1, 3)
    wanted = PlainJudge(sigmahq()).judge(Batch.of_values(STREAM, lines))
    assert differences(wanted, detector(MATCHINGS[0]).judge_lines(lines)) == []


def test_nine_of_ten_rules_fire_on_events_made_of_their_atoms():
    """So what is compared is not silence: 97 % of SigmaHQ's Windows rules fire."""
    verdicts = detector(MATCHINGS[0]).judge_lines(provoked(1, 3))
    fired = {detection.rule_id for verdict in verdicts for detection in verdict.detections}
    wanted = {rule.id for rule in sigmahq().rules if rule.logsource.product == "windows"}
    assert len(wanted & fired) >= 0.9 * len(wanted)


CONDITIONS: list[dict[str, object]] = [
    {"a": ["x", "", None, "y*", 5, True]},
    {"a|contains|all": ["x", "1"]},
    {"b|cased": "X?"},
    {"b|cased|contains": "K"},
    {"a|contains": "k"},
    {"a|endswith": ".exe", "b|startswith": "c:"},
    {"a": "*x?y*z*"},
    {"a|re|i": "^x|1$"},
    {"a|re|i": "kilo"},
    {"b|re": "[0-9]{2}|`"},
    {"b|cidr": ["10.0.0.0/8", "::/0"]},
    {"c|lte": 5, "a|hour|gte": 12},
    {"b|exists": True, "c|exists": False},
    {"a|fieldref|contains": "b", "b|neq": "x"},
    {"a.b": 1, "b.c|windash": "-x"},
    {"a|wide|base64offset|contains": "kilo"},
    {"c": [1, 0, "true", 1.5, 9007199254740993]},
    {"a|contains": "é", "b|contains": "İ"},
]
SHAPES = ["s1", "not s1", "s1 or s2", "s1 and not s2", "1 of s*", "all of s*", "not (s1 and words)", "words"]
WORDS = st.lists(
    st.sampled_from(["mimikatz", "kilo", 'a"b', "x*y", "é", 4688, "deadbeef:x"]), min_size=1, max_size=2
)

LETTERS = ["x", "X", "y1", "", "-x", "xx1", "XY", "Xk", "\u212ailo", "\u0130", "i\u0307", "a\x00b", "\udc00"]
KEYWORDS = ["kilo", "KILO", "mimi\u212aatz", "mimikatz", "say \x1b[0m kilo", "deadbeef:x", 'a"b', "x0y\nz"]
OTHERS = ["c:\\A.EXE", "10.1.2.3", "::1", "`", "2026-11-21T18:00:00Z", "5", "1", "1.0", "true", "nan", "é"]
TEXTS = st.sampled_from([*LETTERS, *KEYWORDS, *OTHERS, "awBpAGwAbwA"])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, 5, 22, 4688, -0.0, 1.0, 1.5, 1e3, 2**53, 2**53 + 1, float(2**53), 2**70]),
    TEXTS,
    st.text(max_size=6),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)
RULES = st.lists(
    st.tuples(st.sampled_from(CONDITIONS), st.sampled_from(CONDITIONS), WORDS, st.sampled_from(SHAPES)),
    min_size=1,
    max_size=6,
)
EVENTS = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(["a", "b", "c", "a.b", "d"]), ANYTHING), st.booleans()),
    max_size=12,
)


def line(fields: dict[str, object], *, ascii_only: bool) -> bytes:
    found = {"event_type": "x", "timestamp": "2026-11-21T10:00:00Z", **fields}
    return json.dumps(found, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("matching", MATCHINGS, ids=named)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=RULES, events=EVENTS)
def test_odd_rules_and_events_are_judged_as_the_plain_matcher_does(matching, tmp_path_factory, rules, events):
    """Every modifier, values of every kind, keywords in any spelling of JSON; before and after a review."""
    folder: Path = tmp_path_factory.mktemp("rules")
    for number, (one, other, words, shape) in enumerate(rules):
        text = rule_text({"s1": one, "s2": other, "words": words}, shape, id=rule_id(number))
        (folder / f"{number}.yml").write_text(text)
    loaded = load_rules([folder])
    lines = [line(fields, ascii_only=ascii_only) for fields, ascii_only in events]
    wanted = PlainJudge(loaded).judge(Batch.of_values(STREAM, lines))
    judge = Detector(loaded, matching=matching)
    assert differences(wanted, judge.judge_lines(lines)) == []
    for found in judge._engine._programs.values():
        found._review(least=1, price=0)
    assert differences(wanted, judge.judge_lines(lines)) == []
    assert [judge.judge_lines([one])[0] for one in lines] == wanted


def test_rules_that_are_tested_often_are_decided_by_value(tmp_path, monkeypatch):
    """After a review no event asks for a test any more, and the verdicts are the same."""
    monkeypatch.setattr(program, "FIRST_REVIEW", 100)
    rule = rule_text({"selection": {"a|contains": "common", "b|re": "^[a-z]+$"}})
    (tmp_path / "rule.yml").write_text(rule)
    judge = Detector(load_rules([tmp_path]))
    lines = [line({"a": "common", "b": f"x{i % 3 or ''}"}, ascii_only=True) for i in range(200)]
    first = judge.judge_lines(lines)
    assert differences(first, judge.judge_lines(lines)) == []
    (made,) = judge._engine._programs.values()
    assert [outcome.asked for outcome in made._outcomes.values() if outcome is not None] == [0]


def test_more_is_looked_for_only_once_the_tests_it_saves_have_cost_as_much(tmp_path):
    """A rule that is tested too rarely for that goes on being tested, and what was counted still counts."""
    rule = rule_text({"selection": {"a|contains": "common", "b|re": "^[a-z]+$"}})
    (tmp_path / "rule.yml").write_text(rule)
    judge = Detector(load_rules([tmp_path]))
    lines = [line({"a": "common", "b": f"x{i % 3 or ''}"}, ascii_only=True) for i in range(60)]
    first = judge.judge_lines(lines)
    (made,) = judge._engine._programs.values()
    made._review(least=1, price=32)  # the expression is all that would have to be compiled
    assert differences(first, judge.judge_lines(lines)) == []
    assert sum(made.tests().values()) == 120
    made._review(least=1, price=32)
    assert differences(first, judge.judge_lines(lines)) == []
    assert sum(made.tests().values()) == 120


def test_a_bad_record_changes_nothing_for_its_neighbours():
    """Whatever stands between two events, they are judged as if it were not there."""
    good = recorded(4_001)
    wanted = detector(MATCHINGS[0]).judge_lines(good)
    for bad in (b"{", b"\xff\xfe\x00", b"[]", b'{"EventID": {}}', b'{"a":' * 200):
        mixed = [record for one in good for record in (bad, one)]
        found = detector(MATCHINGS[0]).judge_lines(mixed)
        assert found[1::2] == wanted
        assert all(verdict.rejected for verdict in found[::2])


def test_a_successor_is_ready_for_the_kinds_of_events_of_its_predecessor():
    """What would take long at the first event of a kind has been done."""
    judge = Detector(load_rules(["builtin:lab"]))
    judge.judge_lines([line({"command_line": "cmd.exe"}, ascii_only=True)])
    made = judge.successor(load_rules(["builtin:windows"]))
    assert made._engine.kinds() == judge._engine.kinds()
    assert made.rules.revision != judge.rules.revision
