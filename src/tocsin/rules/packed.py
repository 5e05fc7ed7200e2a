"""A rule set as bytes and back, for the cache: plain data that is checked as it is read, never code.

Conditions are taken apart into tables, one per kind of atom and one for what links them. A node is a number:
atoms are counted first, table after table, then the links, each after what it links. Equal nodes are one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from itertools import accumulate
from typing import Any, Literal, assert_never, get_type_hints

import msgspec

from tocsin.rules.ir import (
    And,
    Atom,
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
from tocsin.rules.rule import Rule, RuleReport, RuleSet

_WILD = {Wild.MANY: 0, Wild.ONE: 1}
_WILD_BACK = (Wild.MANY, Wild.ONE)

_Piece = str | Literal[0, 1]
_LinkKind = Literal["and", "or", "not", "selection"]


class _Tables(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    texts: list[tuple[str | None, tuple[_Piece, ...], bool]]
    regexes: list[tuple[str | None, str, str]]
    cidrs: list[tuple[str | None, str]]
    compares: list[tuple[str | None, Op, str, TimePart | None]]
    presents: list[tuple[str]]
    references: list[tuple[str, str, bool, bool, bool]]
    links: list[tuple[_LinkKind, str, tuple[int, ...]]]


_HINTS = get_type_hints(Rule)
_FIELDS = tuple(item.name for item in fields(Rule))

_PackedRule: Any = msgspec.defstruct(
    "_PackedRule",
    [(name, int if name == "condition" else _HINTS[name]) for name in _FIELDS],
    array_like=True,
    forbid_unknown_fields=True,
)
"""A rule with the number of its condition; derived, so that a new field of a rule is not forgotten."""

_DECODER: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    tuple[_Tables, list[_PackedRule], tuple[RuleReport, ...], str]
)


def packed(found: RuleSet) -> bytes:
    """Return a rule set as bytes."""
    folding = _Folding()
    roots = [folding.add(rule.condition) for rule in found.rules]
    number = folding.numbers()
    rules = []
    for rule, root in zip(found.rules, roots, strict=True):
        values = {name: getattr(rule, name) for name in _FIELDS}
        rules.append(_PackedRule(**{**values, "condition": number(root)}))
    return msgspec.msgpack.encode((folding.tables(), rules, found.report, found.revision))


def unpacked(blob: bytes) -> RuleSet | None:
    """Return the rule set that `packed` made bytes of; None when they are anything else."""
    try:
        tables, rules, report, revision = _DECODER.decode(blob)
        nodes = _nodes(tables)
        return RuleSet(tuple(_rule(rule, nodes) for rule in rules), report, revision)
    except (msgspec.MsgspecError, ValueError):
        return None


_KINDS = ("texts", "regexes", "cidrs", "compares", "presents", "references", "links")

_Place = tuple[str, int]
"""A table and a row in it."""


@dataclass(slots=True)
class _Folding:
    """The tables as they grow; equal rows are one."""

    rows: dict[str, dict[tuple[Any, ...], int]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})

    def add(self, node: Node) -> _Place:
        """Return where a node's row is."""
        match node:
            case And() | Or():
                kind = "and" if isinstance(node, And) else "or"
                return self._row("links", (kind, "", tuple(self.add(child) for child in node.nodes)))
            case Not():
                return self._row("links", ("not", "", (self.add(node.node),)))
            case Selection():
                return self._row("links", ("selection", node.name, (self.add(node.node),)))
            case _:
                return self._row(*_row_of(node))

    def _row(self, kind: str, row: tuple[Any, ...]) -> _Place:
        table = self.rows[kind]
        return kind, table.setdefault(row, len(table))

    def numbers(self) -> Callable[[_Place], int]:
        """Return the function that gives every row its number over all tables."""
        starts = dict(
            zip(_KINDS, accumulate((len(self.rows[kind]) for kind in _KINDS), initial=0), strict=False)
        )
        return lambda place: starts[place[0]] + place[1]

    def tables(self) -> _Tables:
        """Return the tables with numbers in the place of rows."""
        number = self.numbers()
        links = [(kind, name, tuple(map(number, places))) for kind, name, places in self.rows["links"]]
        return _Tables(**{**{kind: list(rows) for kind, rows in self.rows.items()}, "links": links})


def _row_of(atom: Atom) -> tuple[str, tuple[Any, ...]]:
    match atom:
        case Text():
            pieces = tuple(part if isinstance(part, str) else _WILD[part] for part in atom.parts)
            return "texts", (atom.field, pieces, atom.cased)
        case Regex():
            return "regexes", (atom.field, atom.pattern, atom.flags)
        case Cidr():
            return "cidrs", (atom.field, str(atom.network))
        case Compare():
            return "compares", (atom.field, atom.op, repr(atom.number), atom.part)
        case Present():
            return "presents", (atom.field,)
        case Reference():
            return "references", (atom.field, atom.other, atom.starts, atom.ends, atom.cased)
        case _:
            assert_never(atom)


def _nodes(tables: _Tables) -> list[Node]:
    """Return all nodes by their numbers.

    Raises:
        ValueError: a row is not what `_Folding` makes.
    """
    nodes: list[Node] = [
        Text(name, tuple([p if isinstance(p, str) else _WILD_BACK[p] for p in pieces]), cased)
        for name, pieces, cased in tables.texts
    ]
    nodes += [Regex(*row) for row in tables.regexes]
    nodes += [Cidr(name, ip_network(network)) for name, network in tables.cidrs]
    nodes += [Compare(name, op, _number(text), part) for name, op, text, part in tables.compares]
    nodes += [Present(*row) for row in tables.presents]
    nodes += [Reference(*row) for row in tables.references]
    for kind, name, numbers in tables.links:
        if not numbers or min(numbers) < 0 or max(numbers) >= len(nodes):
            raise ValueError("a link to nothing")
        children = tuple([nodes[number] for number in numbers])
        if kind == "and":
            nodes.append(And(children))
        elif kind == "or":
            nodes.append(Or(children))
        else:
            nodes.append(Not(children[0]) if kind == "not" else Selection(name, children[0]))
    return nodes


def _number(text: str) -> int | float:
    """Return a number from its text, which has no bound and tells 1 from 1.0."""
    return int(text) if text.lstrip("-").isdecimal() else float(text)


def _rule(row: Any, nodes: list[Node]) -> Rule:  # noqa: ANN401 - a struct made at run time has no name
    values = msgspec.structs.asdict(row)
    if not 0 <= row.condition < len(nodes):
        raise ValueError("a condition that is not there")
    return Rule(**{**values, "condition": nodes[row.condition]})
