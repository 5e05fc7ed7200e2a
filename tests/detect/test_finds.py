"""What is found in several texts at once is the same with the native library and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.decode.agreement import needs_native
from tests.detect.plain import PlainJudge, differences
from tests.detect.test_fast import CONDITIONS, EVENTS, STREAM, line
from tests.rules.texts import rule_id, rule_text
from tocsin.detect import Detector
from tocsin.detect.finds import Finds, Need, Needs, PlainFinds, PlainNeeds, finds, needs_of
from tocsin.detect.hyperscan_door import HyperscanMatching
from tocsin.detect.scan import PythonMatching
from tocsin.model import Batch
from tocsin.rules import load_rules


def both() -> list[tuple[Finds, Callable[[Sequence[Need]], Needs]]]:
    """Return what gathers natively and what does so in Python, each with what makes its needs."""
    needs_native()
    return [(finds(), needs_of), (PlainFinds(), PlainNeeds)]


TEXTS = st.lists(st.text("aAbB\n\x7f", max_size=6), max_size=6)
NUMBERS = st.integers(-3, 5)
NEEDS = st.lists(
    st.builds(
        Need,
        NUMBERS,
        st.lists(
            st.sampled_from([b"a", b"ab", b"\0a", b"b\0", b"\0ab\0", b"\0\0", b"\0", b"", b"bb"]), max_size=3
        ),
        st.integers(0, 4),
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=400)
@given(st.data(), TEXTS, NEEDS, NEEDS)
def test_both_ways_gather_the_same(data, texts, one, other):
    """Whatever a scan tells, in any order, and what else is added; guards are taken out."""
    every = range(len(texts))
    size = sum(map(len, texts)) + len(texts) + 1
    numbers = data.draw(st.lists(st.lists(NUMBERS, min_size=1, max_size=2), min_size=1, max_size=4))
    hits = st.tuples(st.integers(0, len(numbers) - 1), st.integers(1, size))
    taken = data.draw(st.lists(hits, max_size=12)) if texts else []
    added = (
        data.draw(st.lists(st.tuples(NUMBERS, st.lists(st.sampled_from(every), max_size=3)))) if texts else []
    )

    def gathered(found: Finds, make_needs) -> object:
        assert found.begin(texts)
        for place, end in taken:
            found.take(place, 0, end, 0, None)
        found.walk(numbers)
        for number, places in added:
            found.add(number, places)
        found.add_having(make_needs(one))
        having = found.having(make_needs(other))
        guards = found.guards()
        assert found.guards() == []
        return found.joined, having, guards, found.made(tuple)

    ours, theirs = [gathered(*way) for way in both()]
    assert ours == theirs


@given(st.lists(st.text("aB\x00\u00e9\udc00\x7f", max_size=3), max_size=3))
def test_both_ways_take_texts_of_ascii_only(texts):
    """Others, and NULs, are looked at one by one."""
    plain = all(text.isascii() and "\0" not in text for text in texts)
    assert [found.begin(texts) for found, _ in both()] == [plain, plain]


def places_of(found: Finds, needs: Needs) -> list[tuple[int, list[int]]]:
    assert found.begin(["Abc", "xab", "ab", ""])
    return found.having(needs)


@pytest.mark.parametrize("way", [0, 1])
def test_texts_have_what_is_in_them_at_the_end_that_is_asked_for(way):
    """A NUL stands for an end; nothing is found across two texts."""
    found, make = both()[way]
    asked: list[tuple[Sequence[bytes], list[int]]] = [
        ([b"ab"], [0, 1, 2]),
        ([b"\0ab"], [0, 2]),
        ([b"ab\0"], [1, 2]),
        ([b"\0ab\0"], [2]),
        ([b"c\0x"], []),
        ([], [0, 1, 2, 3]),
        ([b"x", b"c"], [0, 1]),
    ]
    for any_of, places in asked:
        assert places_of(found, make([Need(7, any_of)])) == ([(7, places)] if places else [])
    assert places_of(found, make([Need(7, [b"ab"], 3), Need(8, [], 4)])) == [(7, [0, 1])]


@pytest.mark.parametrize("way", [0, 1])
def test_the_same_is_made_once_until_it_is_forgotten(way):
    """What was made of a set is given to each text that has it, in whatever order the numbers came."""
    found, _ = both()[way]
    asked: list[list[int]] = []

    def make(numbers):
        asked.append(numbers)
        return object()

    def seen():
        assert found.begin(["a", "b", "c"])
        for number, places in ((2, [1]), (1, [0, 1]), (2, [0, 0])):
            found.add(number, places)
        one, other, empty = found.made(make)
        assert one is other is not empty
        return one

    first = seen()
    assert seen() is first
    assert sorted(asked) == [[], [1, 2]]
    found.forget()
    assert seen() is not first


def test_a_place_that_there_is_not_is_refused():
    """Rather than taken for another."""
    found, _ = both()[0]
    assert found.begin(["a"])
    with pytest.raises(IndexError):
        found.add(1, [1])
    found.take(3, 0, 2, 0, None)
    with pytest.raises(IndexError):
        found.walk([[1]])


@pytest.mark.parametrize("matching", [HyperscanMatching(), PythonMatching()], ids=["hyperscan", "python"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conditions=st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=6), events=EVENTS)
def test_without_the_library_events_are_judged_as_the_plain_matcher_does(
    matching, tmp_path_factory, conditions, events
):
    """The way that is taken where it was not built."""
    folder = tmp_path_factory.mktemp("rules")
    for number, condition in enumerate(conditions):
        (folder / f"{number}.yml").write_text(rule_text({"s1": condition}, "s1", id=rule_id(number)))
    loaded = load_rules([folder])
    lines = [line(fields, ascii_only=ascii_only) for fields, ascii_only in events]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tocsin.detect.finds.IS_NATIVE", False)
        judge = Detector(loaded, matching=matching)
        found = judge.judge_lines(lines)
        for program in judge._engine._programs.values():
            program._review(least=1, price=0)
        again = judge.judge_lines(lines)
    wanted = PlainJudge(loaded).judge(Batch.of_values(STREAM, lines))
    assert differences(wanted, found) == differences(wanted, again) == []
