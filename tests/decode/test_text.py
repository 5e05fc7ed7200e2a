"""From bytes to a JSON object: what can be understood is, everything else is told with its reason."""

import json

import pytest

from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.text import parse
from tocsin.model import Rejected, RejectReason

EVENT = {"EventID": 1, "Image": "C:\\Users\\Jürgen\\a.exe"}


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    ],
)
def test_the_encodings_that_windows_programs_write_are_read(encode):
    """UTF-8 and UTF-16, with or without a byte order mark, are one and the same object."""
    assert parse(encode(json.dumps(EVENT, ensure_ascii=False))) == EVENT


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, RejectReason.TOMBSTONE),
        (b"", RejectReason.NOT_JSON),
        (b"  ", RejectReason.NOT_JSON),
        (b'{"a":NaN}', RejectReason.NOT_JSON),
        (b'{"a":"\\ud800","b":NaN}', RejectReason.NOT_JSON),
        (b'{"a":1', RejectReason.NOT_JSON),
        (b'{"a":1}{"a":2}', RejectReason.NOT_JSON),
        (b'{"a":"\xff"}', RejectReason.NOT_UTF8),
        (b"[1]", RejectReason.NOT_AN_OBJECT),
        (b"null", RejectReason.NOT_AN_OBJECT),
        (b"\0\1\2\3", RejectReason.NOT_JSON),
        (b"{" + b" " * DEFAULT.record_bytes + b"}", RejectReason.TOO_LARGE),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, RejectReason.TOO_DEEP),
        (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", RejectReason.TOO_DEEP),
        (b'{"a":' + b"[" * DEFAULT.depth + b"]" * DEFAULT.depth + b"}", RejectReason.TOO_DEEP),
    ],
)
def test_what_is_no_object_is_told_by_its_kind(value, reason):
    """Each fault has the reason under which it is counted."""
    found = parse(value)
    assert isinstance(found, Rejected)
    assert found.reason is reason
    assert found.detail


def test_brackets_inside_texts_and_wide_objects_are_not_deep():
    """Only nesting counts, not how many brackets there are."""
    wide = {"a": [{"b": "{[" * 200}] * 200}
    assert parse(json.dumps(wide).encode()) == wide


def test_half_a_surrogate_pair_does_not_hide_an_event():
    """It becomes U+FFFD, in keys and values, and whole pairs stay what they are."""
    assert parse(b'{"CommandLine":"a\\ud800b \\ud83d\\ude00","\\uDFFF":["\\udc00"]}') == {
        "CommandLine": "a\ufffdb \U0001f600",
        "\ufffd": ["\ufffd"],
    }


def test_of_a_key_that_stands_twice_the_last_counts():
    """As in every common JSON reader, so that all of them see the same event."""
    assert parse(b'{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize(
    ("value", "limits", "said"),
    [
        (
            b'{"a":"' + b"x" * 20 + b'"}',
            Limits(record_bytes=20),
            "28 bytes; the limit is 20 (limits.record_bytes)",
        ),
        (b'{"a":"' + b"x" * 20 + b'"}', Limits(text_characters=19), "(limits.text_characters)"),
        (b'{"' + b"x" * 20 + b'":1}', Limits(text_characters=19), "(limits.text_characters)"),
        (b'{"a":[1,2,3]}', Limits(values=3), "the limit is 3 (limits.values)"),
        (b'{"a":{"b":1},"c":{"b":[]}}', Limits(values=3), "(limits.values)"),
        (b'{"a":[[1]]}', Limits(depth=2), "the limit is 2 (limits.depth)"),
    ],
)
def test_what_is_beyond_a_limit_says_which_setting_to_raise(value, limits, said):
    """The one who looks at dead letters learns what to do; one more than the limit is too much."""
    found = parse(value, limits)
    assert isinstance(found, Rejected)
    assert said in found.detail
    assert isinstance(parse(value), dict)


@pytest.mark.parametrize(
    ("value", "limits"),
    [
        (b'{"a":"' + b"x" * 20 + b'"}', Limits(record_bytes=28, text_characters=20)),
        (b'{"a":[1,2,3]}', Limits(values=4, depth=2)),
    ],
)
def test_what_is_just_within_the_limits_is_read(value, limits):
    """A limit is the largest that is taken."""
    assert parse(value, limits) == json.loads(value)


def test_names_that_multiply_are_refused():
    """Each value below long names would be known by all of them: gigabytes from a record of a megabyte."""
    long, many = b"n" * 500_000, b",".join(b'"%d":0' % i for i in range(5_000))
    found = parse(b'{"event.code":1,"%s":{%s}}' % (long, many))
    assert isinstance(found, Rejected)
    assert "dotted names" in found.detail


def test_marks_before_marks_cost_no_time():
    """Only the first byte order mark is one."""
    found = parse(b"\xef\xbb\xbf" * 1_000_000 + b"{}")
    assert isinstance(found, Rejected)
    assert found.reason is RejectReason.NOT_JSON
