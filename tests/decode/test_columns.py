"""Columns say of a batch what decoding it event by event says, to the letter."""

import copy
import gc
import json
import random
import weakref
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpora import corpus
from tests.decode.agreement import assert_agreement, batch_of, decoder_of, needs_native, taught_by
from tests.decode.events import evtx, nxlog
from tests.decode.test_batch import NAMES, events, headers, shapes
from tocsin.decode import COMPOSITE, scans
from tocsin.decode.views import Nothing
from tocsin.model import NO_CATEGORY, LogSource

SYSMON = "Microsoft-Windows-Sysmon/Operational"
ID = "0f8fad5b-d9cb-469f-a165-70867728950e"

FIELDS = [
    *NAMES.split(),
    *("Image", "CommandLine", "Imphash", "Data", "Provider_Name", "registry.data", "User", "Level"),
    *(
        "Computer",
        "Execution_ProcessID",
        "Security_UserID",
        "EventRecordID",
        "Security",
        "a.b",
        "#x",
        "@y",
        "",
    ),
]

KINDS = [
    nxlog(1, SYSMON, Image="a", Hashes="MD5=1,IMPHASH=2", User="u", Message="m", UserID="S-1-5-18"),
    nxlog(12, SYSMON, Message="Registry\r\nEventType: DeleteKey\r\n", TargetObject="x"),
    nxlog(13, SYSMON, EventType="INFO", SourceIp="10.0.0.1"),
    nxlog(4624, "Security", TargetUserName="u", TargetDomainName="d", IpAddress="::ffff:10.0.0.1"),
    nxlog(4688, "security", NewProcessName="c:\\\\a", SubjectUserName="u", MandatoryLabel="S-1-16-4096"),
    nxlog(104, "System", Message="The Security log file was cleared"),
    nxlog(800, "Windows PowerShell", Message="text", AccountName="u", Domain="d"),
    {
        "EventID": 1,
        "Channel": SYSMON,
        "TimeCreated": "2020-09-22T07:45:13.1Z",
        "Provider_Name": "x",
        "event_id": ID,
    },
    evtx(1, SYSMON, {"Image": "a", "Hashes": "MD5=1", "UtcTime": "x", "User": "u"}),
    evtx({"#attributes": {"Qualifiers": 0}, "#text": 7045}, "System", {"ServiceName": "s"}),
    evtx(4624, "Security", {"TargetUserName": "u", "IpAddress": "10.0.0.1", "EventType": "x"}),
    {
        "event_type": "process_start",
        "timestamp": "2020-09-22T07:45:13Z",
        "user": "u",
        "process_name": "a.exe",
    },
    {"event_type": "user_login", "timestamp": "2020-09-22T07:45:13Z", "event_id": ID, "host": "h"},
    {"event_type": "other", "timestamp": "2020-09-22 07:45:13", "Image": "own", "command_line": "c"},
]
PAYLOADS = [json.dumps(kind).encode() for kind in KINDS]


@pytest.fixture(autouse=True, scope="module", params=[True, False], ids=["native", "msgspec"])
def scanner(request: pytest.FixtureRequest) -> Iterator[None]:
    """Try all with the native scanner and without."""
    if request.param:
        needs_native()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scans, "IS_NATIVE", request.param)
        yield


odd = st.sampled_from(
    [
        *(None, True, 1, 1.0, -0.0, 2**70, "", "-", "INFO", "AUDIT_SUCCESS", "x\x00\x1f", "K\u212a\u0130"),
        *(
            [],
            ["a"],
            [None],
            {},
            {"#text": "t"},
            {"a": {"b": 1}},
            ["a", ["b"]],
            ID,
            SYSMON,
            "security",
            "10.0.0.1",
        ),
        *(
            "2020-09-22T07:45:13",
            "2020-09-22 07:45:13+02:00",
            "20200922T074513Z",
            " 2020-09-22T07:45:13Z",
            "1600760713",
        ),
    ]
)
more_names = st.sampled_from(
    [
        *FIELDS,
        *(
            "md5",
            "NewProcessName",
            "SourceUser",
            "Threat Name",
            "EventReceivedTime",
            "Hostname",
            "SourceName",
        ),
        *(
            "UtcTime",
            "user",
            "host",
            "process_name",
            "command_line",
            "SourceIp",
            "event_type",
            "EventCode",
            "LogName",
        ),
    ]
)


