"""JSON documents are found in any arrangement, and a broken one costs only itself."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.reading import cut
from tocsin.decode.limits import DEFAULT
from tocsin.sources.files.documents import documents

texts = st.text(st.characters(codec="utf-8")) | st.sampled_from(['{"', "}\n{", "\\", '\\"', "[{", "é"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)
objects = st.dictionaries(texts, values, max_size=3)


def found(data, seed=0, largest=7):
    return [piece.value for piece in documents(cut(data, seed, largest))]


@given(
    st.lists(objects, max_size=5),
    st.sampled_from(["", "\n", " ", ",\n", "\x1e"]),
    st.sampled_from([None, 2]),
    st.booleans(),
    st.integers(0, 99),
)
def test_every_arrangement_gives_the_same_documents(items, between, indent, in_array, seed):
    """One after the other, pretty-printed or in an array, in chunks of any size."""
    text = between.join(json.dumps(item, indent=indent, ensure_ascii=False) for item in items)
    data = (f"[{text}]\n" if in_array else text).encode("utf-8", "surrogatepass")
    assert [json.loads(value) for value in found(data, seed)] == items


@given(st.binary(max_size=60) | st.text(st.sampled_from('{}[]",:\\\n a1')).map(str.encode), st.integers(0, 9))
def test_no_byte_is_lost(data, seed):
    """Whatever it is, all but what may stand between documents comes out, in order, however it was cut."""
    pieces = found(data, seed)
    assert all(pieces)
    assert pieces == found(data, 0, 1000)
    place = 0
    for piece in pieces:
        assert data.find(piece, place) >= 0
        assert not data[place : data.find(piece, place)].strip(b" \t\r\n\v\f,[]\x1e")
        place = data.find(piece, place) + len(piece)
    assert not data[place:].strip(b" \t\r\n\v\f,[]\x1e")


GOOD = '{\n  "a": {\n    "b": [\n      {\n        "c": 1\n      }\n    ]\n  }\n}'


@pytest.mark.parametrize(
    "broken",
    [
        '{\n  "a": "no end\n}',
        '{\n  "a": {\n    "b": 1\n}',
        '{\n  "a": [1, 2\n}',
        '{\n  "a": 1',
        '{\n  "a": 1,',
        "noise",
    ],
)
@pytest.mark.parametrize("chunk", [1, 5, 10_000])
def test_a_broken_document_costs_only_itself(broken, chunk):
    """Reading goes on with the next one."""
    pieces = found("\n".join([GOOD, broken, GOOD, GOOD]).encode(), 0, chunk)
    good = [piece for piece in pieces if piece == GOOD.encode()]
    assert len(good) == 3
    assert pieces[0] == GOOD.encode()


def test_a_broken_element_of_an_array_costs_only_itself():
    """A comma before an object does not make it part of the one before."""
    data = b'[\n  {"a": 1},\n  {"a": {"b": 2,\n  {"a": 3},\n  {"a": 4}\n]'
    assert found(data) == [b'{"a": 1}', b'{"a": {"b": 2,', b'{"a": 3}', b'{"a": 4}']


def test_documents_are_counted_from_one_with_everything_between_them():
    """The number is how one finds it again."""
    assert [(p.number, p.value) for p in documents(iter([b'{"a":1} x {"a":2}']))] == [
        (1, b'{"a":1}'),
        (2, b"x"),
        (3, b'{"a":2}'),
    ]


def test_of_a_document_that_is_too_large_only_the_size_is_kept():
    """Memory stays bounded, and what comes after it is read."""
    large = b'{"a": [' + b'"0123456789",\n' * (DEFAULT.record_bytes // 10) + b"1]}"
    pieces = list(
        documents(
            iter([b'{"a":1}', *(large[i : i + 100_000] for i in range(0, len(large), 100_000)), b'{"a":2}'])
        )
    )
    assert [piece.value for piece in pieces] == [b'{"a":1}', None, b'{"a":2}']
    assert pieces[1].fault is not None
    assert f"{len(large):,}" in pieces[1].fault.detail


def test_broken_documents_do_not_take_quadratic_time():
    """Text made so that every line seems to begin a document is read once."""
    data = b'{"a": {\n' * 100_000
    begin = time.perf_counter()
    list(documents(iter([data])))
    assert time.perf_counter() - begin < 5
