"""The gate for regular expressions: they find what Python's `re` finds, and none runs for ever."""

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.texts import rule_of, rule_text
from tocsin.rules import regex
from tocsin.rules.documents import Document, documents
from tocsin.rules.files import RuleFile
from tocsin.rules.parse import parse_rule
from tocsin.rules.re2_form import FOLDED_TO_ASCII
from tocsin.rules.regex import (
    Bounded,
    Linear,
    Long,
    bound_on,
    compiled,
    problem_of,
    python_compiled,
    strain_on,
)
from tocsin.rules.strain import strained

VALUES = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}

ALPHABET = (
    "aAbkKsSiIzZ019_- .\\/\n\r\t\x0b\x1c"
    "\x00é\u00df\u0130\u0131\u017f\u212a\u0660\u00a0\u2028\u2013\u201c\U0001f600"
)
TEXTS = st.text(st.sampled_from(ALPHABET), max_size=8)

_CHARACTERS = st.sampled_from(
    [*"abkKsSiIzZ019_", r"\.", r"\\", r"\n", r"\x00", "é", "\u017f", "\U0001f600", "/", "-"]
)
_CLASSES = st.sampled_from(
    [
        *(
            ".",
            r"\d",
            r"\D",
            r"\w",
            r"\W",
            r"\s",
            r"\S",
            "[a-k]",
            "[^a-k]",
            r"[\d_]",
            r"[^\s]",
            r"[\Wa]",
            "[^k]",
        ),
        *(
            "\u2013",
            "[\u2013-\u2015]",
            "[^\u201c\u201d]",
            r"[\x00-\x7f]",
            r"[^\x00-\x7f]",
            "[A-Z0-9]",
            r"[\D\n]",
            "[é-\u2028]",
            "[^i]",
            "[i]",
        ),
    ]
)
_PLACES = st.sampled_from(["^", "$", r"\A", r"\Z", r"\b"])
PATTERNS = st.recursive(
    st.one_of(_CHARACTERS, _CHARACTERS, _CLASSES, _PLACES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map("|".join).map("(?:{})".format),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{,2}", "*?", "+?", "??"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map("({})".format),
        inner.map("(?i:{})".format),
        inner.map("(?s-i:{})".format),
    ),
    max_leaves=8,
)


def python(pattern: str, flags: str) -> re.Pattern[str]:
    return python_compiled(pattern, sum(VALUES[flag] for flag in flags))


DIFFERENT = {0x130: None, 0x131: None, 0x1C: None}
"""The characters in which the engine that has a bound differs: its docstring says so."""


def engine_of(expression, text):
    """Return what really searches a text."""
    inner = getattr(expression, "_beyond_ascii", None)
    return inner if inner is not None and not text.isascii() else expression


@settings(max_examples=600, deadline=None)
@given(pattern=PATTERNS, flags=st.sampled_from(["", "i", "m", "s", "im", "is", "ims"]), texts=st.lists(TEXTS))
def test_an_expression_finds_what_pythons_would(pattern, flags, texts):
    """In every text, whatever engine runs it: classes, case, line ends, beyond ASCII."""
    wanted = python(pattern, flags)
    expression = compiled(pattern, flags)
    for drawn in texts:
        bounded = isinstance(engine_of(expression, drawn), Bounded)
        text = drawn.translate(DIFFERENT) if bounded else drawn
        assert (expression.search(text) is None) == (wanted.search(text) is None), (pattern, flags, text)


@pytest.mark.parametrize("pattern", [r"\d", r"\w", r"\s"])
def test_classes_are_unicodes(pattern):
    """Of all characters in use, only those differ that Python is too old to know."""
    wanted, expression = re.compile(pattern), compiled(pattern, "")
    assert isinstance(expression, Linear)
    letters = [chr(code) for code in range(0x20000) if not 0xD800 <= code <= 0xDFFF]
    odd = [c for c in letters if (wanted.match(c) is None) != (expression.search(c) is None)]
    assert [c for c in odd if unicodedata.category(c) != "Cn"] == []


@settings(deadline=None)
@given(
    least=st.integers(0, 5),
    most=st.sampled_from(["", ",", ",7"]),
    lazy=st.booleans(),
    flags=st.sampled_from(["", "s", "m"]),
    text=TEXTS,
)
def test_an_expression_that_asks_for_length_only_measures(least, most, lazy, flags, text):
    """`.{8000}` is what authors write for "longer than"; line ends count with the flag `s` only."""
    pattern = f".{{{least}{most}}}" + "?" * lazy
    expression = compiled(pattern, flags)
    assert isinstance(expression, Long)
    assert (expression.search(text) is None) == (python(pattern, flags).search(text) is None)


def test_a_length_beyond_what_re2_counts_needs_no_bound():
    """And takes no time on a text that is just too short."""
    assert bound_on("(?s).{8000}", "") == ""
    assert compiled("(?s).{8000}", "").search("x" * 7999) is None
    assert compiled("(?s).{8000}", "").search("x\n" * 4000) is not None
    assert compiled(".{1500}", "").search("x\n" * 4000) is None


