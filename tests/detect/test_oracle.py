"""What each part of Sigma means, one table per part; every matcher has to agree with these."""

import pytest

from tests.detect.firing import Event, fires, matches
from tests.rules.texts import rule_of, rule_text
from tocsin.detect.oracle import matcher
from tocsin.detect.reading import Reading


@pytest.mark.parametrize(
    ("wanted", "value", "holds"),
    [
        ("cmd.exe", "cmd.exe", True),
        ("CMD.exe", "cmd.EXE", True),
        ("cmd.exe", "cmd.exe ", False),
        ("cmd.exe", "xcmd.exe", False),
        ("", "", True),
        ("", "a", False),
        ("", None, False),
        ("", [], False),
        ("cmd*", "cmd.exe", True),
        ("cmd*", "cmd", True),
        ("*exe", "cmd.exe", True),
        ("*MD*", "cmd.exe", True),
        ("c*e", "cmd\n.exe", True),
        ("c?d", "cmd", True),
        ("c?d", "c\nd", True),
        ("c?d", "cd", False),
        ("c?d", "cüd", True),
        ("c?d", "c😀d", True),
        ("c?d", "cmmd", False),
        ("*a?c*", "xxabcxx", True),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "acb", False),
        ("*ab*ab", "ab", False),
        ("*ab*ab", "abab", True),
        (r"\*", "*", True),
        (r"\*", "x", False),
        (r"a\?", "a?", True),
        (r"a\?", "ab", False),
        (r"C:\\*", "C:\\Windows", True),
        (r"C:\Windows", "C:\\Windows", True),
        (r"C:\\Windows", "C:\\Windows", True),
        (r"\\\\server", r"\\server", True),
        ("a.c", "abc", False),
        ("(a|b)", "a", False),
        ("a+", "aa", False),
    ],
)
def test_a_literal_is_the_whole_value_and_wildcards_are_its_only_magic(wanted, value, holds):
    """`*` is anything, line ends included, `?` one character; a backslash takes their magic away."""
    assert matches("field", wanted, {"field": value}) is holds


@pytest.mark.parametrize(
    ("wanted", "value", "holds"),
    [
        ("ÄÖÜ", "äöü", True),
        ("K", "\u212a", True),  # the sign for kelvin folds to k
        ("k", "\u212a", True),
        ("\u0130", "i\u0307", True),  # a capital I with a dot folds to two characters
        ("\u0130x", "\u0130X", True),
        ("??", "\u0130", True),
        ("?", "\u0130", False),
        ("ß", "SS", False),  # str.casefold would say yes
        ("\u017f", "s", False),
    ],
)
def test_letters_are_folded_as_str_lower_does(wanted, value, holds):
    """Both sides are folded by the same function, and it is no other than str.lower."""
    assert matches("field", wanted, {"field": value}) is holds


@pytest.mark.parametrize(
    ("key", "wanted", "value", "holds"),
    [
        ("field|contains", "B", "abc", True),
        ("field|contains", "x", "abc", False),
        ("field|contains", "", "abc", True),
        ("field|contains", "", None, False),
        ("field|contains", "a*c", "xabcx", True),
        ("field|contains", r"\*", "a*b", True),
        ("field|contains", r"\*", "ab", False),
        ("field|contains", ["x", "b"], "abc", True),
        ("field|contains|all", ["a", "b"], "abc", True),
        ("field|contains|all", ["a", "x"], "abc", False),
        ("field|all", ["*a*", "*c"], "abc", True),
        ("field|startswith", "AB", "abc", True),
        ("field|startswith", "b", "abc", False),
        ("field|endswith", "BC", "abc", True),
        ("field|endswith", "b", "abc", False),
        ("field|endswith", "\\", "C:\\", True),
        ("field|cased", "abc", "abc", True),
        ("field|cased", "Abc", "abc", False),
        ("field|contains|cased", "B", "abc", False),
        ("field|cased|contains", "B", "aBc", True),
        ("field|endswith|cased", "?C", "abC", True),
        ("field|endswith|cased", "?C", "abc", False),
        ("field|neq", "abc", "ABC", False),
        ("field|neq", "abc", "x", True),
        ("field|neq", ["abc", "x"], "x", False),
        ("field|neq", "abc", None, True),
        ("field|contains|neq", "b", "abc", False),
    ],
)
def test_where_in_the_value_a_literal_stands(key, wanted, value, holds):
    """contains, startswith, endswith, all, cased and neq, together too."""
    assert matches(key, wanted, {"field": value}) is holds


