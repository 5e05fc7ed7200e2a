"""What the messages say: the agreed keys, the schemas, and headers that carry identity on."""

import json
import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, ValidationError

from tests.sinks.judging import VERDICTS, judged
from tocsin.model import Judged
from tocsin.model.detection_record import detection_records
from tocsin.model.identity import producer_span_id, trace_id
from tocsin.sinks.messages import SCHEMA_VERSION, ClassifiedMessage, DetectionMessage, Outputs, messages
from tocsin.sinks.schemas import MESSAGES, schema, write
from tocsin.sinks.trimming import LEAST, fits, trimmed

DOCS = Path(__file__).parents[2] / "docs"
ALL = Outputs("d", "c", "x", raw=True)
VALIDATORS = {"d": Draft202012Validator(schema("detection")), "c": Draft202012Validator(schema("classified"))}


def said(batch: Judged, outputs: Outputs = ALL):
    return list(messages(batch, range(len(batch.batch)), outputs))


def bodies(batch: Judged, topic: str, outputs: Outputs = ALL):
    return [json.loads(m.value or b"") for m in said(batch, outputs) if m.topic == topic]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    st.lists(st.sampled_from(list(VERDICTS)), min_size=1, max_size=6),
    st.fixed_dictionaries(dict.fromkeys(["user", "host", "source_ip", "event_type", "timestamp"], texts)),
)
def test_detections_say_what_they_say_everywhere(found, changes):
    """The bulk encoder gives the same keys and values as the agreed record, for whatever events say."""
    batch = judged(range(3, 3 + len(found)), found, partition=2, **changes)
    agreed = [json.loads(msgspec.json.encode(record)) for record in detection_records(batch)]
    published = bodies(batch, "d")
    assert published == agreed
    assert [list(body) for body in published] == [list(record) for record in agreed]
    for message in said(batch):
        if message.topic in VALIDATORS:
            VALIDATORS[message.topic].validate(json.loads(message.value or b""))


def test_a_classified_event_says_what_was_concluded():
    """One message per event, with the highest level and all rules, and the event itself if asked for."""
    nothing, two = bodies(judged([7, 8, 9], ["nothing", "bad", "two"]), "c")
    assert (nothing["tactic"], nothing["technique"], nothing["level"]) == ("TA0000", "T0000", None)
    assert nothing["rule_ids"] == []
    assert (two["tactic"], two["technique"], two["level"]) == ("TA0002", "T1059.001", "high")
    assert two["rule_ids"] == ["proc-encoded-powershell", "proc-any"]
    assert (two["topic"], two["partition"], two["offset"]) == ("raw-events", 0, 9)
    assert two["record_time"] == "2026-11-21T10:00:00.132Z"
    assert two["trace_id"] == trace_id(two["event_id"])
    assert two["raw"] == '{"n": 9}'
    (bare,) = bodies(judged([9]), "c", Outputs(classified="c"))
    assert "raw" not in bare


@pytest.mark.parametrize("time", [-1, 2**62])
def test_a_record_without_a_time_that_can_be_told_has_none(time):
    """Producers may send any number."""
    batch = judged([1, 2])
    moved = replace(batch.batch, timestamps=[time, 0])
    found = bodies(Judged(moved, batch.events, batch.verdicts, "r"), "c")
    assert [body["record_time"] for body in found] == [None, "1970-01-01T00:00:00.000Z"]


def test_only_the_rows_and_topics_that_are_asked_for_are_published():
    """A topic without a name is none; a row that is not named says nothing."""
    batch = judged(range(4), ["one", "bad", "one", "bad"])
    assert [(m.topic, m.offset) for m in messages(batch, [1, 2], Outputs("d", "", "x"))] == [
        ("d", 2),
        ("x", 1),
    ]


def test_an_event_without_a_host_has_no_key():
    """It goes to any partition."""
    assert {m.key for m in said(judged([1], host=""))} == {None}
    assert {m.key for m in said(judged([1], host="WS-Ä"))} == {"WS-Ä".encode()}


