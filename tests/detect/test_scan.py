"""Looking for literals: both ways find the same, in values and in records, and nothing hides from them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.detect.test_fast import recorded
from tocsin.decode import decode
from tocsin.decode.invented import INVENTED
from tocsin.detect.clues import Where, clue_of
from tocsin.detect.finds import finds
from tocsin.detect.hyperscan_door import HyperscanMatching
from tocsin.detect.keywords import RecordScan
from tocsin.detect.literals import least_length, required
from tocsin.detect.probe import Probe
from tocsin.detect.reading import Reading
from tocsin.detect.scan import Literal, PythonMatching
from tocsin.detect.sight import FieldMemo
from tocsin.model import Batch, Event, Stream
from tocsin.rules.ir import Text, Wild, fold

PYTHON, HYPERSCAN = PythonMatching(), HyperscanMatching()
PLACES = st.sampled_from([Where.WHOLE, Where.START, Where.END, Where.ANYWHERE])
ODD = st.text("aAbBé\u0130\u212a\n\x00\x7f\ufffe", max_size=8)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(PLACES, ODD.filter(bool)), min_size=1, max_size=12), st.lists(ODD, max_size=6))
def test_both_ways_find_what_python_does_in_values(wanted, texts):
    """Whatever the characters are, also those that Hyperscan's anchors could be taken for."""
    literals = [Literal(number, where, fold(text)) for number, (where, text) in enumerate(wanted)]
    ways = [PYTHON.of_values(literals), HYPERSCAN.of_values(literals)]
    for text in map(fold, texts):
        found = {number for number, where, literal in literals if _is_in(where, literal, text)}
        assert [set(way.find(text)) for way in ways] == [found, found]
        assert all(len(way.find(text)) == len(found) for way in ways)


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(PLACES, st.text("aAbB\n\x7f", max_size=4)), min_size=1, max_size=12),
    st.lists(st.text("aAbB\n\x7f", max_size=8), min_size=1, max_size=6),
)
def test_both_ways_find_in_many_texts_what_is_in_each(wanted, texts):
    """Nothing is found across the border of two texts, nor under another's place."""
    literals = [
        Literal(number, where, fold(text))
        for number, (where, text) in enumerate(wanted)
        if text or where is Where.WHOLE
    ]
    for matching in (PYTHON, HYPERSCAN):
        way = matching.of_values(literals)
        found = finds()
        assert found.begin(texts)
        way.find_each(texts, found)
        assert found.made(set) == [set(way.find(fold(text))) for text in texts]


def _is_in(where: Where, literal: str, text: str) -> bool:
    if where is Where.WHOLE:
        return text == literal
    if where is Where.START:
        return text.startswith(literal)
    return text.endswith(literal) if where is Where.END else literal in text


RECORDS = [
    (b'{"a":"MimiKatz"}', True),
    (b'{"a":"nothing"}', False),
    (b'{"a":"\\u006dimikatz"}', True),
    (b'{"a":"mimi\\u212Aatz"}', True),
    ('{"a":"mimi\u212aatz"}'.encode(), True),
    ('{"a":"mimikatz"}'.encode("utf-16-le"), True),
    (b'{"a":"C:\\\\users\\\\mimi"}', False),
    (b'{"a":"caf\\u00e9, \\u0027x\\u0027"}', False),
    ('{"a":"caf\u00e9"}'.encode(), False),
    (b"", False),
    (None, False),
]


@pytest.mark.parametrize("matching", [PYTHON, HYPERSCAN])
def test_a_keyword_is_seen_however_a_record_writes_it(matching):
    """Escapes, other letters that fold to ASCII and other encodings are looked at in full; others are not."""
    clue = clue_of(Text(None, (Wild.MANY, "mimikatz", Wild.MANY)))
    assert clue is not None
    scan = RecordScan(matching, enumerate(clue.patterns))
    records = [record for record, _ in RECORDS] * 20  # more than are scanned at once
    seen = scan.found(records)
    assert [place in seen for place in range(len(records))] == [held for _, held in RECORDS] * 20
    assert [len(scan.found([record])) for record, _ in RECORDS] == [held for _, held in RECORDS]
    assert scan.found(records, range(6)).keys() == {0, 2, 3, 4, 5}