@st.composite
def mutated(draw):
    """One of the known kinds, with some of its values, at any depth, replaced, added or taken away."""
    found = json.loads(json.dumps(draw(st.sampled_from(KINDS))))
    for _ in range(draw(st.integers(0, 3))):
        inner = found
        while True:
            objects = [name for name, value in inner.items() if isinstance(value, dict)]
            if not objects or not draw(st.booleans()):
                break
            inner = inner[draw(st.sampled_from(objects))]
        name = draw(st.sampled_from(sorted(inner)) | more_names if inner else more_names)
        if draw(st.booleans()):
            inner[name] = copy.deepcopy(draw(odd))
        else:
            inner.pop(name, None)
    return found


@st.composite
def payloads(draw):
    """An event as bytes, perhaps with keys that stand twice, a byte order mark, or not quite JSON."""
    text = json.dumps(draw(mutated()), ensure_ascii=draw(st.booleans()), separators=draw(separators)).encode()
    for before, after in draw(st.lists(st.sampled_from(TWISTS), max_size=2)):
        text = text.replace(before, after, 1)
    return text


separators = st.sampled_from([(",", ":"), (", ", ": ")])
TWISTS = [
    (b"{", b'{"EventID":"7",'),
    (b"{", b'{"EventID":null,'),
    (b"{", b'{"x":' + b"[" * 120 + b"]" * 120 + b","),
    (b"{", b'{"x":' + b"[" * 90 + b"]" * 90 + b","),
    (b"{", b'{"x":1e999,'),
    (b"{", b'{"x":"\xff",'),
    (b"{", b'{"x":"\xc3\xa4",'),
    (b"{", b'{"x":"\\ud800",'),
    (b"{", b'{"Image":"\\udc00",'),
    (b"{", b'{"Image":' + b"1" * 5_000 + b","),
    (b"{", b'{"x":NaN,'),
    (b"{", b"\xef\xbb\xbf{"),
    (b"}", b',"User":"twice"}'),
    (b"}", b"}}"),
    (b'"', b"'"),
    (b"{", b" {"),
]


@pytest.mark.parametrize("shape", [None, "winlog", "evtx", "lab", "ecs", "json"])
@settings(deadline=None)
@given(st.lists(payloads(), min_size=1, max_size=6))
def test_events_that_are_almost_of_a_known_kind_are_the_same_in_columns(shape, found):
    """What does not fit the type of its kind is seen in full."""
    assert_agreement(taught_by(PAYLOADS, FIELDS, shape), batch_of(found), shape)


@settings(deadline=None)
@given(st.lists(payloads(), min_size=1, max_size=6))
def test_any_event_may_be_the_first_of_its_kind(found):
    """What a decoder learnt from odd events does not mislead it."""
    assert_agreement(taught_by(found, FIELDS), batch_of([*found, *PAYLOADS]))


@settings(deadline=None)
@given(st.lists(events, max_size=5), shapes)
def test_any_json_is_the_same_in_columns(found, shape):
    """Whatever stands where a number, a text or an object is expected."""
    lines = [json.dumps(item).encode() for item in found]
    assert_agreement(taught_by(lines, FIELDS, shape), batch_of(lines), shape)


@settings(deadline=None)
@given(st.lists(st.tuples(st.none() | st.binary(), headers), max_size=5), shapes)
def test_any_bytes_are_the_same_in_columns(records, shape):
    """Noise is rejected for the same reason."""
    batch = batch_of([value for value, _ in records], [h for _, h in records])
    assert_agreement(decoder_of(FIELDS, shape), batch, shape)


@pytest.mark.parametrize("kind", KINDS)
def test_a_known_kind_is_not_decoded_plainly(kind, monkeypatch):
    """What a kind's type has is enough for its events."""
    line = json.dumps(kind).encode()
    decoder = taught_by(
        [line] * 3, ["Image", "CommandLine", "User", "EventID", "Computer", "Level", "EventType"]
    )
    monkeypatch.setattr("tocsin.decode.columns.parse", None)
    assert len(decoder.decode(batch_of([line] * 3)).events.ids) == 3


