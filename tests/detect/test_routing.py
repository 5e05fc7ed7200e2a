"""Which rules are tried on an event: none is hidden that the log sources do not keep out."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpora import corpus
from tests.decode.product_events import CASES, NAMES
from tests.rules.texts import rule_id, rule_of, rule_text
from tocsin.detect import Detector
from tocsin.detect.oracle import matcher
from tocsin.detect.reading import Reading
from tocsin.detect.route import UNKNOWN, routing
from tocsin.model import NO_CATEGORY, Event, LogSource
from tocsin.rules import RuleSet, load_rules


@pytest.fixture(scope="module")
def sigmahq():
    return load_rules([str(corpus("sigmahq/sigmahq-rules.zip"))])


@pytest.fixture(scope="module")
def detector(sigmahq):
    return Detector(sigmahq)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_public_rules_fire_on_every_products_events(detector, case):
    """The log source is right, and so are the names of the fields."""
    (verdict,) = detector.judge_lines([json.dumps(case.event).encode()])
    fired = {detection.rule_title for detection in verdict.detections}
    assert set(case.fires) <= fired


def test_no_public_rule_fires_on_an_unknown_object_without_its_fields(detector):
    """An object that nothing is known of is not noise."""
    lines = [b"{}", b'{"a": "b"}', b'{"level": "info", "msg": "user ann logged in", "took": 3}']
    assert [verdict.detections for verdict in detector.judge_lines(lines)] == [(), (), ()]


products = st.sampled_from([None, "windows", "Windows", "linux", "aws"])
categories = st.sampled_from([None, "process_creation", "registry_event", "proxy", "webserver"])
services = st.sampled_from([None, "sysmon", "security", "syslog", "auth"])
event_categories = st.sampled_from([None, "process_creation", "registry_set", "http", NO_CATEGORY])
event_services = st.sampled_from([None, "Sysmon", "security", "sshd", "syslog"])

BROADER = {
    "registry_event": {"registry_set"},
    "proxy": {"http"},
    "webserver": {"http"},
    "syslog": {"sshd"},
    "auth": {"sshd"},
}


def compatible(event: LogSource, rule: LogSource) -> bool:
    """Say by the definition whether an event may be what a rule is about."""
    for part in ("product", "category", "service"):
        own, wanted = getattr(event, part), getattr(rule, part)
        if own is None or wanted is None:
            continue
        if own.lower() != wanted.lower() and own not in BROADER.get(wanted, ()):
            return False
    return True


DETECTIONS = (
    ({"s": {"a": 1}}, "s"),
    ({"s": {"a": 1}, "f": {"b": 2}}, "s and not f"),
    ({"s": {"a": None}}, "s"),
    ({"s": {"a|contains": "x"}}, "not s"),
    ({"s": ["word"]}, "s"),
)


@settings(max_examples=300, deadline=None)
@given(
    st.builds(LogSource, products, event_categories, event_services),
    st.lists(
        st.tuples(st.builds(LogSource, products, categories, services), st.sampled_from(DETECTIONS)),
        max_size=6,
    ),
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from([1, 2, "x", "a word", None, [1, "x"]])),
)
def test_routing_hides_no_detection(source, drawn, fields):
    """What fires is what the conditions say among the rules whose log source does not contradict the event's.

    The one exception: of an event of an unknown log, rules that hold when there are no fields at all say
    nothing.
    """
    rules = tuple(
        rule_of(
            rule_text(
                detection,
                condition,
                id=rule_id(number),
                logsource={
                    part: value
                    for part in ("product", "category", "service")
                    if (value := getattr(logsource, part))
                }
                or {"definition": "any"},
            )
        )
        for number, (logsource, (detection, condition)) in enumerate(drawn)
        if logsource != LogSource()
    )
    event = Event("id", "", "", "", "", "x", fields, source)
    verdict = Detector(RuleSet(rules, (), "revision")).conclude(event)
    wanted = [
        rule.id
        for rule in rules
        if compatible(source, rule.logsource)
        and matcher(rule.condition)(Reading(fields))
        and not (source == LogSource() and matcher(rule.condition)(Reading({})))
    ]
    assert [detection.rule_id for detection in verdict.detections] == wanted


def test_what_keeps_a_rule_out_is_named():
    """The parts that differ; or that the rule says nothing about an event of an unknown log."""
    rule = rule_of(rule_text({"s": {"a": 1}}, "not s", logsource={"product": "linux", "service": "sshd"}))
    assert routing(LogSource("windows", None, "security"), rule).contradictions == ("product", "service")
    assert routing(LogSource("linux"), rule).candidate
    decision = routing(UNKNOWN, rule)
    assert decision.says_nothing
    assert not decision.candidate


SEVERAL: tuple[dict[str, Any], ...] = (
    {"s": {"a": ["alpha.example", "beta"], "b|endswith": "ending.long", "c": "true"}},
    {"s": {"a|contains": "gamma", "d.e": "deep"}},
    {"s": [{"a": "beta"}, {"b|contains": "middle", "d.e|re": "d+"}]},
    {"s": {"d.e": ["deep", "other"], "b": "middle"}},
)
texts = st.sampled_from(
    ["alpha.example", "beta", "gamma", "an ending.long", "middle", "deep", "other", True, None]
)
values = st.one_of(texts, st.lists(texts, max_size=3))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                **dict.fromkeys("abc", values),
                "d": st.one_of(
                    texts,
                    st.dictionaries(st.just("e"), values),
                    st.lists(st.dictionaries(st.just("e"), values), max_size=2),
                ),
                "d.e": values,
            },
        ),
        max_size=4,
    )
)
def test_fields_with_several_values_hide_nothing(events):
    """Lists and objects beside plain values: what fires is what the plain matcher says."""
    rules = tuple(
        rule_of(rule_text(detection, "s", id=rule_id(number), logsource={"category": "mine"}))
        for number, detection in enumerate(SEVERAL)
    )
    verdicts = Detector(RuleSet(rules, (), "revision")).judge_lines(
        [json.dumps(found).encode() for found in events]
    )
    fired = [[detection.rule_id for detection in verdict.detections] for verdict in verdicts]
    assert fired == [
        [rule.id for rule in rules if matcher(rule.condition)(Reading(found))] for found in events
    ]