@pytest.mark.parametrize(
    ("key", "pattern", "value", "holds"),
    [
        ("field|re", "b", "abc", True),
        ("field|re", "B", "abc", False),
        ("field|re|i", "B", "abc", True),
        ("field|re", "^a.c$", "abc", True),
        ("field|re", "^b", "abc", False),
        ("field|re", "a.c", "a\nc", False),
        ("field|re|s", "a.c", "a\nc", True),
        ("field|re", "^c", "ab\nc", False),
        ("field|re|m", "^c", "ab\nc", True),
        ("field|re|i|m|s", "^C.D", "ab\nc\nd", True),
        ("field|re", r"\d{4}", "x4688", True),
        ("field|re", r"46\d8", 4688, True),
        ("field|re", "a*", "", True),
        ("field|re", "a*", None, False),
        ("field|re", r"\*", "a*b", True),
        ("field|re", "^[[a]", "[", True),
        ("field|re", "(?i)ABC", "abc", True),
        ("field|re", r"(?<!x)abc(?=d)", "abcd", True),
        ("field|re", ["x", "b"], "abc", True),
        ("field|re|all", ["a", "x"], "abc", False),
        ("field|re|startswith", "b|c", "abc", False),
        ("field|re|startswith", "a|c", "abc", True),
        ("field|re|endswith", "a|b", "abc", False),
        ("field|re|endswith", "b.", "abc", True),
        ("field|re|contains", "b", "abc", True),
    ],
)
def test_regular_expressions_are_looked_for_anywhere_and_mind_the_case(key, pattern, value, holds):
    """Flags: i ignores case, m lets ^ and $ stop at lines, s lets the dot match line ends."""
    assert matches(key, pattern, {"field": value}) is holds


@pytest.mark.parametrize(
    ("network", "value", "holds"),
    [
        ("10.0.0.0/8", "10.255.0.1", True),
        ("10.0.0.0/8", "11.0.0.1", False),
        ("192.168.1.7/32", "192.168.1.7", True),
        ("0.0.0.0/0", "8.8.8.8", True),
        ("0.0.0.0/0", "::1", False),
        ("10.0.0.0/8", "::ffff:10.0.0.1", True),
        ("fe80::/10", "FE80::1", True),
        ("fe80::/10", "fe80::1%12", True),
        ("fe80::/10", "2001:db8::1", False),
        ("::/0", "10.0.0.1", False),
        ("10.0.0.0/8", "10.0.0", False),
        ("10.0.0.0/8", "10.0.0.1:80", False),
        ("10.0.0.0/8", "localhost", False),
        ("10.0.0.0/8", "", False),
        ("10.0.0.0/8", 167772161, False),
        ("10.0.0.0/8", None, False),
        (["10.0.0.0/8", "127.0.0.0/8"], "127.0.0.1", True),
        ("10.0.0.0/8", ["x", "10.0.0.1"], True),
    ],
)
def test_an_address_lies_in_a_network(network, value, holds):
    """cidr: IPv4 and IPv6; what is no address lies in none."""
    assert matches("field|cidr", network, {"field": value}) is holds


@pytest.mark.parametrize(
    ("key", "number", "value", "holds"),
    [
        ("field|lt", 10, 9, True),
        ("field|lt", 10, 10, False),
        ("field|lte", 10, 10, True),
        ("field|gt", 10, 10, False),
        ("field|gt", 10, 10.5, True),
        ("field|gte", 10, 10, True),
        ("field|gte", 10, "10", True),
        ("field|gte", 10, "9.99", False),
        ("field|gt", 1.5, "1.6e0", True),
        ("field|gt", -5, "-4", True),
        ("field|lt", 10, "nine", False),
        ("field|lt", 10, "", False),
        ("field|lt", 10, " 9", False),
        ("field|lt", 10, "1_0", False),
        ("field|lt", 10, "-inf", False),
        ("field|lt", 10, "nan", False),
        ("field|lt", 10, "٣", False),
        ("field|lt", 10, "1" * 500, False),
        ("field|gt", 10, "1" * 300, True),
        ("field|lt", 10, True, False),
        ("field|lt", 10, None, False),
        ("field|lt", 10, [20, 5], True),
        ("field|gt", 10, float("inf"), True),
        ("field|gt", 10, float("nan"), False),
        ("field|gt", 9007199254740992, 9007199254740993, True),
        ("field|gt", 9007199254740993, 9007199254740993, False),
        ("field|gt", 9007199254740993, 9007199254740994, True),
    ],
)
def test_numbers_are_compared_as_numbers(key, number, value, holds):
    """lt, lte, gt, gte: texts that read as numbers count, booleans do not, integers stay exact."""
    assert matches(key, number, {"field": value}) is holds