def test_recorded_events_are_the_same_in_columns():
    """Of each recording some hundreds, in a random order."""
    lines = recorded(400)
    decoder = decoder_of(FIELDS)
    for start in range(0, len(lines), 1_000):
        assert_agreement(decoder, batch_of(lines[start : start + 1_000]))


def recorded(count: int) -> list[bytes]:
    """Return events of each recording, as many, in a random order that is always the same."""
    lines = []
    for path in sorted(corpus("windows-events").glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist() if "MACOSX" not in name)
            every = archive.read(name).splitlines()
            lines += every[:: max(1, len(every) // count)][:count]
    random.Random(1).shuffle(lines)
    return lines


def test_events_of_a_kind_are_together():
    """Each group has one log source, its constants, and a value per event and field."""
    found = [nxlog(4624, "Security", User="a"), nxlog(1, "System"), nxlog(4624, "Security", User=["b", "c"])]
    decoded = decoder_of(["User"]).decode(batch_of([json.dumps(item).encode() for item in found]))
    logons = [g for g in decoded.groups if g.logsource == LogSource("windows", NO_CATEGORY, "security")]
    assert {row for group in logons for row in group.rows} == {0, 2}
    assert [value for group in logons for value in group.columns["User"]] == ["a", COMPOSITE]
    assert all(dict(group.constants)["EventID"] == 4624 for group in logons)


def test_an_event_can_be_had_in_full():
    """For what columns cannot say."""
    batch = batch_of(
        [json.dumps(item).encode() for item in (nxlog(1, "System"), evtx(1, "System", {"a": 1}))]
    )
    decoded = decoder_of([]).decode(batch)
    full = {row: group.event(i) for group in decoded.groups for i, row in enumerate(group.rows)}
    assert full[1].fields["a"] == 1
    assert full[1].event_id == decoded.events.ids[1]


@pytest.mark.parametrize(
    "x",
    [
        "y" * 30_000,
        "y," * 30_000,
        ["y"] * 9_990,
        ["y"] * 10_001,
        {"n" * 20_000: dict.fromkeys(map(str, range(4_000)))},
    ],
)
def test_large_events_are_the_same_in_columns(x):
    """Whether they are within the limits does not depend on the way."""
    lines = [*PAYLOADS, json.dumps({**KINDS[0], "x": x}).encode()]
    assert_agreement(taught_by(lines, FIELDS), batch_of(lines))


def test_the_first_guess_is_the_kind_that_fits_most():
    """Not the one that was learnt last: a rare kind would cost each record of a frequent one a scan."""
    frequent, rare = [json.dumps(nxlog(10, channel)).encode() for channel in ("System", "Application")]
    decoder = taught_by([frequent] * 3, FIELDS)
    decoder.decode(batch_of([rare] * 3))
    assert_agreement(decoder, batch_of([*[frequent] * 20, rare]))
    (first,) = decoder._known._first.values()
    assert first.scan([frequent, rare], range(2))[1] == [1]


def test_a_decoder_leaves_nothing_behind():
    """What was worked out of values is kept by the values, and must not keep what worked it out."""
    found = [json.dumps(nxlog(number, "Security", SubjectUserName="eve")).encode() for number in (4688, 4624)]
    decoder = taught_by(found, FIELDS)
    decoder.decode(batch_of(found * 3))
    kinds = [weakref.ref(kind) for kind in decoder._known._kinds.values()]
    assert len(kinds) == 2
    del decoder
    gc.collect()
    assert [kind() for kind in kinds] == [None, None]


def test_of_endless_kinds_only_so_many_are_remembered(monkeypatch):
    """Whoever makes up channels and ids does not fill the memory."""
    monkeypatch.setattr("tocsin.decode.known_kinds.MOST", 20)
    monkeypatch.setattr("tocsin.decode.known_kinds.FORGET_AFTER", 60)
    decoder = decoder_of(["Image"])
    for number in range(200):
        assert_agreement(decoder, batch_of([json.dumps(nxlog(number, SYSMON, Image="a")).encode()] * 2))
        assert len(decoder._known._kinds) <= 20
        assert len(decoder._known._guesses) <= 200


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\nb", "a\tb.c", "\x00"])
def test_rules_may_ask_for_names_that_are_written_with_escapes(name):
    """No decoder of types takes such names; events that have them are seen all the same."""
    found = [
        nxlog(1, SYSMON, **{name: "x"}),
        nxlog(1, SYSMON),
        evtx(1, SYSMON, {name: "x"}),
        LAB,
        {**LAB, name: "x"},
    ]
    lines = [json.dumps(one).encode() for one in found] * 3
    assert_agreement(taught_by(lines, ["Image", name]), batch_of(lines))


def test_a_kind_whose_events_change_is_learnt_anew():
    """Another way to write the channel, and names that were not seen before, are taken up."""
    before, after = nxlog(1, SYSMON, User="a"), nxlog(1, SYSMON.upper(), Computer="c", User=None)
    lines = [json.dumps(found).encode() for found in (before, after, before, after)]
    decoder = taught_by(lines * 2, ["Image", "User"])
    decoded = assert_agreement(decoder, batch_of(lines))
    assert {dict(group.constants)["Channel"] for group in decoded.groups} == {SYSMON, SYSMON.upper()}


def test_the_message_is_asked_for_the_type_as_soon_as_one_was_overwritten():
    """Sysmon's registry events keep their `EventType`, or only the message still tells it."""
    message = "Registry object added or deleted:\r\nEventType: DeleteKey\r\n"
    kept = nxlog(12, SYSMON, EventType="CreateKey", Message=message, TargetObject="x")
    lines = [json.dumps(kept).encode()] * 3
    for found in ("INFO", None, "", 7, "DeleteKey"):
        decoder = taught_by(lines, ["EventType", "TargetObject"])
        odd = json.dumps({**kept, "EventType": found}).encode()
        decoded = assert_agreement(decoder, batch_of([*lines, odd, *lines]))
        types = {group.logsource.category for group in decoded.groups}
        assert types == {"registry_add", "registry_delete"}


def test_names_that_events_of_a_kind_never_had_are_seen_when_one_has_them():
    """Their columns are known to be empty until then."""
    first = json.dumps(nxlog(1, SYSMON, Image="a")).encode()
    decoder = taught_by([first] * 2, ["Image", "CommandLine", "User"])
    (group,) = assert_agreement(decoder, batch_of([first] * 2)).groups
    assert isinstance(group.columns["CommandLine"], Nothing)
    lines = [first, json.dumps(nxlog(1, SYSMON, Image="a", CommandLine="c")).encode()]
    assert_agreement(decoder, batch_of(lines))
    (group,) = assert_agreement(decoder, batch_of(lines)).groups
    assert list(group.columns["CommandLine"]) == [None, "c"]
    assert isinstance(group.columns["User"], Nothing)


LAB = {
    "event_id": ID,
    "timestamp": "2020-09-22T07:45:13Z",
    "event_type": "process_start",
    "user": "u",
    "process_name": "a.exe",
    "site": "x",
    "Status": "1",
}


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["site", "x", "user", "Status", "Image", "EventID"]), odd), max_size=3)
)
def test_of_the_labs_events_alone_nothing_is_passed_over(changes):
    """Who knows all of their names still sees what another has, and what stands where nothing should."""
    lines = [json.dumps(LAB).encode()] * 3
    changed = json.dumps(LAB | dict(changes)).encode()
    twisted = [changed.replace(before, after, 1) for before, after in TWISTS]
    assert_agreement(taught_by(lines, FIELDS), batch_of([*lines, changed, *twisted]))
    assert_agreement(taught_by([changed] * 3, ["Status", "User"]), batch_of([*lines, changed, *twisted]))


@pytest.mark.parametrize("more", [{}, {"more": 1}, {"more": ["a"]}, {f"n{i}": i for i in range(40)}])
def test_events_of_the_lab_with_other_names_get_a_type_too(more, monkeypatch):
    """Names that no rule reads, lists, and many names are no reason to decode plainly."""
    line = json.dumps(LAB | more).encode()
    decoder = taught_by([json.dumps(LAB).encode(), line] * 3, ["Image", "User"])
    monkeypatch.setattr("tocsin.decode.columns.parse", None)
    assert decoder.decode(batch_of([line] * 3)).events.users == ["u", "u", "u"]
