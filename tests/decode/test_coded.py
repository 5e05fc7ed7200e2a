"""Columns with codes say what lists would, and what is worked out of them is worked out once."""

import gc
import weakref
from collections.abc import Sequence
from importlib import import_module
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.agreement import needs_native
from tocsin.decode.coded import PlainCombinations, coded, combinations, each, each_once, listed, recoded
from tocsin.decode.gathering import _in_order
from tocsin.decode.limits import DEFAULT
from tocsin.decode.scans import Scanning
from tocsin.decode.structs import SCALAR
from tocsin.decode.views import (
    Nothing,
    Zones,
    constant,
    is_empty,
    is_full,
    parts_of,
    picker,
    texts,
    with_times,
)


@pytest.fixture(autouse=True, scope="module")
def native() -> None:
    """Skip where the native library was not built."""
    needs_native()


def codes_of(column: Sequence[object]):
    """Return a column with codes."""
    values = [None, *dict.fromkeys(value for value in column if value is not None)]
    return with_codes([values.index(value) for value in column], values)


def with_codes(codes: Sequence[int], values: list[object]):
    """Return a column of these codes for these values."""
    return import_module("tocsin.decode.native").Codes(codes, values)


texts_or_none = st.none() | st.sampled_from(["", "a", "b", "c" * 50, "\U0001f600"])


@given(st.lists(texts_or_none, max_size=12), st.data())
def test_codes_say_what_a_list_says(column, data):
    """Row by row, in part, and in general."""
    found = codes_of(column)
    assert list(found) == listed(found) == column
    assert len(found) == len(column)
    assert [found[row] for row in range(len(column))] == column
    with pytest.raises(IndexError):
        found[len(column)]
    assert is_empty(found) == is_empty(column)
    assert is_full(found) == is_full(column)
    assert list(texts(found)) == list(texts(column))
    places = data.draw(st.lists(st.integers(0, max(0, len(column) - 1)), max_size=5 if column else 0))
    assert list(picker(places)(found)) == [column[place] for place in places]
    assert list(each(found, str)) == list(map(str, column))


@given(st.lists(st.sampled_from(["x", "y", "z"]), min_size=1, max_size=12))
def test_parts_are_the_rows_of_each_value(column):
    """Rising, and with none where there is one value only."""
    found = dict(parts_of(codes_of(column)))
    assert found == dict(parts_of(column))
    if len(found) > 1:
        assert found == {value: [row for row, own in enumerate(column) if own == value] for value in column}


@given(st.lists(st.none() | st.text(max_size=3) | st.integers(0, 3) | st.booleans(), max_size=80))
def test_a_column_that_gets_codes_says_the_same(column):
    """If it gets them at all: what Python takes for equal and rules do not must not become one."""
    found = recoded(list(column))
    assert [(type(value), value) for value in found] == [(type(value), value) for value in column]


def test_each_value_is_worked_out_once():
    """Values that come later are worked out when they have come, and nothing else anew."""
    scan = Scanning(DEFAULT).flat({"text": SCALAR})
    asked: list[object] = []

    def made(values):
        asked.extend(values)
        return [len(value or "") for value in values]

    for names in (["a", "bb", "a"], ["bb", "a"], ["ccc", "a"]):
        taken, wrong = scan([b'{"text":"%s"}' % name.encode() for name in names], range(len(names)))
        column = coded(taken.column(("", "text")))
        assert column is not None
        assert not wrong
        assert list(each_once(column, "length", made)) == list(map(len, names))
        twice = each_once(each_once(column, "length", made), "twice", lambda found: [2 * n for n in found])
        assert list(twice) == [2 * len(name) for name in names]
    assert asked == [None, "a", "bb", "ccc"]


def test_values_that_hardly_come_again_get_no_codes():
    """A dictionary of them would only cost; it is tried again after many of them."""
    scan = Scanning(DEFAULT).flat({"text": SCALAR})
    has_codes = []
    for batch in range(500):
        lines = [b'{"text":"%d"}' % number for number in range(batch * 100, batch * 100 + 100)]
        taken, _ = scan(lines, range(100))
        column = taken.column(("", "text"))
        assert list(column) == [str(number) for number in range(batch * 100, batch * 100 + 100)]
        has_codes.append(coded(column) is not None)
    assert has_codes[:10] == [True] * 10
    assert has_codes[10:210] == [False] * 200
    assert has_codes[210:220] == [True] * 10
    assert sum(has_codes) < 40


def hashed(texts: np.ndarray) -> np.ndarray:
    """Return what `native/src/bytes.rs` does of texts of 16 characters, given as two numbers each."""
    factor = np.uint64(0x9E3779B97F4A7C15)

    def turned(number):
        return (number << np.uint64(23)) | (number >> np.uint64(41))

    found = np.full(len(texts), 16, np.uint64)
    for word in (texts[:, 0], texts[:, 1], np.zeros(len(texts), np.uint64)):
        found = (turned(found) ^ word) * factor
    return ((found ^ (found >> np.uint64(32))) * factor) >> np.uint64(32)


def test_values_made_to_have_one_hash_do_not_stop_a_worker():
    """Whoever can write events could else have each of them compared with thousands."""
    numbers = [b"%016d" % number for number in range(3_000_000)]
    hashes = hashed(np.frombuffer(b"".join(numbers), np.uint64).reshape(-1, 2))
    alike = [numbers[place] for place in np.flatnonzero(hashes & np.uint64(0x1FFF) == 5)]
    assert len(alike) > 300
    lines = [b'{"text":"%s"}' % text for text in alike]
    scan = Scanning(DEFAULT).flat({"text": SCALAR})
    taken, wrong = scan(lines, range(len(lines)))
    refused = set(wrong)
    assert 0 < len(refused) < len(lines)
    fitting = [text.decode() for row, text in enumerate(alike) if row not in refused]
    assert list(taken.column(("", "text"))) == fitting
    assert scan([b'{"text":"another"}'], range(1))[1] == []