@pytest.mark.parametrize(
    ("key", "wanted", "value", "holds"),
    [
        ("field|minute", 42, "2026-11-21T18:42:03Z", True),
        ("field|hour", 18, "2026-11-21 18:42:03.123", True),
        ("field|hour", 18, "2026-11-21T18:42:03.1234567+05:00", True),
        ("field|hour", 13, "2026-11-21T18:42:03+05:00", False),
        ("field|hour|gte", 18, "2026-11-21T18:42:03Z", True),
        ("field|hour|lt", 18, "2026-11-21T18:42:03Z", False),
        ("field|day", 21, "2026-11-21T18:42:03Z", True),
        ("field|week", 47, "2026-11-21T18:42:03Z", True),
        ("field|week", 53, "2027-01-01T00:00:00Z", True),
        ("field|month", 11, "2026-11-21T18:42:03Z", True),
        ("field|year", [2025, 2026], "2026-11-21", True),
        ("field|hour", 18, 1795286523, True),
        ("field|hour", 18, 1795286523000, True),
        ("field|hour", 18, 1795286523000000.0, True),
        ("field|year", 2026, "yesterday", False),
        ("field|year", 2026, "2026", False),
        ("field|year", 1970, True, False),
        ("field|year", 2026, None, False),
        ("field|year", 2026, 10**400, False),
        ("field|year", 2026, float("inf"), False),
        ("field|year", 2026, float("nan"), False),
    ],
)
def test_parts_of_times(key, wanted, value, holds):
    """minute, hour, day, week (ISO), month, year, as the event wrote them; numbers are since 1970, UTC."""
    assert matches(key, wanted, {"field": value}) is holds


@pytest.mark.parametrize(
    ("key", "wanted", "value", "holds"),
    [
        ("field|base64", "foobar", "Zm9vYmFy", True),
        ("field|base64|contains", "foobar", "-enc Zm9vYmFy ==", True),
        ("field|base64offset|contains", "foobar", "Zm9vYmFy", True),
        ("field|base64offset|contains", "foobar", "eGZvb2Jhcg==", True),
        ("field|base64offset|contains", "foobar", "eHhmb29iYXI=", True),
        ("field|base64offset|contains", "foobar", "Zm9v", False),
        ("field|base64offset|contains|all", ["foo", "bar"], "Zm9vYmFy", True),
        ("field|wide|base64offset|contains", "ping", "cABpAG4AZwA=", True),
        ("field|utf16le|base64", "ping", "cABpAG4AZwA=", True),
        ("field|utf16be|base64", "ping", "AHAAaQBuAGc=", True),
        ("field|utf16|base64", "ping", "//5wAGkAbgBnAA==", True),
        ("field|wide", "ab", "a\0b\0", True),
        ("field|windash|contains", " -f ", "x /f y", True),
        ("field|windash|contains", " -f ", "x \u2013f y", True),
        ("field|windash|contains", " -f ", "x \u2014F y", True),
        ("field|windash|contains", " -f ", "x \u2015f y", True),
        ("field|windash|contains", " -f ", "x f y", False),
        ("field|windash|contains|all", ["-a", "-b"], "/a /b", True),
        ("field|windash|contains|all", ["-a", "-b"], "/a /c", False),
        ("field|cased|windash|contains", "-F", "/f", False),
        ("field|cased|windash|contains", "-F", "/F", True),
    ],
)
def test_values_that_are_encoded_or_spelled_otherwise(key, wanted, value, holds):
    """base64, base64offset, UTF-16 and windash; what one value becomes is an or, also under all."""
    assert matches(key, wanted, {"field": value}) is holds


@pytest.mark.parametrize(
    ("key", "event", "holds"),
    [
        ("a|fieldref", {"a": "X", "b": "x"}, True),
        ("a|fieldref", {"a": "x", "b": "y"}, False),
        ("a|fieldref", {"a": 5, "b": "5"}, True),
        ("a|fieldref", {"a": None, "b": None}, False),
        ("a|fieldref", {"a": "x"}, False),
        ("a|fieldref", {"b": "x"}, False),
        ("a|fieldref", {"a": ["x", "y"], "b": ["z", "Y"]}, True),
        ("a|fieldref|startswith", {"a": "xyz", "b": "XY"}, True),
        ("a|fieldref|startswith", {"a": "xyz", "b": "yz"}, False),
        ("a|fieldref|endswith", {"a": "xyz", "b": "YZ"}, True),
        ("a|fieldref|contains", {"a": "xyz", "b": "y"}, True),
        ("a|fieldref|neq", {"a": "x", "b": "X"}, False),
        ("a|fieldref|neq", {"a": "x", "b": "z"}, True),
        ("a|fieldref|neq", {}, True),
    ],
)
def test_a_field_is_compared_with_another(key, event, holds):
    """fieldref, with the place where the other's value stands."""
    assert matches(key, "b", event) is holds


