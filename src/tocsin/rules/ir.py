"""The condition of a rule as a small tree of and, or, not over atoms: what every matcher evaluates.

Every atom reads one field, or, when its field is None (Sigma's keywords), every value of the event. A field's
*values* are its scalars: lists are flattened and nulls left out, so that a field which is missing, null or an
empty list has none. An atom holds when at least one value satisfies it; thus an atom on a field without
values is false, and `Not` of it is true.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import assert_never


class Wild(Enum):
    """A wildcard in a literal."""

    MANY = "*"
    """Any characters, also none, also line ends."""
    ONE = "?"
    """Exactly one character, whatever it is."""

    __hash__ = object.__hash__  # an enumeration's own is Python code, and atoms are hashed again and again


Part = str | Wild


@dataclass(frozen=True, slots=True)
class Text:
    """A value's text is this literal.

    Attributes:
        parts: plain pieces and wildcards in turn, as pySigma parsed them; none is the empty string.
        cased: compare letters as they are, not folded.
    """

    field: str | None
    parts: tuple[Part, ...]
    cased: bool = False


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression is found somewhere in a value's text.

    Attributes:
        flags: those of `i`, `m` and `s` that are set, sorted.
    """

    field: str | None
    pattern: str
    flags: str = ""


@dataclass(frozen=True, slots=True)
class Cidr:
    """A value is an address inside a network. An IPv4-mapped IPv6 address counts as the IPv4 one."""

    field: str | None
    network: IPv4Network | IPv6Network


class Op(StrEnum):
    """How two numbers are compared."""

    EQ = "="
    LT = "<"
    LTE = "<="
    GT = ">"
    GTE = ">="


class TimePart(StrEnum):
    """A part of a time; the week is ISO 8601's."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Compare:
    """A value that is a number, or a text that reads as one, stands in this relation to a number.

    Attributes:
        part: when set, values are times and this part of them is compared, in the time zone in which the
            event wrote them (UTC for a number of seconds or milliseconds since 1970).
    """

    field: str | None
    op: Op
    number: int | float
    part: TimePart | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """The field has a value: something that is neither null nor an empty list."""

    field: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A value of the field equals, begins with, ends with, or (both) contains a value of another field."""

    field: str
    other: str
    starts: bool = False
    ends: bool = False
    cased: bool = False


Atom = Text | Regex | Cidr | Compare | Present | Reference


@dataclass(frozen=True, slots=True)
class And:
    """All of these hold."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of these holds."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """This does not hold."""

    node: Node


@dataclass(frozen=True, slots=True)
class Selection:
    """What a rule calls by a name; it holds when its node does."""

    name: str
    node: Node


Node = And | Or | Not | Selection | Atom


def fold(text: str) -> str:
    """Return the text as it is compared when case does not matter: the only place where that is said.

    Both the literal and the event's value are folded whole, so `?` is one character of the folded value
    (of all characters only U+0130 folds to two).
    """
    return text.lower()


def atoms(node: Node) -> tuple[Atom, ...]:
    """Return the atoms of a tree from left to right."""
    match node:
        case And() | Or():
            return tuple(atom for child in node.nodes for atom in atoms(child))
        case Not() | Selection():
            return atoms(node.node)
        case Text() | Regex() | Cidr() | Compare() | Present() | Reference():
            return (node,)
        case _:
            assert_never(node)


def depth(node: Node) -> int:
    """Return how many nodes lie on the longest way from the root to an atom; without recursion."""
    deepest = 0
    waiting: list[tuple[Node, int]] = [(node, 1)]
    while waiting:
        found, level = waiting.pop()
        deepest = max(deepest, level)
        match found:
            case And() | Or():
                waiting += [(child, level + 1) for child in found.nodes]
            case Not() | Selection():
                waiting.append((found.node, level + 1))
    return deepest


def joined(kind: type[And | Or], nodes: tuple[Node, ...]) -> Node:
    """Return the nodes linked by `kind`, or the only one of them as it is."""
    return nodes[0] if len(nodes) == 1 else kind(nodes)