def headers_with(*given_headers):
    (message,) = said(judged([1], headers=given_headers), Outputs("d"))
    return message.headers


def test_headers_carry_identity_rules_and_schema():
    """Without a context of its own an event gets the one that Tocsin's producer would have sent."""
    (message,) = said(judged([1]), Outputs("d"))
    event_id = json.loads(message.value or b"")["event_id"]
    assert message.headers == [
        ("traceparent", f"00-{trace_id(event_id)}-{producer_span_id(event_id)}-00".encode()),
        ("event-id", event_id.encode()),
        ("rule-set-revision", b"rules-1"),
        ("schema-version", SCHEMA_VERSION.encode()),
        ("content-type", b"application/json"),
    ]


OWN = b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"


@pytest.mark.parametrize("topic", ["d", "c"])
def test_the_trace_is_that_of_the_context_that_is_handed_on(topic):
    """A foreign producer's trace goes on; body and header agree."""
    (body,) = bodies(judged([1], headers=[("traceparent", OWN)]), topic)
    assert body["trace_id"] == "a" * 32


def test_the_events_own_context_is_handed_on():
    """With its state, unless that is longer than must be handed on."""
    assert headers_with(("traceparent", OWN), ("tracestate", b"x=1"))[:2] == [
        ("traceparent", OWN),
        ("tracestate", b"x=1"),
    ]
    assert [name for name, _ in headers_with(("traceparent", OWN), ("tracestate", b"x" * 600))][:2] == [
        "traceparent",
        "event-id",
    ]


@pytest.mark.parametrize(
    "given_headers",
    [
        [("traceparent", None)],
        [("traceparent", b"")],
        [("traceparent", OWN + b"-more")],
        [("traceparent", OWN.upper())],
        [("traceparent", b"ff" + OWN[2:])],
        [("traceparent", OWN.replace(b"a", b"0"))],
        [("traceparent", OWN.replace(b"b", b"0"))],
        [("traceparent", OWN), ("traceparent", OWN)],
    ],
)
def test_a_context_that_is_not_valid_is_not_handed_on(given_headers):
    """W3C Trace Context says what is valid; then it is derived, and a state without it is dropped."""
    found = headers_with(*given_headers, ("tracestate", b"x=1"))
    assert found[0][0] == "traceparent"
    assert found[0][1].endswith(b"-00")
    assert found[0][1][3:35] != b"a" * 32
    assert found[1][0] == "event-id"


def test_a_context_of_a_newer_version_is_read_as_far_as_it_is_known():
    """The part that all versions share is handed on."""
    assert headers_with(("traceparent", b"01" + OWN[2:] + b"-more"))[0] == ("traceparent", OWN)


@pytest.mark.parametrize("name", MESSAGES)
def test_the_published_schemas_are_those_of_the_messages(name, tmp_path):
    """To mend this: python -m tocsin.sinks.schemas docs/schemas, and look at `SCHEMA_VERSION`."""
    write(tmp_path)
    file = f"{name}.schema.json"
    assert (DOCS / "schemas" / file).read_text("utf-8") == (tmp_path / file).read_text("utf-8")
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"].endswith(f":{SCHEMA_VERSION}")


@pytest.mark.parametrize("topic", ["d", "c"])
def test_a_missing_renamed_or_mistyped_key_fails_the_schema(topic):
    """The schemas are strict: every key is required but those two that say so."""
    (body,) = bodies(judged([1]), topic)
    VALIDATORS[topic].validate(body)
    for key in body.keys() - {"raw"}:
        renamed = {**body, key + "s": body[key]}
        broken = [{k: v for k, v in body.items() if k != key}, renamed, {**body, key: 1.5}]
        for wrong in broken:
            with pytest.raises(ValidationError):
                VALIDATORS[topic].validate(wrong)