NOTHING: list[Event] = [{}, {"field": None}, {"field": []}, {"field": [None, []]}]
SOMETHING: list[Event] = [
    {"field": ""},
    {"field": 0},
    {"field": False},
    {"field": [None, "x"]},
    {"field": {"a": 1}},
]


@pytest.mark.parametrize(
    ("key", "wanted", "when_nothing"),
    [
        ("field", None, True),
        ("field", [], True),
        ("field", "*", False),
        ("field", "**", False),
        ("field|contains", "*", False),
        ("field|exists", True, False),
        ("field|exists", False, True),
    ],
)
def test_a_field_that_is_missing_null_or_an_empty_list_has_no_value(key, wanted, when_nothing):
    """null and exists: false ask for none; a lone * and exists: true for any, be it empty or zero."""
    assert [matches(key, wanted, event) for event in NOTHING] == [when_nothing] * len(NOTHING)
    assert [matches(key, wanted, event) for event in SOMETHING] == [not when_nothing] * len(SOMETHING)


@pytest.mark.parametrize("event", NOTHING)
@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("field", "x"),
        ("field|re", ".*"),
        ("field|cidr", "::/0"),
        ("field|lt", 5),
        ("field|hour", 5),
        ("field|fieldref", "field"),
    ],
)
def test_what_is_false_on_a_field_without_value_is_true_negated(event, key, wanted):
    """A comparison with nothing is false, so `not` of it is true: two truth values, never three."""
    assert not fires({"selection": {key: wanted}}, event)
    assert fires({"selection": {key: wanted}}, event, "not selection")


@pytest.mark.parametrize(
    ("wanted", "value", "holds"),
    [
        (4688, 4688, True),
        (4688, "4688", True),
        ("4688", 4688, True),
        ("46*", 4688, True),
        (4688, 4688.0, True),
        (4688, "04688", False),
        (4688, 46880, False),
        (4688.0, 4688, True),
        (1.5, 1.5, True),
        (1.5, "1.5", True),
        (-1, -1, True),
        (True, True, True),
        (True, "True", True),
        (True, "TRUE", True),
        ("true", True, True),
        ("True", True, True),
        (False, "false", True),
        (True, False, False),
        (True, 1, False),
        (1, True, False),
        (0, False, False),
        ("1", True, False),
        (0, "", False),
        (0, None, False),
        (9007199254740993, 9007199254740993, True),
        (9007199254740993, "9007199254740993", True),
        (9007199254740993, 9007199254740992, False),
        (18446744073709551615, 18446744073709551615, True),
    ],
)
def test_numbers_booleans_and_texts_meet_as_text(wanted, value, holds):
    """4688 is "4688" and true is "true"; but 1 is not true, and no integer is rounded."""
    assert matches("field", wanted, {"field": value}) is holds


@pytest.mark.parametrize(
    ("key", "wanted", "event", "holds"),
    [
        ("field", "b", {"field": ["a", "B"]}, True),
        ("field", "b", {"field": [["a"], ["b"]]}, True),
        ("field", "a", {"field": []}, False),
        ("field", ["a", "b"], {"field": ["x", "b"]}, True),
        ("field|contains|all", ["a", "b"], {"field": ["xa", "bx"]}, True),
        ("field|neq", "b", {"field": ["a", "b"]}, False),
        ("a.b", "x", {"a.b": "x"}, True),
        ("a.b", "x", {"a": {"b": "X"}}, True),
        ("a.b.c", "x", {"a": {"b": {"c": "x"}}}, True),
        ("a.b.c", "x", {"a.b": {"c": "x"}}, True),
        ("a.b.c", "x", {"a": {"b.c": "x"}}, True),
        ("a.b", "x", {"a.b": "y", "a": {"b": "x"}}, False),
        ("a.b", None, {"a.b": None, "a": {"b": "x"}}, True),
        ("a.b", "x", {"a": [{"b": "y"}, {"b": "x"}]}, True),
        ("a.b", "x", {"a": [[{"b": ["x"]}]]}, True),
        ("a.b", "x", {"a": "x"}, False),
        ("a", "x", {"a": {"b": "x"}}, False),
        ("a", "*", {"a": {"b": "x"}}, True),
        ("Field", "x", {"field": "x"}, False),
        ("a b", "x", {"a b": "x"}, True),
    ],
)
def test_lists_and_nested_objects(key, wanted, event, holds):
    """Any element will do; a dotted name is a flat key or, failing that, the way into objects and lists."""
    assert matches(key, wanted, event) is holds


