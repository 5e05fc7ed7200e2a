"""Explanations agree with the plain matcher, point at what matched, and say it in words."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detect.test_oracle_properties import EVERY_KIND, anything
from tests.rules.texts import ID, rule_of, rule_text
from tocsin.detect.explain import Kind, Outcome, explain, gap_of, survey
from tocsin.detect.explanation_record import explanation_record
from tocsin.detect.oracle import matcher
from tocsin.detect.reading import Reading
from tocsin.detect.reasons import headline, reasons
from tocsin.model import Event, LogSource

WINDOWS = LogSource("windows", "process_creation", "sysmon")


def event_of(fields, source=WINDOWS):
    return Event("id", "", "", "", "", "x", fields, source)


def told(detection, fields, condition="selection", **keys):
    """Return the headline and the reasons of one rule on one event."""
    rule = rule_of(rule_text(detection, condition, **keys))
    made = explain(rule, event_of(fields))
    return headline(made), [(reason.selection, reason.text) for reason in reasons(made)]


def consistent(outcome: Outcome) -> bool:
    """Say whether the truth of a part follows from that of its own parts, all the way down."""
    parts = [part.held for part in outcome.outcomes]
    follows = {
        Kind.ALL: lambda: outcome.held is all(parts),
        Kind.ANY: lambda: outcome.held is any(parts),
        Kind.NOT: lambda: parts == [not outcome.held],
        Kind.SELECTION: lambda: parts == [outcome.held],
        Kind.TEST: lambda: (
            not parts and (outcome.held or outcome.absence or not any(s.held for s in outcome.seen))
        ),
    }
    return follows[outcome.kind]() and all(consistent(part) for part in outcome.outcomes)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "a.b", ""]), anything))
def test_an_explanation_says_what_the_matcher_says(fields):
    """Whatever the event: the same verdict, parts that agree with the whole, reasons, and a gap to match."""
    rule = rule_of(rule_text({"x": {"a": 1}}, "x"))
    for node in (EVERY_KIND, *getattr(EVERY_KIND, "nodes", ())):
        made = explain(rule_with(rule, node), event_of(fields))
        held = matcher(node)(Reading(fields))
        assert made.outcome.held is held
        assert consistent(made.outcome)
        assert (made.gap.size == 0) is held
        assert reasons(made)
        assert all(
            0 <= begin < end <= len(seen.text) for seen in seen_in(made.outcome) for begin, end in seen.spans
        )


def rule_with(rule, node):
    return type(rule)(
        id=rule.id,
        title=rule.title,
        level=rule.level,
        logsource=rule.logsource,
        condition=node,
        revision=rule.revision,
        path=rule.path,
        line=rule.line,
    )


def seen_in(outcome):
    return [*outcome.seen, *(seen for part in outcome.outcomes for seen in seen_in(part))]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), anything))
def test_mending_what_is_lacking_is_what_the_gap_counts(fields):
    """The gap to a condition and the gap to its opposite are never both there, and never both missing."""
    reading = Reading(fields)
    assert (gap_of(EVERY_KIND, reading).size == 0) is not (
        gap_of(EVERY_KIND, reading, wanted=False).size == 0
    )


@pytest.mark.parametrize(
    ("key", "wanted", "value", "spans"),
    [
        ("f", "AbC", "aBc", [(0, 3)]),
        ("f|contains", "b", "abcB", [(1, 2), (3, 4)]),
        ("f|endswith", "\\x.exe", "C:\\X.EXE", [(2, 8)]),
        ("f|startswith", "c:", "C:\\x", [(0, 2)]),
        ("f", "a*b?d", "axxbcd", [(0, 1), (3, 6)]),
        ("f", "*a*b*", "xaxbx", [(1, 2), (3, 4)]),
        ("f|contains", "x", "\u0130\u0130x\u0130", [(2, 3)]),
        ("f|contains", "i\u0307", "a\u0130", [(1, 2)]),
        ("f|re", "b+", "abbbc", [(1, 4)]),
        ("f|re", "^", "abc", []),
        ("f|cidr", "10.0.0.0/8", "10.1.2.3", [(0, 8)]),
        ("f|gte", 5, "7", [(0, 1)]),
        ("f|fieldref|contains", "g", "xyGz", [(2, 3)]),
    ],
)
def test_spans_are_the_characters_that_matched(key, wanted, value, spans):
    """Counted in the value as the event has it, also where folding makes it longer."""
    rule = rule_of(rule_text({"selection": {key: wanted}}))
    made = explain(rule, event_of({"f": value, "g": "g"}))
    assert made.fires
    found = next(seen for seen in seen_in(made.outcome) if seen.field == "f" and seen.held)
    assert list(found.spans) == spans


def test_a_rule_that_fails_only_in_its_filter_says_so():
    """The most useful thing to know about a rule that was expected to fire."""
    detection = {
        "selection_img": {"Image|endswith": "\\cmd.exe"},
        "selection_cli": {"CommandLine|contains": ["del", "rd"]},
        "filter_main_x": {"ParentImage|startswith": "C:\\Tools\\"},
    }
    fields = {"Image": "C:\\cmd.exe", "CommandLine": "cmd /c del x", "ParentImage": "C:\\Tools\\a.exe"}
    assert told(detection, fields, "all of selection_* and not 1 of filter_main_*") == (
        "does not fire: fails only in filter_main_x",
        [
            (
                "filter_main_x",
                "ParentImage begins with 'C:\\Tools\\': 'C:\\Tools\\a.exe', which the rule excludes",
            )
        ],
    )


@pytest.mark.parametrize(
    ("item", "fields", "text"),
    [
        ({"f": "x"}, {"f": "y"}, "wanted: f is 'x'; it is 'y'"),
        ({"f": "x"}, {}, "wanted: f is 'x'; the event has no f"),
        ({"f": ["p", "q"]}, {"f": "y"}, "wanted: f is 'p' or 'q'; it is 'y'"),
        ({"f": list("pqrst")}, {"f": "y"}, "wanted: f is 'p', 'q', 'r' or one of 2 more; it is 'y'"),
        ({"f|re": "^x"}, {"f": "y"}, "wanted: f matches /^x/; it is 'y'"),
        (
            {"f|cidr": "10.0.0.0/8"},
            {"f": "1.1.1.1"},
            "wanted: f is an address in 10.0.0.0/8; it is '1.1.1.1'",
        ),
        ({"f|gte": 5}, {"f": 3}, "wanted: f >= 5; it is '3'"),
        ({"f|hour": 5}, {"f": "z"}, "wanted: the hour of f = 5; it is 'z'"),
        ({"f": None}, {"f": "y"}, "wanted: f is missing, null or an empty list; it is 'y'"),
        ({"f": None}, {"f": {}}, "wanted: f is missing, null or an empty list; it is an object"),
        ({"f|exists": True}, {}, "wanted: f has a value; the event has no f"),
        ({"f|fieldref": "g"}, {"f": "a", "g": "b"}, "wanted: f is the value of g; it is 'a' and 'b'"),
        (
            {"f|contains|windash": "-enc"},
            {"f": "x"},
            "wanted: f contains '-enc' with any kind of dash; it is 'x'",
        ),
        (
            {"f|base64offset|contains": "http://"},
            {"f": "x"},
            "wanted: f contains base64 of 'http://' at any offset; it is 'x'",
        ),
        (
            {"f|wide|base64offset|contains": "ping"},
            {"f": "x"},
            "wanted: f contains base64 of 'ping' in UTF-16 at any offset; it is 'x'",
        ),
        (
            {"f|base64": "whoami"},
            {"f": "x"},
            "wanted: f is 'd2hvYW1p', base64 of 'whoami'; it is 'x'",
        ),
        (
            {"f|cidr": ["10.0.0.0/8", "fe80::/10"]},
            {"f": "1.1.1.1"},
            "wanted: f is an address in 10.0.0.0/8 or fe80::/10; it is '1.1.1.1'",
        ),
        ({"f|re": ["^a", "b$"]}, {"f": "x"}, "wanted: f matches /^a/ or /b$/; it is 'x'"),
        (["needle"], {"f": "y"}, "wanted: any field contains 'needle'; none does"),
    ],
)
def test_every_kind_of_test_is_told_in_words(item, fields, text):
    """What was wanted, and what the event has instead."""
    assert told({"selection": item}, fields) == (
        "does not fire",
        [("selection", text)],
    )


@pytest.mark.parametrize("modifiers", ["base64offset", "wide|base64offset"])
@pytest.mark.parametrize("value", ["abc", "abcd", "ab cd", "http://example", "abcd" * 9])
def test_base64_at_any_offset_is_recognised_whatever_its_length(value, modifiers):
    """The value is put together again from what is left of it at each offset."""
    (_, text), *_ = told({"selection": {f"f|{modifiers}|contains": value}}, {})[1]
    assert f"base64 of '{value}'" in text


def test_literals_that_only_look_like_base64_are_left_alone():
    """A path or a word of the right length is not said to be something else."""
    for word in (
        "powershell.exe",
        "abcdefgh",
        "administrator123",
        "d2hvYW1",
        base64.b64encode(b"\xff" * 6).decode(),
    ):
        assert told({"selection": {"f": word}}, {})[1] == [
            ("selection", f"wanted: f is '{word}'; the event has no f")
        ]


@pytest.mark.parametrize(
    ("item", "fields", "text"),
    [
        ({"f": "X"}, {"f": "x"}, "f is 'X'"),
        ({"f|contains": "b"}, {"f": "abc"}, "f contains 'b': 'abc'"),
        (["needle"], {"deep": {"f": "a needle"}}, "deep.f contains 'needle': 'a needle'"),
        ({"f|exists": True}, {"f": {}}, "f has a value"),
        ({"f": None}, {}, "f is missing, null or an empty list"),
    ],
)
def test_what_made_a_rule_fire_is_told_in_words(item, fields, text):
    """The test that holds, and the value if it is not the same."""
    assert told({"selection": item}, fields) == ("fires", [("selection", text)])


def test_filters_that_do_not_hold_are_named():
    """Many of them by the first few."""
    filters = {f"filter_{letter}": {letter: 1} for letter in "pqrst"}
    detection = {"s": {"f": 1}, **filters}
    found = told(detection, {"f": 1}, "s and not 1 of filter_*")[1][1][1]
    assert found == "filter_p, filter_q, filter_r and 2 more are excluded, and none of them holds"


def test_the_log_source_that_keeps_a_rule_out_is_named():
    """Its condition is explained all the same."""
    text = rule_text(
        {"selection": {"f": "x"}}, logsource={"product": "linux", "category": "process_creation"}
    )
    made = explain(rule_of(text), event_of({"f": "x"}))
    assert not made.fires
    assert made.outcome.held
    assert headline(made) == (
        "does not fire, though its condition holds: the rule is about product linux, the event has windows"
    )


def test_alternatives_that_all_fail_are_told_one_by_one():
    """Each of a few; of many only the nearest."""
    few = {"a": {"f": 1}, "b": {"g": 2}}
    assert told(few, {"f": 3}, "1 of them")[1] == [
        ("a", "alternative 1: wanted: f is '1'; it is '3'"),
        ("b", "alternative 2: wanted: g is '2'; the event has no g"),
    ]
    many = {name: {"f": 1, "g": 2, name: 3} for name in "pqrs"}
    assert told(many, {"f": 1, "g": 2, "q": 4, "r": 3}, "1 of them or p")[0] == "fires"
    assert told(many, {"f": 1, "q": 3}, "1 of them")[1] == [
        ("q", "none of 4 alternatives holds, the nearest of them wanted: g is '2'; the event has no g"),
    ]


def test_a_survey_ranks_what_comes_near():
    """What fires, then rules of which least is missing; those of which nothing holds are left out."""

    def rule(number, detection, condition="s"):
        return rule_of(rule_text(detection, condition, id=f"{ID[:-1]}{number}"))

    rules = (
        rule(1, {"s": {"a": 1}}),
        rule(2, {"s": {"a": 1, "b": 2, "c": 9}}),
        rule(3, {"s": {"a": 1, "b": 2}, "f": {"d": 4}}, "s and not f"),
        rule(4, {"s": {"x": 1}}),
        rule(5, {"s": {"a": 1, "c": 9}}),
        rule(6, {"s": {"a": 1, "p": 9, "q": 9}}),
    )
    made = survey(rules, event_of({"a": 1, "b": 2, "d": 4}), nearest=5)
    assert [one.rule.id[-1] for one in made.fired] == ["1"]
    assert [one.rule.id[-1] for one in made.nearest] == ["3", "2", "5"]
    assert made.candidates == 6


def test_the_record_points_from_tests_to_values():
    """Its keys are what docs/explain.md lists; a value that several tests saw is there once."""
    rule = rule_of(rule_text({"selection": {"f|contains": ["x", "y"]}}))
    event = event_of({"f": "axb"})
    record = explanation_record(explain(rule, event), event)
    assert record["values"] == [{"field": "f", "value": "axb"}]
    assert record["condition"] == {
        "kind": "selection",
        "held": True,
        "words": "selection",
        "name": "selection",
        "parts": [
            {
                "kind": "any",
                "held": True,
                "words": "f contains any of",
                "parts": [
                    {
                        "kind": "test",
                        "held": held,
                        "words": f"f contains '{letter}'",
                        "field": "f",
                        "seen": [{"value": 0, "held": held, "spans": spans}],
                    }
                    for letter, held, spans in (("x", True, ((1, 2),)), ("y", False, ()))
                ],
            }
        ],
    }