def test_letters_that_count_as_ascii_are_those_of_python():
    """Without regard to case, `k` is also the Kelvin sign, and so on: asked of Python for every letter."""
    everything = [chr(code) for code in range(0x80, 0x110000)]
    for letter in "abcdefghijklmnopqrstuvwxyz":
        same = "".join(re.findall(letter, "".join(everything), re.IGNORECASE))
        assert sorted(same) == sorted(FOLDED_TO_ASCII.get(letter, "")), letter


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "span"),
    [
        ("b+", "", "abbc", (1, 3)),
        ("é.", "", "aé\U0001f600x", (1, 3)),
        ("x|xy", "", "xy", (0, 1)),
        ("a+?", "", "aaa", (0, 1)),
        ("(?<=a)b", "", "éab", (2, 3)),
        ("", "", "abc", (0, 0)),
    ],
)
def test_a_place_is_given_in_characters(pattern, flags, text, span):
    """The same that Python's would give."""
    found, wanted = compiled(pattern, flags).search(text), python(pattern, flags).search(text)
    assert found is not None
    assert wanted is not None
    assert found.span() == wanted.span() == span


@pytest.mark.parametrize("text", ["a\ud800b", "\udfff", "a\udc00\ud800b"])
def test_half_characters_are_searched_like_others(text):
    """JSON can escape them; UTF-8 cannot hold them."""
    for pattern in ("a.+b", ".", "[^x]", "b", r"\w", r"\W"):
        assert (compiled(pattern, "").search(text) is None) == (re.search(pattern, text) is None), pattern


CATASTROPHES = [
    (r"(a+)+$", "a" * 40 + "!"),
    (r"([a-zA-Z]+)*$", "a" * 40 + "!"),
    (r"(a|aa)+$", "a" * 60 + "!"),
    (r"(a|a?)+$", "a" * 40 + "!"),
    (r"(.*a){25}", "a" * 24 + "b" * 2000),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60),
    (r"(\w+\s?)+$", "word " * 20 + "!"),
    (r"(x+x+)+y", "x" * 60),
]


@pytest.mark.parametrize(("pattern", "text"), CATASTROPHES)
def test_what_backtracks_for_ever_in_python_is_linear_here(pattern, text):
    """RE2 runs them: on a text a thousand times as long, too."""
    expression = compiled(pattern, "")
    assert isinstance(expression, Linear)
    began = time.monotonic()
    expression.search(text)
    expression.search(text * 1000)
    assert time.monotonic() - began < 20


GUARDED = [
    (r"(?=a)(a+)+$", "looking ahead or behind"),
    (r"(?<!b)(a+)+$", "looking ahead or behind"),
    (r"(a*)*\1b", "a reference back to a group"),
    (r"(?:(?>a|b)|(a+)+)*$", "an atomic group"),
    (r"(a++|(a+)+)*$", "a possessive repetition"),
    (r"(a+){1,2000}$", "more than 1000 repetitions"),
    (r"(a+)(?(1)(a+)+$|b)", "a condition on a group"),
    (r"\B(a+)+$", r"\B"),
]


@pytest.mark.parametrize(("pattern", "reason"), GUARDED)
def test_what_can_backtrack_runs_under_a_bound(pattern, reason):
    """It is stopped, and the reason why it needs the bound is known."""
    assert bound_on(pattern, "") == reason
    expression = Bounded(pattern, 0, reason)
    began = time.monotonic()
    expression.search("a" * 5000 + "!")
    assert time.monotonic() - began < 100 * regex.SECONDS


def test_a_stopped_expression_rests_and_is_counted(monkeypatch):
    """An attacker gets a hundredth of a core from it; then it looks again."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    expression = Bounded(r"(?=a)(a+)+$", 0, "")
    assert expression.search("aa") is not None
    expression.search("a" * 5000 + "!")
    assert (expression.stopped, expression.skipped) == (1, 0)
    assert expression.search("aa") is None
    assert (expression.stopped, expression.skipped) == (1, 1)
    now[0] += regex.SECONDS / regex.SHARE
    assert expression.search("aa") is not None
    assert (expression.stopped, expression.skipped) == (1, 1)


def test_a_rule_that_did_not_look_is_named():
    """With how often it was stopped and skipped."""
    pattern = r"(?=q)(q+)+$"
    rule = rule_of(rule_text({"selection": {"a|re": pattern}}))
    assert strained([rule]) == []
    compiled(pattern, "").search("q" * 5000 + "!")
    compiled(pattern, "").search("q")
    (found,) = strained([rule])
    assert (found.rule, found.pattern, found.stopped, found.skipped) == (rule, pattern, 1, 1)
    assert strain_on("a", "") == (0, 0)


def test_a_rule_under_a_bound_says_so():
    """Whoever checks the rules learns that this one may be stopped."""
    (notice,) = rule_of(rule_text({"selection": {"a|re": "a(?!b)"}})).notices
    assert "can backtrack (looking ahead or behind): it runs under a bound of time" in notice


def test_what_nothing_runs_safely_is_unsupported(monkeypatch):
    """Valid in Python, refused by the engine that has a bound: the rule is named, not run unguarded."""
    monkeypatch.setattr(regex, "compiled", _refusing)
    (document,) = documents(RuleFile("rule.yml", rule_text({"selection": {"a|re": "a(?!c)"}})))
    assert isinstance(document, Document)
    rule, faults = parse_rule(document, {})
    assert rule is None
    assert [str(fault.severity) for fault in faults] == ["unsupported"]
    assert "not run without a bound" in faults[0].reason


def _refusing(pattern, _flags):
    raise re.error("it needs backtracking, and is not run without a bound: x", pattern)


def test_an_invalid_expression_is_named_whichever_engine_would_run_it():
    """Python's `re` says what is valid."""
    assert problem_of("x(", "") == "missing ), unterminated subpattern at position 1"
    assert problem_of(r"\p{L}", "").startswith("bad escape")
    assert problem_of("[[:alpha:]]", "") == ""
    assert compiled("[[:alpha:]]", "").search("p]") is not None
