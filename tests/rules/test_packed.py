"""A rule set as bytes: what comes back is what went in, and nothing is believed that is not one."""

from dataclasses import fields, replace
from ipaddress import ip_network

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpora import corpus
from tests.rules.texts import rule_of, rule_text
from tocsin.model import Label, Level
from tocsin.rules import Rule, RuleReport, RuleSet, Status, read_rules
from tocsin.rules.ir import (
    And,
    Cidr,
    Compare,
    Node,
    Not,
    Op,
    Or,
    Present,
    Reference,
    Regex,
    Selection,
    Text,
    TimePart,
    Wild,
)
from tocsin.rules.packed import packed, unpacked

RULE = rule_of(rule_text({"selection": {"a": 1}}))

NAMES = st.text(max_size=5)
FIELDS = st.none() | NAMES
ATOMS = st.one_of(
    st.builds(Text, FIELDS, st.lists(NAMES | st.sampled_from(Wild), max_size=4).map(tuple), st.booleans()),
    st.builds(Regex, FIELDS, NAMES, st.sampled_from(["", "i", "ims"])),
    st.builds(Cidr, FIELDS, st.sampled_from([ip_network("10.0.0.0/8"), ip_network("fe80::/10")])),
    st.builds(
        Compare,
        FIELDS,
        st.sampled_from(Op),
        st.integers() | st.floats(allow_nan=False),
        st.none() | st.sampled_from(TimePart),
    ),
    st.builds(Present, NAMES),
    st.builds(Reference, NAMES, NAMES, st.booleans(), st.booleans(), st.booleans()),
)
NODES: st.SearchStrategy[Node] = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Selection, NAMES, inner),
    ),
    max_leaves=20,
)


def set_of(*nodes: Node) -> RuleSet:
    return RuleSet(tuple(replace(RULE, condition=node) for node in nodes), (), "revision")


@given(nodes=st.lists(NODES, max_size=3))
def test_conditions_come_back_as_they_were(nodes):
    """Every kind of atom and link, however they are nested and whatever they share."""
    assert unpacked(packed(set_of(*nodes))) == set_of(*nodes)


def test_every_field_of_a_rule_comes_back():
    """Also one that is added some day: all are set to something else than their default."""
    rule = Rule(
        id="id",
        title="title",
        level=Level.HIGH,
        logsource=RULE.logsource,
        condition=Present("a"),
        revision="revision",
        path="path",
        line=7,
        name="name",
        status="test",
        description="says more",
        author="author",
        tags=("attack.t1059",),
        tactics=("TA0002",),
        techniques=("T1059",),
        label=Label("TA0002", "T1059"),
        false_positives=("admins",),
        references=("reference",),
        notices=("notice",),
    )
    assert all(getattr(rule, item.name) not in ("", (), None) for item in fields(Rule))
    report = (RuleReport(Status.INVALID, None, "title", "path", 3, "reason"),)
    assert unpacked(packed(RuleSet((rule,), report, "r"))) == RuleSet((rule,), report, "r")


def test_numbers_keep_their_kind():
    """1 and 1.0 are equal in Python and two numbers in a rule, as are 0.0 and -0.0."""
    nodes = [Compare("a", Op.EQ, number) for number in (1, 1.0, -0.0, 10**30)]
    back = unpacked(packed(set_of(*nodes)))
    assert back is not None
    numbers = [rule.condition.number for rule in back.rules if isinstance(rule.condition, Compare)]
    assert list(map(repr, numbers)) == ["1", "1.0", "-0.0", str(10**30)]


@settings(max_examples=300)
@given(data=st.data())
def test_other_bytes_are_no_rule_set(data):
    """Whatever stands in the place of the bytes, it is refused or it is a rule set; nothing else happens."""
    whole = packed(set_of(And((Present("a"), Not(Text("b", ("x",)))))))
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255))
    found = unpacked(whole[:at] + bytes([byte]) + whole[at + 1 :])
    assert found is None or isinstance(found, RuleSet)
    assert unpacked(whole[:at]) is None
    assert unpacked(data.draw(st.binary(max_size=50))) is None


@pytest.mark.parametrize(
    "links", [[("not", "", [1])], [("not", "", [-1])], [("and", "", [])], [("xor", "", [0])]]
)
def test_a_link_to_nothing_is_refused(links):
    """A node may link only what stands before it, so there is no way round in a circle."""
    tables, rules, report, revision = msgspec.msgpack.decode(packed(set_of(Present("a"))))
    tables[6] = links
    assert unpacked(msgspec.msgpack.encode((tables, rules, report, revision))) is None


def test_equal_nodes_are_one():
    """A set of thousands of rules shares what they have in common."""
    back = unpacked(packed(set_of(Text("a", ("x",)), And((Text("a", ("x",)), Present("b"))))))
    assert back is not None
    condition = back.rules[1].condition
    assert isinstance(condition, And)
    assert condition.nodes[0] is back.rules[0].condition


def test_all_of_sigmahq_comes_back():
    """Rules, report and revision."""
    found = read_rules([corpus("sigmahq/sigmahq-rules.zip")])
    assert unpacked(packed(found)) == found