@pytest.mark.parametrize(
    ("keywords", "event", "holds"),
    [
        ("evil", {"a": "so EVIL indeed"}, True),
        ("evil", {"evil": "names do not count"}, False),
        ("evil", {"a": {"b": [1, {"c": "evil"}]}}, True),
        ("evil", {}, False),
        (["x", "evil"], {"a": "evil"}, True),
        ("a*c", {"f": "xxabcxx"}, True),
        ("a?c", {"f": "xxacxx"}, False),
        (4625, {"EventID": 4625}, True),
        (4625, {"Message": "event 4625 came"}, True),
        ("4625", {"EventID": 4625}, True),
        (True, {"Active": True}, True),
        ({"|all": ["x", "y"]}, {"a": "x", "b": "y"}, True),
        ({"|all": ["x", "y"]}, {"a": "x", "b": "z"}, False),
        ({"|re": "^e.il$"}, {"a": "evil"}, True),
        ({"|re": "^e.il$"}, {"a": "evil!"}, False),
        ({"|contains": "evil"}, {"a": "devils"}, True),
        ({"|startswith": "evil"}, {"a": "devil"}, False),
        ({"|startswith": "evil"}, {"a": "evils"}, True),
        ({"|cased": "Evil"}, {"a": "devil"}, False),
        ({"|cidr": "10.0.0.0/8"}, {"a": "10.1.1.1"}, True),
        ({"|base64offset|contains": "foobar"}, {"a": "eGZvb2Jhcg=="}, True),
    ],
)
def test_keywords_are_looked_for_inside_every_value(keywords, event, holds):
    """Without a field: any value of the event has it somewhere inside, whatever its case and depth."""
    assert fires({"selection": keywords}, event) is holds


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("a", True),
        ("not a", False),
        ("not not a", True),
        ("a and x", False),
        ("a or x", True),
        ("a and not x", True),
        ("a or x and y", True),
        ("(a or x) and y", False),
        ("1 of them", True),
        ("any of them", True),
        ("all of them", False),
        ("1 of x*", False),
        ("1 of sel_*", True),
        ("all of sel_*", False),
        ("all of *_one", True),
        ("not 1 of x*", True),
        (["x", "y"], False),
        (["x", "a"], True),
        ("notepad", True),
        ("sel-dash and a", True),
    ],
)
def test_conditions(condition, holds):
    """and binds tighter than or; several conditions are alternatives; `them` leaves out names with a `_`."""
    detection = {
        "a": {"f": 1},
        "x": {"f": 2},
        "y": {"f": 3},
        "sel_one": {"f": 1},
        "sel_two": {"f": 2},
        "notepad": {"f": 1},
        "sel-dash": {"f": 1},
        "_hidden": {"f": 2},
    }
    assert fires(detection, {"f": 1}, condition) is holds


def test_them_leaves_out_what_begins_with_an_underscore():
    """`all of them` holds although the hidden one does not."""
    assert fires({"a": {"f": 1}, "_b": {"f": 2}}, {"f": 1}, "all of them")


@pytest.mark.parametrize(
    ("selection", "event", "holds"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ([{"a": 1}, {"b": 2}], {"b": 2}, True),
        ([{"a": 1, "b": 1}, {"b": 2}], {"a": 1, "b": 3}, False),
        ([{"a": 1}, "word"], {"m": "a word"}, True),
        ([[{"a": 1}], {"b": 2}], {"a": 1}, True),
        ({"a": ["x", None]}, {}, True),
        ({"a": ["x", ""]}, {"a": ""}, True),
        ({"a": ["x", 5, True]}, {"a": "TRUE"}, True),
    ],
)
def test_maps_are_and_lists_are_or(selection, event, holds):
    """Items of a map all hold; of a list one does, be it maps, words or values."""
    assert fires({"selection": selection}, event) is holds


def test_a_placeholder_becomes_the_values_that_were_given():
    """`|expand` with values is the list of them, wildcards of the rule included."""
    text = rule_text({"selection": {"user|expand": "%admins%"}})
    holds = matcher(rule_of(text, {"admins": ["root", "boss*"]}).condition)
    assert [holds(Reading({"user": user})) for user in ("ROOT", "boss*", "joe")] == [True, True, False]