def test_decoding_invents_only_what_is_listed():
    """What a keyword is looked for by in a record's bytes is there if it is in a value of the event."""
    lines = recorded(499)
    invented = 0
    for raw, event in zip(lines, decode(Batch.of_values(Stream("file", "f", "f"), lines)), strict=True):
        assert isinstance(event, Event)
        record = fold(raw.decode())
        for value in Reading(event.fields).values(None):
            clue = clue_of(Text(None, (Wild.MANY, value.text[:60], Wild.MANY)))
            for pattern in clue.patterns if clue else ():
                assert pattern.literal in record
                invented += any(pattern.literal in text for text in INVENTED)
    assert invented == 0


EXPRESSIONS = [
    r"foo.bar",
    r"(?i)some(thing|body) [xy]z+",
    r"a{2,3}bcd|efgh",
    r"\\[a-z]{1,3}\.[ \"']{1}",
    r"^(abc)?def$",
    r"(?:x|yy)`(?:\w+|-)`",
    r"[^a]bc(?=def)",
    r"(abc)\1|\babc\b",
]


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(EXPRESSIONS), st.data())
def test_what_an_expression_requires_is_in_every_ascii_text_that_it_is_found_in(pattern, data):
    """So a value without it needs no look by the expression."""
    text = data.draw(st.from_regex(pattern).filter(str.isascii))
    assert re.search(pattern, text)
    assert len(text) >= least_length(pattern, "")
    for shortest in (1, 3):
        texts = required(pattern, "", shortest)
        assert not texts or any(literal in text.lower() for literal in texts)


def test_what_an_expression_requires_tells_something():
    """The longest text that it cannot do without, or a few of which it needs one."""
    assert required(r"\s-enc(oded)?command\s", "i") == {"command"}
    assert required(r"(foo1|bar22)x?", "") == {"foo1", "bar22"}
    assert required(r"[a-z]+", "") == frozenset()
    assert required(r"x[.,]y", "") == {"x.y", "x,y"}
    assert required(r"(", "") == frozenset()


def test_a_field_s_memory_starts_anew_before_it_grows():
    """Neither many values nor long ones fill it; numbers that Python takes for others are not kept."""
    clue = clue_of(Text("a", (Wild.MANY, "x", Wild.MANY)))
    assert clue is not None
    memo = FieldMemo([Probe(list(enumerate(clue.patterns)), PYTHON)], 10, 1_000)
    for number in range(100):
        assert memo[f"x{number}"].hits == {0}
        assert memo[f"y{number}"].hits == frozenset()
    assert len(memo) <= 12
    for number in range(100):
        assert memo[f"x{number}" * 100].hits == {0}
    assert len(memo) <= 6
    assert [memo[odd].hits for odd in (1, True, 1.0, 0, False, None)] == [frozenset()] * 6
    assert not {1, 0} & {key for key in memo if not isinstance(key, str)}


def test_values_that_never_come_again_are_not_remembered():
    """What is seen in them is the same as when they were."""
    wanted = [("x", 0), ("\u00e9x", 0), ("x\0", 0), ("y", None), (7, None), (None, None)]
    clue = clue_of(Text("a", (Wild.MANY, "x", Wild.MANY)))
    assert clue is not None
    memo = FieldMemo([Probe(list(enumerate(clue.patterns)), HYPERSCAN)], 20_000, 1_000_000)
    for turn in range(100):
        column = [
            f"{value}{turn}-{n}" if isinstance(value, str) else value
            for n in range(20)
            for value, _ in wanted
        ]
        found = [next(iter(sight.hits), None) for sight in memo.column(column)]
        assert found == [hit for _ in range(20) for _, hit in wanted]
    assert len(memo) < 100
    assert memo.misses >= 100 * 20 * 4


def test_a_kept_database_is_used_and_a_foreign_one_is_not():
    """What was kept is loaded; what this library cannot use is made anew and kept instead."""
    kept: dict[bytes, bytes] = {}

    class Shelf:
        def get(self, literals: bytes) -> bytes | None:
            return kept.get(literals)

        def put(self, literals: bytes, database: bytes) -> None:
            kept[literals] = database

    literals = [Literal(7, Where.ANYWHERE, "abc"), Literal(3, Where.END, "z")]
    matching = HyperscanMatching(Shelf())
    assert set(matching.of_values(literals).find("xabcz")) == {7, 3}
    ((key, database),) = kept.items()
    assert set(matching.of_values(literals[::-1]).find("xabcz")) == {7, 3}
    assert kept == {key: database}
    kept[key] = b"something else"
    assert set(matching.of_values(literals).find("xabcz")) == {7, 3}
    assert kept == {key: database}