VERSIONS = {
    "1.0": {
        "detection": "detection_id event_id timestamp rule_id rule_title rule_revision level tactics"
        " techniques host user source_ip event_type matched topic partition offset trace_id trimmed",
        "classified": "event_id timestamp event_type host user source_ip tactic technique level rule_ids"
        " topic partition offset record_time trace_id raw trimmed",
    }
}
VERSIONS["2.0"] = VERSIONS["1.0"]  # the trace id is that of the record's own context, where it has one
"""The keys of every version there was. Add to it, and never change what is there."""


def test_whoever_changes_the_keys_raises_the_version():
    """Readers rely on it."""
    current = {"detection": DetectionMessage, "classified": ClassifiedMessage}
    keys = {name: " ".join(kind.__struct_fields__) for name, kind in current.items()}
    assert keys == VERSIONS[SCHEMA_VERSION]


def test_the_examples_in_the_documentation_are_messages():
    """They validate, and have every key but the one of shortened messages."""
    blocks = re.findall(r"```json\n(.*?)```", (DOCS / "messages.md").read_text("utf-8"), re.DOTALL)
    detection, classified = (json.loads(block) for block in blocks)
    VALIDATORS["d"].validate(detection)
    VALIDATORS["c"].validate(classified)
    assert list(detection) == VERSIONS[SCHEMA_VERSION]["detection"].split()[:-1]
    assert list(classified) == VERSIONS[SCHEMA_VERSION]["classified"].split()[:-1]


long_texts = st.builds(lambda text, times: (text or "x") * times, texts, st.integers(1, 3_000))


@given(
    st.fixed_dictionaries(
        dict.fromkeys(["user", "host", "source_ip", "event_type", "timestamp"], long_texts)
    ),
    long_texts,
    st.integers(LEAST, 100_000),
)
def test_whatever_an_event_holds_its_messages_can_be_made_to_fit(changes, value, most):
    """They stay valid, name what was cut, and keep the ids and the place."""
    whole = judged([5], **changes)
    batch = replace(whole.batch, values=[value.encode()])
    for message in said(Judged(batch, whole.events, whole.verdicts, "r")):
        short = trimmed(message, most)
        assert fits(short, most)
        before, after = json.loads(message.value or b""), json.loads(short.value or b"")
        VALIDATORS[message.topic].validate(after)
        cut = after.pop("trimmed", [])
        assert {key for key in before if before[key] != after.get(key)} == set(cut)
        assert not {"event_id", "offset", "trace_id", "detection_id"}.intersection(cut)
        assert trimmed(short, most) is short


def test_a_message_that_is_shortened_twice_names_all_that_was_cut():
    """The topic said that it takes more than it does."""
    (message,) = said(judged([5], user="u" * 300_000, host="h" * 3_000), Outputs(classified="c", raw=True))
    once = trimmed(message, 100_000)
    twice = trimmed(msgspec.structs.replace(once, headers=[("x", b"y" * 15_000), *once.headers]), LEAST)
    assert json.loads(once.value or b"")["trimmed"] == ["raw", "user"]
    assert json.loads(twice.value or b"")["trimmed"] == ["raw", "user", "host"]


@given(st.binary(max_size=50), st.integers(0, 60_000), st.integers(0, 100), st.integers(0, 5_000))
def test_a_dead_letter_is_cut_to_fit(value, times, headers, length):
    """The beginning of its bytes is left, and how many there were; our own headers stay."""
    own = [("content-type", b"application/json"), *((f"h{i}", b"v" * length) for i in range(headers))]
    bad = judged([5], "bad", headers=own)
    (message,) = said(bad, Outputs(dead_letters="x"))
    message = msgspec.structs.replace(message, value=value * times)
    short = trimmed(message, LEAST)
    assert fits(short, LEAST)
    assert (message.value or b"").startswith(short.value or b"")
    if short is not message:
        assert short.headers[-1] == ("trimmed-from", str(len(message.value or b"")).encode())
        assert ("source-offset", b"5") in short.headers
        assert trimmed(short, LEAST) is short
