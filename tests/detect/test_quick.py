"""What is tested quickly, or on many values at once, is what the plain matcher says one by one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.detect import clues, oracle
from tocsin.detect.clues import Pattern, Where, clue_of
from tocsin.detect.finds import finds
from tocsin.detect.hyperscan_door import HyperscanMatching
from tocsin.detect.literals import is_free_of_context
from tocsin.detect.oracle import matcher
from tocsin.detect.probe import Probe
from tocsin.detect.quick import quick_matcher
from tocsin.detect.reading import Reading, Value
from tocsin.detect.scan import PythonMatching
from tocsin.rules.ir import And, Atom, Not, Or, Present, Regex, Text, Wild, fold

MANY, ONE = Wild.MANY, Wild.ONE
PIECES = st.sampled_from(["a", "B", "ab", "\\", "bA\\", "\u00e9", "\u212a"])
PARTS = st.one_of(
    PIECES.map(lambda text: (text,)),
    PIECES.map(lambda text: (text, MANY)),
    PIECES.map(lambda text: (MANY, text)),
    PIECES.map(lambda text: (MANY, text, MANY)),
    st.lists(st.one_of(PIECES, st.just(ONE)), max_size=3).map(tuple),
)
EXPRESSIONS = ["a+b", "(?:a|b){2,}", "^a", "b$", r"a\b", "[^a]b", "a.b", "(?i)AB", r"(a)\1", r"\sb", "a*"]
FIELDS = st.sampled_from(["x", "y"])
ATOMS = st.one_of(
    st.builds(Text, FIELDS, PARTS, st.booleans()),
    st.builds(Regex, FIELDS, st.sampled_from(EXPRESSIONS), st.sampled_from(["", "i"])),
    st.builds(Present, FIELDS),
)
NODES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5).map(lambda nodes: And(tuple(nodes))),
        st.lists(inner, max_size=5).map(lambda nodes: Or(tuple(nodes))),
        inner.map(Not),
    ),
    max_leaves=12,
)
TEXTS = st.text("aAbB\\\n\u00e9k", max_size=6)
EVENTS = st.dictionaries(FIELDS, st.one_of(TEXTS, st.lists(TEXTS, max_size=3), st.none(), st.just(1)))


@settings(deadline=None, max_examples=400)
@given(NODES, st.lists(EVENTS, max_size=6))
def test_a_quick_matcher_says_what_the_plain_one_does(node, events):
    """Whatever the condition, the order that it is tested in, and the number of values in a field."""
    quick, plain = quick_matcher(node), matcher(node)
    for fields in events:
        assert quick(Reading(fields)) == plain(Reading(fields))


def value(text: str) -> Value:
    return Value("", text, text, fold(text))


def is_found(probe: Probe, texts: list[str]) -> list[set[int]]:
    found = finds()
    assert found.begin(texts)
    probe.find_each(texts, found)
    return found.made(set)


@pytest.mark.parametrize("matching", [PythonMatching(), HyperscanMatching()], ids=["python", "hyperscan"])
@settings(deadline=None, max_examples=150)
@given(
    atoms=st.lists(ATOMS.filter(lambda atom: atom.field == "x"), min_size=1, max_size=6, unique=True),
    texts=st.lists(st.text("aAbB\\\n", max_size=6), min_size=1, max_size=12),
)
def test_many_values_at_once_give_what_each_gives(matching, atoms, texts):
    """Expressions may be searched for in several values joined, and never hold across their borders."""
    patterns = sorted(
        {pattern for atom in atoms for pattern in patterns_of(atom)}, key=lambda pattern: pattern.order
    )
    probe = Probe(list(enumerate(patterns)), matching)
    each = is_found(probe, texts)
    assert each == [set(probe.found(value(text))) for text in texts]
    for number, pattern in enumerate(patterns):
        if pattern.where is Where.TEST:
            assert [number in found for found in each] == [
                oracle.tester(pattern.atom)(value(text)) for text in texts
            ]


def patterns_of(atom: Atom) -> set[Pattern]:
    found = [clue_of(atom), None if isinstance(atom, Present) else clues.tested(atom)]
    return {pattern for clue in found if clue is not None for pattern in clue.patterns}


@pytest.mark.parametrize(
    ("pattern", "free"),
    [
        *[(pattern, True) for pattern in ("a+(b|[^c]){2,3}.", r"(?i)\s-k\s", "")],
        *[(pattern, False) for pattern in ("^a", "a$", r"a\b", "a(?=b)", "(?:x(?!y))*", r"(a)\1", "(")],
    ],
)
def test_what_depends_on_its_surroundings_is_known(pattern, free):
    """Only an expression that does not may be looked for in values that are joined."""
    assert is_free_of_context(pattern, "") is free


@pytest.mark.parametrize(
    ("pattern", "free"),
    [
        *[(pattern, True) for pattern in ("^a", "a$", r"\ba\b", r"\B-", "^(?:a|b$)")],
        *[(pattern, False) for pattern in (r"\Aa", r"a\Z", "(?-m:^a)", "(?i-m:a$)", "a(?=b)", r"(a)\1")],
    ],
)
def test_ends_of_lines_are_ends_of_values_that_are_joined(pattern, free):
    """What asks for the end of a text is found at the end of a line, unless it insists."""
    assert is_free_of_context(pattern, "m") is free