values = st.sampled_from(["a", "b", "c"])
some_columns = st.integers(0, 12).flatmap(
    lambda size: st.lists(
        st.lists(values, min_size=size, max_size=size).map(codes_of)
        | st.lists(values, min_size=size, max_size=size)
        | values.map(lambda value: (value,)),
        max_size=3,
    ).map(lambda columns: (size, columns))
)


@given(st.lists(some_columns, max_size=4), st.integers(1, 5))
def test_combinations_are_the_same_with_and_without_the_library(batches, most):
    """What follows of each row is what the function says, however much is remembered."""

    def follows(row):
        return None if "a" in row else "".join(row)

    for width in range(4):
        ours, theirs = combinations(width, most), PlainCombinations(width, most)
        for size, columns in batches:
            if len(columns) == width:
                rows = [tuple(c[0] if type(c) is tuple else c[row] for c in columns) for row in range(size)]
                expected = list(map(follows, rows))
                told = [(row, found) for row, found in enumerate(expected) if found is not None]
                for each_way in (ours, theirs):
                    assert list(each_way.column(columns, size, follows)) == expected
                    assert each_way.told(columns, size, follows) == told


def test_combinations_are_worked_out_once():
    """As long as there are not too many; then it starts anew."""
    found = combinations(2, 3)
    asked: list[object] = []
    for _ in range(3):
        found.column([["a", "b"], ("x",)], 2, asked.append)
    assert asked == [("a", "x"), ("b", "x")]
    found.column([["c", "d"], ("x",)], 2, asked.append)
    found.column([["a", "c"], ("x",)], 2, asked.append)
    assert asked[2:] == [("c", "x"), ("d", "x"), ("a", "x"), ("c", "x")]


class Thing:
    """Something that can be seen to live."""


def test_what_combinations_go_by_lives_as_long():
    """So no other value can have its address, and be taken for it; nothing is kept for ever."""
    found, numbers = combinations(1, 100), count()
    for number in range(100):
        assert list(found.column([[Thing()]], 1, lambda _: next(numbers))) == [number]
    thing = Thing()
    alive = weakref.ref(thing)
    found.column([[thing]], 1, lambda _: None)
    del thing
    assert alive() is not None
    for _ in range(101):
        found.column([[Thing()]], 1, lambda _: None)
    gc.collect()
    assert alive() is None


def refused(_row):
    """Fail as a function may."""
    raise ZeroDivisionError


def test_columns_that_do_not_match_are_refused():
    """Rather than read beyond an end."""
    with pytest.raises(ValueError, match="more or fewer columns"):
        combinations(1, 10).column([], 1, len)
    with pytest.raises(ValueError, match="differ in length"):
        combinations(1, 10).column([["a"]], 2, len)
    with pytest.raises(IndexError):
        listed(with_codes([7], [None]))
    with pytest.raises(ZeroDivisionError):
        combinations(1, 10).column([["a"]], 1, refused)


WRITTEN = [
    "2020-10-21T07:33:17.123Z",
    "2020-10-21 07:33:17",
    "2020-10-21T07:33:17.123456789+05:30",
    "2020-02-29T23:59:59Z",
    "2019-02-29T00:00:00Z",
    "2020-12-31 24:00:00",
    "2020-10-21T07:33:17-00:00",
    "0000-01-01T00:00:00Z",
    "2020-10-21T07:33:17",
    "20201021T073317Z",
    "1603265597123",
    "/Date(1603265597123)/",
    "\u0662020-10-21 07:33:17",
    "",
    "no time",
]


@st.composite
def moments(draw):
    """A time in one of many ways, perhaps with a wrong character, or what is none."""
    text = draw(st.sampled_from(WRITTEN))
    if draw(st.booleans()) and text:
        at = draw(st.integers(0, len(text) - 1))
        text = text[:at] + draw(st.sampled_from("0123459-:.TZ +\u0661")) + text[at + 1 :]
    return draw(st.sampled_from([text, text, text, None, 7, 1603265597]))


@given(st.lists(st.tuples(moments(), moments(), moments()), max_size=6), st.booleans())
def test_times_are_the_same_with_and_without_the_library(rows, are_coded):
    """Of clocks with their offsets, and of others in the place of what is missing."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    given_ = [recoded(column) for column in columns] if are_coded else columns
    ours, theirs = Zones(), Zones()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tocsin.decode.views.IS_NATIVE", False)
        theirs = Zones()
        expected = theirs.times(columns, len(rows))
        filled = with_times(list(expected), columns[1])
    assert ours.times(given_, len(rows)) == expected
    assert with_times(list(expected), given_[1]) == filled
    nothing = Nothing((None,) * len(rows))
    assert with_times(list(expected), nothing) == expected
    assert list(ours.times([given_[0], nothing, nothing], len(rows))) == list(
        theirs.times([columns[0], nothing, nothing], len(rows))
    )


@given(st.permutations(range(7)), st.integers(0, 7), st.integers(0, 7))
def test_parts_are_put_in_order(rows, one, other):
    """Whichever part a row is in, with the library and without."""
    first, last = sorted((one, other))
    split = [part for part in (rows[:first], rows[first:last], rows[last:]) if part]
    parts = [[[f"a{row}" for row in part], constant("b", len(part))] for part in split]
    expected = [[f"a{row}" for row in range(7)], ["b"] * 7]
    assert [list(column) for column in _in_order(split, parts)] == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tocsin.decode.gathering.IS_NATIVE", False)
        assert [list(column) for column in _in_order(split, parts)] == expected
