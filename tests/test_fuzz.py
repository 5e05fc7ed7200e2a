"""Whatever bytes a record has, it is kept as a row or as a dead letter: nothing raises, hangs or swells."""

import copy
import json
import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.decode.events import evtx, nxlog
from tests.decode.product_events import CASES
from tocsin.decode import decode
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.shapes import SHAPES
from tocsin.detect import Detector
from tocsin.model import Batch, Event, Rejected, Stream
from tocsin.results import schema
from tocsin.rules import load_rules

TOPIC = Stream("topic", "raw-events", "topic-id")

LAB = {
    "event_id": "0e39a2a7-0a4b-4d6e-9f3c-0d9d3e6c6f10",
    "event_type": "process_start",
    "timestamp": "2026-11-21T10:00:00Z",
    "user": "anna",
    "host": "WS-01",
    "source_ip": "10.0.0.1",
    "process_name": "powershell.exe",
    "command_line": "powershell -enc AAAA",
}
SYSMON = "Microsoft-Windows-Sysmon/Operational"
ECS = {
    "@timestamp": "2026-11-21T10:00:00Z",
    "ecs": {"version": "8"},
    "event": {"code": "1", "category": ["process"], "type": ["start"]},
    "host": {"name": "WS-01", "os": {"type": "windows"}},
    "user": {"name": "anna", "domain": "LAB"},
    "process": {"command_line": "powershell -enc AAAA", "hash": {"md5": "00"}},
    "winlog": {"channel": SYSMON, "event_id": "1", "event_data": {"Image": "C:\\a.exe", "User": "anna"}},
    "registry": {"data": {"strings": ["1"], "type": "REG_DWORD"}},
}
SEEDS: list[dict[str, Any]] = [
    LAB,
    {**LAB, "event_type": "user_login", "logon_type": "failure"},
    nxlog(1, SYSMON, Image="C:\\a.exe", CommandLine="a -b", Hashes="MD5=00,SHA256=11", UtcTime="2020-01-01"),
    nxlog(12, SYSMON, Message="EventType: SetValue\n", TargetObject="HKLM\\x"),
    nxlog(4624, "Security", IpAddress="::ffff:10.0.0.1", TargetUserName="anna", TargetDomainName="LAB"),
    nxlog(104, "System", Message="The Security log file was cleared"),
    nxlog(5859, "Microsoft-Windows-WMI-Activity/Operational", Message="Namespace = a; NotificationQuery = b"),
    evtx({"#text": 4688}, "Security", {"NewProcessName": "C:\\a.exe", "SubjectUserName": "anna"}),
    evtx(1, SYSMON, {"Data": [{"#attributes": {"Name": "Image"}, "#text": "C:\\a.exe"}]}),
    ECS,
    *[case.event for case in CASES],
]
"""An event of every shape, and of each kind that is repaired."""

ODD_TEXTS = (
    *("", "-", "\0", "\ud800", "%", ".", "..", "a.b.c", "#text", "#attributes", "Name", "NaN", "-0", "1e999"),
    *("0000-00-00", "9999-12-31T23:59:59.999999+23:59", "0001-01-01T00:00:00-23:59", "2026-02-30", "24:00"),
    *("::ffff:", "S-1-5-18", "MD5=,=", "\u0130\u212a", "\u0661\u0662", "9" * 30, "1.7e308", "x" * 300),
)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(codec="utf-16-le", categories=["Cs", "Cc", "Lu", "Nd"]), max_size=8),
    st.sampled_from(ODD_TEXTS),
)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -1, 1, 4688, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**300, 1e308, -0.0, 5e-324]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


def paths(found: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Yield where everything in a JSON value is."""
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from paths(inner, (*path, key))


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    """An event of some shape of which parts were replaced, removed, renamed or put elsewhere."""
    found: Any = json.loads(json.dumps(draw(st.sampled_from(SEEDS))))
    for _ in range(draw(st.integers(1, 4))):
        places = list(paths(found))
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        holder = found
        for step in way:
            holder = holder[step]
        act = draw(st.sampled_from(["replace", "remove", "rename", "wrap", "graft"]))
        if act == "remove":
            del holder[last]
        elif act == "rename" and isinstance(holder, dict):
            holder[draw(TEXTS)] = holder.pop(last)
        elif act == "wrap":
            holder[last] = draw(
                st.sampled_from([lambda v: [v], lambda v: {"#text": v}, lambda v: {"": [v, v]}])
            )(holder[last])
        elif act == "graft":
            holder[last] = json.loads(json.dumps(draw(st.sampled_from(SEEDS))))
        else:
            holder[last] = draw(VALUES)
    return json.dumps(found, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A mutant whose bytes were hit: cut, spliced, overwritten, or in another encoding."""
    value = draw(mutants())
    for _ in range(draw(st.integers(1, 3))):
        at, length = draw(st.integers(0, len(value))), draw(st.integers(0, 8))
        hit = draw(
            st.one_of(st.binary(max_size=6), st.sampled_from([b"{", b"}", b"[", b'"', b"\\u", b"\\ud800"]))
        )
        value = value[:at] + hit + value[at + length :]
    around = draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b" ", b"\x1f\x8b", b"[", b'"']))
    encoding = draw(st.sampled_from(["", "utf-16", "utf-16-be", "utf-16-le", "utf-32"]))
    return around + (value.decode("utf-8", "replace").encode(encoding) if encoding else value)


