"""Decoding keeps its promise for any bytes: one outcome per record, in order, and it never raises."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.events import FILE, event, evtx, nxlog, outcome
from tocsin.decode import decode
from tocsin.decode.ids import event_ids, row_by_row
from tocsin.decode.shapes import SHAPES
from tocsin.errors import SettingsError
from tocsin.model import Batch, Event, LogSource, Rejected, RejectReason, Stream

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
NAMES = """
EventID EventCode event_type Event System EventData UserData winlog event ecs host Channel SourceName Provider
TimeCreated EventTime EventReceivedTime @timestamp timestamp Message Hashes EventType SeverityValue User Data
TargetUserName IpAddress MandatoryLabel NewProcessName event_id event_data log_name registry file user
"""
names = st.sampled_from(NAMES.split())
channels = st.sampled_from(
    ["Security", "Microsoft-Windows-Sysmon/Operational", "Windows PowerShell", "Application", "x"]
)
numbers = st.sampled_from([1, 7, 12, 13, 17, 400, 1116, 4624, 4688]) | st.integers()
objects = st.dictionaries(names | st.text(), values | numbers | channels, max_size=12)
events = objects | st.builds(
    lambda found, n, c: {**found, "EventID": n, "Channel": c}, objects, numbers, channels
)
shapes = st.sampled_from([None, *(shape.name for shape in SHAPES)])
headers = st.lists(st.tuples(st.text() | st.just("event-id"), st.none() | st.binary()), max_size=3)


def batch_of(payloads, all_headers=None, **more):
    count = len(payloads)
    return Batch(
        FILE,
        [0] * count,
        range(1, count + 1),
        [-1] * count,
        [None] * count,
        payloads,
        all_headers or [()] * count,
        **more,
    )


@given(st.lists(st.tuples(st.none() | st.binary(), headers), max_size=5), shapes)
def test_any_bytes_have_an_outcome(records, shape):
    """Noise is rejected with a reason, never raised."""
    outcomes = decode(batch_of([value for value, _ in records], [h for _, h in records]), shape)
    assert len(outcomes) == len(records)
    assert all(o.detail for o in outcomes if isinstance(o, Rejected))


@given(st.lists(events, max_size=5), shapes)
def test_any_json_has_an_outcome(found, shape):
    """Whatever stands where a number, a text or an object is expected."""
    payloads = [json.dumps(item).encode() for item in found]
    outcomes = decode(batch_of(payloads), shape)
    assert len(outcomes) == len(found)
    for made in outcomes:
        if isinstance(made, Event):
            texts = (made.event_id, made.timestamp, made.user, made.host, made.source_ip, made.event_type)
            assert all(type(text) is str for text in texts)
            assert made.event_id
            assert made.event_type


@given(st.permutations([0, 1, 2, 3, 4]))
def test_records_do_not_touch_each_other(order):
    """Each record gives in any company what it gives alone, at its own position."""
    payloads = [
        b"{",
        json.dumps(nxlog(1, "System")).encode(),
        None,
        json.dumps(evtx(1, "System")).encode(),
        b"[]",
    ]
    mixed = decode(batch_of([payloads[i] for i in order]))
    for made, i in zip(mixed, order, strict=True):
        alone = decode(batch_of([payloads[i]]))[0]
        assert type(made) is type(alone)
        if isinstance(made, Event) and isinstance(alone, Event):
            assert (made.fields, made.logsource) == (alone.fields, alone.logsource)


def test_a_fault_of_the_source_is_the_outcome():
    """What the source could not read whole is not decoded, even if it looks right."""
    fault = Rejected(RejectReason.UNREADABLE, "the file ends here")
    found = decode(batch_of([b'{"EventID":1}', b'{"EventID":1}'], faults={1: fault}))
    assert isinstance(found[0], Event)
    assert found[1] is fault


def test_event_ids_come_from_the_body_then_the_header_then_the_position():
    """A replay derives the same ones."""
    own, headers_ = str(uuid.uuid4()), [("event-id", str(uuid.uuid4()).encode())]
    payload = json.dumps({**nxlog(1, "System"), "event_id": own}).encode()
    bare = json.dumps(nxlog(1, "System")).encode()
    found = decode(batch_of([payload, bare, bare], [headers_, headers_, ()]))
    again = decode(batch_of([payload, bare, bare], [headers_, headers_, ()]))
    ids = [made.event_id for made in found if isinstance(made, Event)]
    assert ids[:2] == [own, headers_[0][1].decode()]
    assert ids[2] not in ids[:2]
    assert ids == [made.event_id for made in again if isinstance(made, Event)]


def test_ids_differ_between_files():
    """The same line of two files is two events."""
    payload = json.dumps(nxlog(1, "System")).encode()
    other = Batch.of_values(Stream("file", "b.json", "b.json"), [payload], 1)
    one, two = decode(batch_of([payload]))[0], decode(other)[0]
    assert isinstance(one, Event)
    assert isinstance(two, Event)
    assert one.event_id != two.event_id


def test_any_object_is_an_event_when_told_so():
    """The shape `json` takes it as it is, whatever it looks like; every rule may be about it."""
    made = event({"c-uri": "/a", "time": 1599233531, "src_ip": "10.0.0.1"}, "json")
    assert made.logsource == LogSource()
    assert (made.timestamp, made.source_ip, made.event_type) == ("2020-09-04T15:32:11Z", "10.0.0.1", "json")


def test_a_shape_that_is_told_is_not_second_guessed():
    """An object of another shape is rejected, saying what is missing."""
    made = outcome(nxlog(1, "System"), "lab")
    assert isinstance(made, Rejected)
    assert "event_type" in made.detail


def test_an_unknown_shape_names_the_nearest():
    """A slip of the pen is the user's mistake, not the record's."""
    with pytest.raises(SettingsError, match="winlog"):
        decode(batch_of([]), "winlogs")


@pytest.mark.parametrize("before", [[], [("tenant", b"a")], [("event-id", None)], [("event-id", b"x")]])
@pytest.mark.parametrize("odd", [None, b"", b"\xff" * 36, b"0" * 32, b"0" * 36])
def test_ids_in_headers_are_the_same_for_many_records_as_for_each(before, odd):
    """Whether all are written alike, or one of them stands elsewhere or is none."""
    stamps = [[*before, ("event-id", str(uuid.uuid4()).encode()), ("traceparent", b"00")] for _ in range(4)]
    for others in ([], [[*before, ("event-id", odd)]], [[("event-id", odd), *before]], [()], [before]):
        rows = [*stamps, *others]
        batch = batch_of([b"{}"] * len(rows), rows)
        nothing = [""] * len(rows)
        found = event_ids(batch, range(len(rows)), nothing)
        assert found == row_by_row(batch, range(len(rows)), nothing)
        if before != [("event-id", b"x")]:
            assert found[:4] == [headers[-2][1].decode() for headers in stamps]
