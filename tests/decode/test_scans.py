"""The native scanner takes what msgspec takes, and nothing else, to the letter."""

import json
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decode.agreement import needs_native, same
from tests.decode.test_columns import TWISTS, recorded
from tocsin.decode import scans
from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.scans import Scan, Scanning
from tocsin.decode.structs import SCALAR, Absent, one_of

TYPES = {
    "id": one_of([7, "7", 10]),
    "kind": one_of(["a", "b/c"]),
    "text": str,
    "maybe": str | None,
    "any": SCALAR,
    "more": SCALAR,
    "none": None,
    "never": Absent,
    "ä": SCALAR,
}
NAMES = [*TYPES, "other", "x" * 200, "\u2028", "e\\", 'q"']
FITS = {"id": 7, "kind": "a", "text": "t"}
STANDING = [name for name, kind in TYPES.items() if kind is not None and kind is not Absent]


@pytest.fixture(autouse=True, scope="module", params=[False, True], ids=["fast", "portable"])
def native(request: pytest.FixtureRequest) -> Iterator[None]:
    """Try all with what this processor has and with what all have; skip where there is no native scanner."""
    needs_native()
    with pytest.MonkeyPatch.context() as patch:
        memory = import_module("tocsin.decode.native").Memory
        patch.setattr("tocsin.decode.native.Memory", partial(memory, portable=request.param))
        yield


def scans_of(types: Mapping[str, object], limits: Limits = DEFAULT, *, closed: bool = False) -> list[Scan]:
    """Return the scan by the native scanner and that by msgspec."""
    made = []
    for is_native in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scans, "IS_NATIVE", is_native)
            made.append(Scanning(limits).flat(types, closed=closed))
    return made


def compared(records: Sequence[bytes], limits: Limits = DEFAULT, *, closed: bool = False) -> list[int]:
    """Compare what both take of records, alone and together; return which of them the native one takes.

    By msgspec records with many brackets are not taken, however deep these are: it is not to mind them here.
    """
    ours, _ = scans_of(TYPES, limits, closed=closed)
    _, theirs = scans_of(TYPES, replace(limits, depth=10_000), closed=closed)
    taken = []
    for row in range(len(records)):
        found, wrong = ours(list(records), [row])
        if not wrong:
            taken.append(row)
            expected, misfits = theirs(list(records), [row])
            assert not misfits, records[row]
            for name in STANDING:
                (one,), (other,) = found.column(("", name)), expected.column(("", name))
                assert same(one, other), (records[row], name)
    together, wrong = ours(list(records), range(len(records)))
    assert wrong == [row for row in range(len(records)) if row not in taken]
    expected, _ = theirs(list(records), taken)
    for name in STANDING:
        ours_, theirs_ = together.column(("", name)), expected.column(("", name))
        assert all(map(same, ours_, theirs_)), name
        assert len(ours_) == len(theirs_) == len(taken)
    return taken


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**66), 2**66)
    | st.sampled_from([7, 10, "7", "true", "null", "a", "b/c", 2**63 - 1, -(2**63), 2**63, -0.0, 1e300, 0.5])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=100)
    | st.text(st.sampled_from('ab\\"/\n\t\x00\x1f\x7fäK\u2028\U0001f600'), max_size=200),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def records(draw):
    """An object that fits, or nearly so, written in one of many ways, perhaps with a few wrong bytes."""
    found = {**FITS, **draw(st.dictionaries(st.sampled_from(NAMES), values, max_size=5))}
    names = draw(st.permutations(list(found)))
    text = json.dumps(
        {name: found[name] for name in names},
        ensure_ascii=draw(st.booleans()),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n\t", " : ")])),
        indent=draw(st.sampled_from([None, None, 1])),
    ).encode("utf-8", "surrogatepass")
    for before, after in draw(st.lists(st.sampled_from([*TWISTS, *WRITTEN_ELSE]), max_size=2)):
        text = text.replace(before, after, 1)
    for at, byte in draw(st.lists(st.tuples(st.integers(0, 400), bytes_of_json), max_size=2)):
        text = text[:at] + byte + text[at + draw(st.integers(0, 1)) :]
    return text


bytes_of_json = st.sampled_from([bytes([byte]) for byte in b'{}[]",:\\/untfae-+.0179 \n\x00\x1f\x80\xc3\xff'])
WRITTEN_ELSE = [
    (b"b/c", rb"b\/c"),
    (b'"a"', rb'"\u0061"'),
    (b'"any"', rb'"an\u0079"'),
    (b'"never"', rb'"n\u0065ver"'),
    (b'"text":', b'"text":1,"text":'),
    (b'"text"', b'"text":"first","text"'),
    (b'"other":', b'"other":1,"other":'),
    (b"7", b"7.0"),
    (b"7", b"07"),
    (b"7", b"7e0"),
    (b"7", b"-0"),
    (b"null", b"nul"),
    (b"true", b"True"),
    (b"}", b",}"),
    (b"{", b"{,"),
    (b"}", b'} "'),
    (b"}", b"}\x00"),
    (b'"', b""),
    (b"\\", b"\\\\"),
    (b'"t"', rb'"\ud83d\ude00"'),
    (b'"t"', rb'"\ud83d"'),
    (b'"t"', rb'"\uD83G"'),
    (b'"t"', rb'"\x41"'),
    (b'"t"', b'"' + b"\\" * 63 + b'"'),
    (b'"t"', b'"' + b"\\" * 64 + b'"'),
    (b'"t"', b'"\\u00' + b"4" * 2 + b'"'),
]


