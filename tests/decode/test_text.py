"""From bytes to a JSON object: what can be understood is, everything else is told with its reason."""

import json

import pytest

from tocsin.decode.text import MAX_BYTES, MAX_DEPTH, parse
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
        (b"{" + b" " * MAX_BYTES + b"}", RejectReason.TOO_LARGE),
        (b'{"a":' * 10_000 + b"1" + b"}" * 10_000, RejectReason.TOO_DEEP),
        (b'{"a":' + b"[" * 10_000 + b"]" * 10_000 + b"}", RejectReason.TOO_DEEP),
        (b'{"a":' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", RejectReason.TOO_DEEP),
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