RECORDS = st.one_of(st.none(), st.binary(max_size=200), mutants(), damaged())
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["event-id", "traceparent", "x"]),
        st.one_of(st.none(), st.binary(max_size=40), st.just(str(LAB["event_id"]).encode())),
    ),
    max_size=3,
)
TIMES = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([-1, 0, 253_402_300_799_999, 2**62]))
LIMITS = st.builds(
    Limits,
    record_bytes=st.integers(1, 2_000),
    depth=st.integers(1, 8),
    text_characters=st.integers(1, 200),
    values=st.integers(1, 60),
)


@cache
def detector(limits: Limits = DEFAULT) -> Detector:
    return Detector(load_rules(["builtin:windows", "builtin:lab"]), limits=limits)


def batch_of(records: list[tuple[bytes | None, list[tuple[str, bytes | None]], int]]) -> Batch:
    count = len(records)
    return Batch(
        stream=TOPIC,
        partitions=[0] * count,
        offsets=list(range(count)),
        timestamps=[time for _, _, time in records],
        keys=[None] * count,
        values=[value for value, _, _ in records],
        headers=[headers for _, headers, _ in records],
    )


BATCHES = st.lists(st.tuples(RECORDS, HEADERS, TIMES), min_size=1, max_size=6).map(batch_of)


def assert_all_are_kept(batch: Batch) -> None:
    """Judge a batch and build the rows of the results, as a worker does."""
    judged = detector().judge(batch)
    assert len(judged.verdicts) == len(batch)
    stored = datetime(2026, 11, 21, tzinfo=UTC)
    rows = schema.verdict_rows(judged, stored, "all")
    dead = schema.dead_letter_rows(judged, stored, lambda _: True)
    offsets = [*rows["offset"].to_pylist(), *dead["offset"].to_pylist()]
    assert sorted(offsets) == list(batch.offsets)
    assert dead["value"].to_pylist() == [batch.values[i] for i in dead["offset"].to_pylist()]
    assert all(dead["detail"].to_pylist())
    assert max((len(detail) for detail in dead["detail"].to_pylist()), default=0) < 1_000, (
        "short enough to read"
    )


def assert_events_or_rejected(batch: Batch) -> None:
    """Decode a batch in every shape that may be asked for."""
    for shape in (None, *(shape.name for shape in SHAPES)):
        for found in decode(batch, shape):
            if isinstance(found, Rejected):
                continue
            assert isinstance(found, Event)
            texts = (
                found.event_id,
                found.timestamp,
                found.user,
                found.host,
                found.source_ip,
                found.event_type,
            )
            assert all(text.encode("utf-8") is not None for text in texts)


def assert_limits_hold(batch: Batch, limits: Limits) -> None:
    """What the fast way rejects is what the plain way rejects, for the same reason."""
    plain = {
        row: found for row, found in enumerate(decode(batch, None, limits)) if isinstance(found, Rejected)
    }
    judged = Detector(load_rules(["builtin:lab"]), limits=limits).judge(batch).verdicts
    assert {row: v.rejected for row, v in enumerate(judged) if v.rejected is not None} == plain


ODD_VALUES: tuple[object, ...] = (
    *(None, True, 0, -1, 2**70, 1.5, 1e308, "", "-", "\ud800", " a ", "9" * 400, "2026-13-45", "x.y", "::"),
    *(
        [],
        {},
        [[]],
        [{}],
        [None],
        ["a", 1, {"b": [2]}],
        {"": None},
        {"#text": {"x": 1}},
        {"a": {"b": {"c": 1}}},
    ),
    "0001-01-01T00:00:00-23:59",
)


def with_one_odd_value(event: dict[str, Any]) -> Iterator[bytes]:
    """Yield an event with each of its parts replaced by each odd value."""
    for *way, last in list(paths(event)):
        for odd in ODD_VALUES:
            found = copy.deepcopy(event)
            holder: Any = found
            for step in way:
                holder = holder[step]
            holder[last] = odd
            yield json.dumps(found).encode()