@settings(deadline=None, max_examples=400)
@given(found=st.lists(records(), min_size=1, max_size=4), closed=st.booleans())
def test_nothing_is_taken_that_msgspec_would_not_take_so(found, closed):
    """Whatever bytes stand where."""
    compared(found, closed=closed)


def test_one_name_is_enough():
    """Or one beside others that must not be there."""
    for types in ({"any": SCALAR}, {"any": SCALAR, "never": Absent, "none": None}):
        for scan in scans_of(types):
            taken, wrong = scan([b'{"any":"some text","more":1}', b'{"any":2}', b"{}"], range(3))
            assert not wrong
            assert list(taken.column(("", "any"))) == ["some text", 2, None]
            assert list(taken.at([2, 0]).column(("", "any"))) == [None, "some text"]


def test_a_name_with_a_backslash_is_not_taken_for_another():
    """In a record it is written with two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scans, "IS_NATIVE", True)
        scan = Scanning(DEFAULT).flat({"a\\n": SCALAR, "b": SCALAR})
    _, wrong = scan([rb'{"a\n":1,"b":2}', rb'{"a\\n":1,"b":2}', b'{"b":2}'], range(3))
    assert wrong == [0, 1]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=300), min_size=1, max_size=6), st.integers(0, 70))
def test_texts_are_found_wherever_they_begin(texts, shift):
    """Blocks of bytes begin and end within them."""
    found = [json.dumps({"other": "x" * shift, **FITS, "any": text}).encode() for text in texts]
    plain = [row for row, text in enumerate(texts) if r"\ud" not in json.dumps(text)]
    assert set(plain) <= set(compared(found))


@pytest.mark.parametrize("shift", range(66))
@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 128])
def test_backslashes_are_told_apart_across_blocks(shift, count):
    """An even number of them escapes nothing."""
    text = "x" * shift + "\\" * count + '"' + "y"
    assert compared([json.dumps({**FITS, "any": text, "more": text[::-1]}).encode()]) == [0]
    torn = b'{"id":7,"kind":"a","text":"' + b"x" * shift + b"\\" * (2 * count - 1) + b'"}'
    assert compared([torn]) == []


@pytest.mark.parametrize("depth", range(1, 6))
def test_nesting_is_counted_as_everywhere(depth):
    """The object itself counts."""
    limits = Limits(depth=depth)
    nested = [b"[" * more + b"]" * more for more in range(1, 7)]
    found = [b'{"id":7,"kind":"a","text":"t","other":%s}' % inner for inner in nested]
    assert compared(found, limits) == list(range(depth - 1))
    assert compared([one.replace(b"[", b'{"a":').replace(b"]", b"}") for one in found], limits) == []


def test_endless_nesting_is_not_followed():
    """Whatever the limit is: it would take all of the stack."""
    limits = Limits(depth=10**9, values=10**9)
    found = [b'{"id":7,"kind":"a","text":"t","other":%s}' % (b"[" * n + b"]" * n) for n in (200, 400_000)]
    ours, _ = scans_of(TYPES, limits)
    assert ours(found, range(2))[1] == [1]
    ours, _ = scans_of(TYPES, Limits(depth=0))
    assert ours(found, range(2))[1] == [0, 1]


def test_equal_texts_are_one_object():
    """So that they are compared, and looked up, by being the same."""
    ours, _ = scans_of(TYPES)
    record = json.dumps({**FITS, "any": "C:\\Windows\\System32\\cmd.exe", "more": "ä"}).encode()
    taken, _ = ours([record] * 3, range(3))
    for name in ("any", "more"):
        first, *others = taken.column(("", name))
        assert all(other is first for other in others)


def test_what_is_remembered_is_bounded():
    """Of a stream of ever new texts only the last ones are kept, with some megabytes at most."""
    ours, _ = scans_of({"text": SCALAR})
    size = 350
    tracemalloc.start()
    try:
        for first in range(0, 80_000, 1_000):
            texts = [f"{number:0{size}}" for number in range(first, first + 1_000)]
            lines = [b'{"text":"%s"}' % text.encode() for text in texts for _ in range(2)]
            taken, wrong = ours(lines, range(len(lines)))
            assert not wrong
            assert list(taken.column(("", "text")))[::2] == texts
            del taken, texts, lines
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 100 * size < kept < 5_000_000


def test_most_recorded_events_are_taken():
    """It is there for what collectors really write."""
    lines = recorded(100)
    ours, _ = scans_of({"EventID": SCALAR, "Channel": SCALAR, "Message": SCALAR, "CommandLine": SCALAR})
    _, wrong = ours(lines, range(len(lines)))
    assert len(wrong) < len(lines) / 100


def test_rows_are_grouped_by_what_stands_behind_a_mark():
    """As bytes are searched; records without the mark are together."""
    needs_native()
    lines = [b'{"EventID":1,', b"", b'{"EventID":4688,"x', b'"EventID":', b'"EventID":1,"EventID":2', b"none"]
    found = Scanning(DEFAULT).rows_by_mark(lines, b'"EventID":', 3)
    assert found == {b"1,": [0], b"": [1, 3, 5], b"468": [2], b'1,"': [4]}
