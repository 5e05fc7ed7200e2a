"""What holds of the plain matcher whatever the rule and the event are, and the evidence it gives."""

import re
import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.detect.firing import matches
from tests.rules.texts import rule_of, rule_text
from tocsin.detect.oracle import evidence, glob_expression, matcher
from tocsin.detect.reading import Reading
from tocsin.rules.ir import And, Node, Not, Or, Part, Selection, Wild

EVERY_KIND = rule_of(
    rule_text(
        {
            "texts": {"a": ["x", "", None, "y*", 5, True], "b|contains|all": ["x", "1"], "c|cased": "X?"},
            "others": [
                {"a|re|i": "^x|1$", "b|cidr": ["10.0.0.0/8", "::/0"]},
                {"c|lte": 5, "a|hour|gte": 12},
                {"b|exists": True, "c|exists": False},
                {"a|fieldref|contains": "b", "b|neq": "x"},
                {"a.b": 1, "b.c|windash": "-x"},
            ],
            "words": ["x", 1, "a*b"],
        },
        "1 of them or not texts and words",
    )
).condition

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        ["x", "X", "y1", "", "-x", "10.0.0.1", "::1", "2026-11-21T18:00:00Z", "5", "a\nb", "nan"]
    ),
    st.text(max_size=5),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=500, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "a.b", ""]), anything))
def test_no_event_makes_it_raise_and_evidence_agrees(event):
    """Values of any kind under the fields that a rule reads: it holds and has evidence, or neither."""
    for child in (EVERY_KIND, *_nodes(EVERY_KIND)):
        held = matcher(child)(Reading(event))
        assert held == (evidence(child, Reading(event)) is not None)
        assert matcher(Not(child))(Reading(event)) is not held


def _nodes(node: Node) -> list[Node]:
    inner = (
        node.nodes
        if isinstance(node, And | Or)
        else (node.node,)
        if isinstance(node, Not | Selection)
        else ()
    )
    return [found for child in inner for found in (child, *_nodes(child))]


parts = st.lists(st.one_of(st.sampled_from(list(Wild)), st.text("ab.\n", min_size=1, max_size=2)), max_size=6)


def by_the_definition(parts: list[Part], text: str) -> bool:
    """Say whether wildcards match, by trying everything."""
    if not parts:
        return text == ""
    first, rest = parts[0], parts[1:]
    if first is Wild.MANY:
        return any(by_the_definition(rest, text[i:]) for i in range(len(text) + 1))
    if first is Wild.ONE:
        return text != "" and by_the_definition(rest, text[1:])
    return text.startswith(first) and by_the_definition(rest, text[len(first) :])


@given(parts, st.text("ab.\n", max_size=8))
@example([Wild.MANY, "a", Wild.ONE, Wild.MANY, "b"], "aabb")
def test_wildcards_match_what_their_definition_says(parts, text):
    """The expression that never goes back finds all that trying everything finds."""
    assert bool(re.match(glob_expression(tuple(parts)), text, re.DOTALL)) == by_the_definition(parts, text)


def test_many_wildcards_on_a_long_value_take_no_time():
    """A value made to harm costs a fraction of a second, not a year."""
    began = time.monotonic()
    assert not matches("field", "*a*a*a*a*a*a*a*b", {"field": "a" * 20_000})
    assert time.monotonic() - began < 2


def test_the_evidence_is_what_made_the_rule_fire():
    """Fields by the rule's names, values as the event has them, each once; nothing for what did not hold."""
    detection = {
        "proc": [{"Image|endswith": "\\cmd.exe"}, {"Parent|contains": "x"}],
        "args": {"Cmd|contains|all": ["/c", "del"], "User": None},
        "list": {"ports": [80, 443]},
        "word": ["secret"],
        "filter": {"Host": "lab"},
    }
    event = {
        "Image": "C:\\CMD.exe",
        "Parent": "y",
        "Cmd": "cmd /C del",
        "ports": [22, 443, 80],
        "deep": {"note": "top Secret"},
    }
    node = rule_of(rule_text(detection, "proc and args and list and word and not filter")).condition
    assert evidence(node, Reading(event)) == (
        ("Image", "C:\\CMD.exe"),
        ("Cmd", "cmd /C del"),
        ("ports", "80"),
        ("ports", "443"),
        ("deep.note", "top Secret"),
    )


def test_a_rule_that_fires_by_what_is_not_there_has_no_evidence():
    """It fires all the same."""
    node = rule_of(rule_text({"a": {"f": 1}}, "not a")).condition
    assert evidence(node, Reading({})) == ()
