"""A rule's condition in words, for people who read `rules show` or an explanation."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.rules.ir import (
    And,
    Cidr,
    Compare,
    Node,
    Not,
    Or,
    Part,
    Present,
    Reference,
    Regex,
    Selection,
    Text,
    Wild,
)

_INDENT = "  "


def in_words(node: Node) -> str:
    """Return what has to hold, one thing a line; what belongs together is indented."""
    return "\n".join(_lines(node))


def _lines(node: Node) -> Iterator[str]:
    match node:
        case And() | Or():
            kind = "all of" if isinstance(node, And) else "any of"
            alike = _alike(node)
            if alike:
                yield f"{alike} {kind}:"
                yield from (f"{_INDENT}{_literal(c.parts)}" for c in node.nodes if isinstance(c, Text))
            else:
                yield f"{kind}:"
                for child in node.nodes:
                    yield from _indented(child)
        case Not(Present(field)):
            yield f"{field} is missing, null or an empty list"
        case Not():
            yield "not:"
            yield from _indented(node.node)
        case Selection():
            yield f"{node.name}:"
            yield from _indented(node.node)
        case _:
            yield _atom(node)


def _indented(node: Node) -> Iterator[str]:
    return (_INDENT + line for line in _lines(node))


def _alike(node: And | Or) -> str:
    """Return what the literals of a list have in common, such as `Image ends with`; empty if they differ."""
    if not all(isinstance(child, Text) for child in node.nodes):
        return ""
    common = {_subject(child) for child in node.nodes if isinstance(child, Text)}
    return common.pop() if len(common) == 1 else ""


def _atom(atom: Text | Regex | Cidr | Compare | Present | Reference) -> str:
    match atom:
        case Text():
            return f"{_subject(atom)} {_literal(atom.parts)}"
        case Regex():
            return f"{_name(atom.field)} matches /{atom.pattern}/{atom.flags}"
        case Cidr():
            return f"{_name(atom.field)} is an address in {atom.network}"
        case Compare():
            part = f"the {atom.part} of " if atom.part else ""
            return f"{part}{_name(atom.field)} {atom.op} {atom.number}"
        case Present():
            return f"{atom.field} has a value"
        case Reference():
            how = _VERBS[atom.starts, atom.ends]
            return f"{atom.field} {how} the value of {atom.other}"


_VERBS = {
    (False, False): "is",
    (True, False): "begins with",
    (False, True): "ends with",
    (True, True): "contains",
}


def _subject(atom: Text) -> str:
    exactly = " exactly" if atom.cased else ""
    if Wild.ONE in atom.parts or Wild.MANY in atom.parts[1:-1]:
        how = "looks like"
    else:
        how = _VERBS[atom.parts[-1:] == (Wild.MANY,), atom.parts[:1] == (Wild.MANY,)]
    return f"{_name(atom.field)} {how}{exactly}"


def _name(field: str | None) -> str:
    return "any field" if field is None else field


def _literal(parts: tuple[Part, ...]) -> str:
    """Return the literal in quotes; its wildcards are shown only where the verb does not say them."""
    inner = parts
    if Wild.ONE not in parts and Wild.MANY not in parts[1:-1]:
        inner = tuple(part for part in parts if isinstance(part, str))
    return "'" + "".join(part.value if isinstance(part, Wild) else part for part in inner) + "'"