@pytest.mark.parametrize("event", SEEDS, ids=[str(number) for number in range(len(SEEDS))])
def test_no_field_has_to_be_what_it_should_be(event):
    """Every field of every kind of event, with a value of every kind."""
    for value in with_one_odd_value(event):
        (found,) = decode(batch_of([(value, [], 0)]))
        assert isinstance(found, Event | Rejected)


few = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(
    max_examples=15_000 if os.environ.get("TOCSIN_SOAK") else 1_500,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@few
@given(BATCHES)
def test_every_record_is_kept(batch):
    """As a row or as a dead letter, whatever it is, whatever its headers and its time."""
    assert_all_are_kept(batch)


@few
@given(BATCHES)
def test_every_shape_takes_every_record(batch):
    """Being told a wrong shape is no reason to fail."""
    assert_events_or_rejected(batch)


@few
@given(BATCHES, LIMITS)
def test_limits_hold_on_every_way(batch, limits):
    """The way that decodes whole batches knows them as the plain one does."""
    assert_limits_hold(batch, limits)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@many
@given(BATCHES)
def test_many_records_are_kept(batch):
    """The same with ten times the budget, and a hundred times in `make soak`."""
    assert_all_are_kept(batch)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@many
@given(BATCHES)
def test_every_shape_takes_many_records(batch):
    """The same with ten times the budget, and a hundred times in `make soak`."""
    assert_events_or_rejected(batch)


M = 2**20

MONSTERS: dict[str, Callable[[], bytes]] = {
    "open brackets": lambda: b"[" * M,
    "open objects": lambda: b'{"a":' * (M // 5),
    "closed and deep": lambda: b'{"a":' + b"[" * (M // 2) + b"]" * (M // 2) + b"}",
    "marks": lambda: b"\xef\xbb\xbf" * (M // 3),
    "UTF-16 of nothing": lambda: b"\xff\xfe" * (M // 2),
    "zeros": lambda: b"\0" * M,
    "digits": lambda: b'{"EventID":' + b"9" * M + b"}",
    "an exponent": lambda: b'{"EventID":1e' + b"9" * M + b"}",
    "escapes": lambda: b'{"event_type":"' + b"\\u0041" * (M // 6) + b'"}',
    "half pairs": lambda: b'{"event_type":"' + b"\\ud800" * (M // 6) + b'"}',
    "fields": lambda: json.dumps({str(i): i for i in range(M // 16)}).encode(),
    "items": lambda: b'{"EventID":1,"CommandLine":[' + b"0," * (M // 2) + b"0]}",
    "the same field": lambda: b"{" + b'"EventID":1,' * (M // 12) + b'"a":1}',
    "long names over many": lambda: json.dumps(
        {"ecs": 1, "n" * (M // 2): dict.fromkeys(map(str, range(9_000)))}
    ).encode(),
    "names upon names": lambda: json.dumps(towers()).encode(),
    "dots": lambda: json.dumps({"EventID": 1, "Channel": SYSMON, "." * (M // 2): "." * (M // 2)}).encode(),
    "blanks in names": lambda: json.dumps({**nxlog(1116, "Defender"), " a" * (M // 4): 1}).encode(),
    "a long time": lambda: json.dumps({**LAB, "timestamp": "1" * M}).encode(),
    "a long address": lambda: json.dumps(nxlog(4624, "Security", IpAddress=":" * (M - 1_000))).encode(),
    "hashes": lambda: json.dumps(nxlog(1, SYSMON, Hashes="A=B," * (M // 5))).encode(),
    "a message": lambda: json.dumps(nxlog(12, SYSMON, Message="EventType: \n" * (M // 14))).encode(),
    "a script": lambda: json.dumps(nxlog(4104, "PowerShell", ScriptBlockText="Invoke-" * (M // 8))).encode(),
    "a command": lambda: json.dumps({**LAB, "command_line": "powershell -enc " * (M // 20)}).encode(),
}


def towers() -> dict[str, object]:
    """Return objects in objects with long names, each level with something in it."""
    found: dict[str, object] = {"x": 1}
    for _ in range(60):
        found = {"n" * 8_000: found, "x": 1}
    return {"ecs": {"version": "1"}, "winlog": found}


@pytest.mark.parametrize("kind", MONSTERS)
def test_no_record_takes_long_or_much_memory(kind):
    """A megabyte made to be costly costs at most a second or three of one core, and a tenth of a gigabyte."""
    value = MONSTERS[kind]()
    batch = batch_of([(value, [], 0)])
    detector().judge(batch_of([(json.dumps(LAB).encode(), [], 0)]))  # what is paid once is not the record's
    began = time.process_time()
    assert_all_are_kept(batch)
    took = time.process_time() - began
    tracemalloc.start()
    try:
        decode(batch)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took < 3.0
    assert peak < 100 * M
