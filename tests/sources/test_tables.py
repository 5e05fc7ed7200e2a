"""CSV rows become JSON objects; broken ones cost a line."""

import csv
import io

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.reading import cut
from tocsin.sources.files.tables import rows

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r")).map(
    lambda text: text.replace("\n\n", "\n")
)


def found(text, seed=0):
    data = text if isinstance(text, bytes) else text.encode()
    return list(rows(cut(data, seed, 50)))


@given(st.lists(st.tuples(cells, cells, cells), max_size=5), st.sampled_from(",;\t"), st.integers(0, 9))
def test_any_row_that_python_writes_is_read_back(table, delimiter, seed):
    """With quotes, line feeds and delimiters in cells; empty cells are left out."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([("a", "b", "c"), *table])
    wanted = [{k: v for k, v in zip("abc", row, strict=True) if v} for row in table]
    pieces = found(text.getvalue(), seed)
    assert [msgspec.json.decode(piece.value or b"") for piece in pieces] == wanted
    assert not any(piece.fault for piece in pieces)


def test_the_number_is_the_line_on_which_a_row_begins():
    """Rows over several lines count all of them; so do blank lines."""
    pieces = found('a,b\n1,"x\ny"\n\n2,z\n')
    assert [piece.number for piece in pieces] == [2, 5]


def test_a_row_with_other_cells_than_the_header_is_a_fault():
    """Which cell is missing cannot be told."""
    pieces = found("a,b,c\n1,2,3\n1,2\n1,2,3,4\n4,5,6\n")
    assert [piece.number for piece in pieces if piece.fault] == [3, 4]
    assert pieces[1].value == b"1,2"
    assert pieces[1].fault is not None
    assert pieces[1].fault.detail == "2 cells, but the header names 3"


def test_a_broken_quotation_mark_costs_one_line():
    """What it seemed to swallow is read again."""
    pieces = found('a,b\n1,2\n3,"no end\n5,6\n7,"x"y\n8,9\n')
    assert [piece.number for piece in pieces if piece.fault] == [3, 5]
    assert [msgspec.json.decode(p.value or b"") for p in pieces if not p.fault] == [
        {"a": "1", "b": "2"},
        {"a": "5", "b": "6"},
        {"a": "8", "b": "9"},
    ]


def test_a_row_that_is_not_utf_8_is_a_fault():
    """Its bytes are kept."""
    pieces = found(b"a,b\n1,\xff\n3,4\n")
    assert [(piece.number, piece.value) for piece in pieces if piece.fault] == [(2, b"1,\xff")]
    assert len(pieces) == 2


@given(st.binary(max_size=200) | st.text(st.sampled_from('a,"\n;\r')).map(str.encode), st.integers(0, 9))
def test_no_bytes_make_it_raise(data, seed):
    """Numbers rise, and every row is an object or a fault."""
    pieces = found(data, seed)
    numbers = [piece.number for piece in pieces]
    assert numbers == sorted(set(numbers))
    for piece in pieces:
        assert piece.fault or isinstance(msgspec.json.decode(piece.value or b""), dict)
