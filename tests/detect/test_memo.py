"""Remembering what was seen changes no verdict, however values resemble each other."""

from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tocsin.detect import Detector
from tocsin.detect.memo import Memo, fields_of
from tocsin.model import Event, LogSource
from tocsin.rules import load_rules

RULES = """
title: Reads {field}
id: 00000000-0000-4000-8000-00000000000{number}
logsource: {{product: windows}}
detection:
    selection:
        {condition}
    condition: selection
level: low
"""

CONDITIONS = [
    "a: 1",
    "a: '1.0'",
    "a: 'true'",
    "a|contains: x",
    "b.c: y",
    "b: null",
    "d|fieldref: a",
    "a|exists: true",
]

VALUES = st.one_of(
    st.sampled_from([1, 1.0, True, False, 0, 0.0, -0.0, "1", "true", "True", "x", "", None, [1, "x"], []]),
    st.sampled_from([{"c": "y"}, {"c": ["y", 1]}, {}, "y", float("inf")]),
)


def detector_of(folder: Path) -> Detector:
    for number, condition in enumerate(CONDITIONS):
        text = RULES.format(field=condition[0], number=number, condition=condition)
        (folder / f"{number}.yml").write_text(text)
    return Detector(load_rules(folder))


def event(fields: Mapping[str, object]) -> Event:
    return Event("id", "", "", "", "", "", fields, LogSource(product="windows"))


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "b.c", "d"]), VALUES), max_size=30))
def test_a_detector_with_a_memory_judges_like_one_without(tmp_path_factory, events):
    """1, 1.0 and True are equal in Python and not to Sigma; lists and objects are looked at each time."""
    folder = tmp_path_factory.mktemp("rules")
    remembering = detector_of(folder)
    for fields in events:
        fresh = Detector(remembering.rules)
        assert remembering.conclude(event(fields)) == fresh.conclude(event(fields))


def test_fields_that_no_rule_reads_do_not_matter(tmp_path):
    """Events that differ only in their ids are one look-up."""
    memo: Memo[int] = Memo(frozenset({"a", "b.c"}), 10, 1000)
    assert memo.sight({"a": "x", "EventRecordID": 1}) == memo.sight({"a": "x", "EventRecordID": 2})
    assert memo.sight({"a": "x"}) != memo.sight({"a": "y"})
    assert memo.sight({"a": "x", "b": {"c": 1}}) is None
    assert fields_of(rule.condition for rule in detector_of(tmp_path).rules.rules) == {"a", "b.c", "b", "d"}


def test_it_forgets_before_it_grows():
    """Neither many values nor long ones fill the memory."""
    memo: Memo[int] = Memo(frozenset({"a"}), 3, 100)
    for number in range(10):
        sight = memo.sight({"a": str(number)})
        assert sight is not None
        memo.keep(sight, number)
        assert memo.get(sight) == number
    assert sum(memo.get(memo.sight({"a": str(n)}) or ()) is not None for n in range(10)) <= 3
    long = memo.sight({"a": "x" * 200})
    assert long is not None
    memo.keep(long, 1)
    memo.keep(memo.sight({"a": "y"}) or (), 2)
    assert memo.get(long) is None
