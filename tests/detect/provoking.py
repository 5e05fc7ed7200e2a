"""Builds events on which a rule fires, out of the rule's own atoms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import islice, product
from re import _constants as ops  # type: ignore[attr-defined]  # Python's own parser has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from tests.decode.events import nxlog
from tocsin.decode.logsources import service, services
from tocsin.model import LogSource
from tocsin.rules import Rule
from tocsin.rules.ir import (
    And,
    Atom,
    Cidr,
    Compare,
    Node,
    Not,
    Op,
    Or,
    Part,
    Present,
    Reference,
    Regex,
    Selection,
    Text,
    Wild,
)

Wishes = tuple[Atom, ...]
"""Atoms that are to hold together."""


def records_for(rule: Rule, most: int = 12) -> Iterator[dict[str, Any]]:
    """Yield records on some of which the rule fires, as NXLog would send them; at most so many."""
    channel, number = place_of(rule.logsource)
    for wishes in islice(ways(rule.condition), most):
        fields = fields_for(wishes)
        own = {name: value for name, value in fields.items() if name not in {"EventID", "Channel"}}
        event_id = str(fields.get("EventID", number))
        yield nxlog(
            int(event_id) if event_id.isdecimal() else number, str(fields.get("Channel", channel)), **own
        )


def place_of(source: LogSource) -> tuple[str, int]:
    """Return a channel and an event id that events of a log source have."""
    for name in sorted(services()):
        log = service(name)
        if source.service and name != source.service.lower():
            continue
        if not source.category:
            return (log.name, 1) if source.service else ("Application", 1)
        for number, own in sorted(log.sources.items()):
            if own.category == source.category.lower():
                return log.name, number
    number = {"registry_event": 13, "file_event": 11}.get(source.category or "", 1)
    return "Microsoft-Windows-Sysmon/Operational", number


def ways(node: Node) -> Iterator[Wishes]:
    """Yield ways to make a node hold; what is negated is left to luck."""
    match node:
        case And():
            for choice in product(*(list(islice(ways(child), 4)) for child in node.nodes)):
                yield tuple(atom for wishes in choice for atom in wishes)
        case Or():
            for child in node.nodes:
                yield from islice(ways(child), 4)
        case Selection():
            yield from ways(node.node)
        case Not():
            yield ()
        case _:
            yield (node,)


def fields_for(wishes: Wishes) -> dict[str, Any]:
    """Return fields in which the atoms hold, if they do not contradict one another."""
    by_field: dict[str, list[Atom]] = {}
    for atom in wishes:
        by_field.setdefault(atom.field or "Message", []).append(atom)
    found: dict[str, Any] = {field: value_for(atoms) for field, atoms in by_field.items()}
    for atom in wishes:
        if isinstance(atom, Reference):
            found[atom.other] = found.get(atom.other) or "same"
            found[atom.field] = found[atom.other]
    return found


def value_for(atoms: list[Atom]) -> str:
    """Return a text in which the atoms hold: the start of one, all that may stand inside, the end of one."""
    start, end, inner = "", "", []
    for atom in atoms:
        match atom:
            case Text(parts=parts):
                text = "".join(
                    "x" if part is Wild.ONE else "" if part is Wild.MANY else part for part in parts
                )
                if _is_open(parts, 0) and _is_open(parts, -1):
                    inner.append(text)
                elif _is_open(parts, -1):
                    start = max(start, text, key=len)
                elif _is_open(parts, 0):
                    end = max(end, text, key=len)
                else:
                    return text
            case Regex(pattern=pattern):
                inner.append(sample(pattern))
            case Cidr(network=network):
                return str(network.network_address + (1 if isinstance(network, IPv4Network) else 0))
            case Compare(op=op, number=number):
                return str(number + {Op.GT: 1, Op.LT: -1}.get(op, 0))
            case Present():
                inner.append("-")
            case _:
                pass
    return start + " ".join(inner) + end


def _is_open(parts: tuple[Part, ...], index: int) -> bool:
    return bool(parts) and parts[index] is Wild.MANY


def sample(pattern: str) -> str:
    """Return a text that an expression is found in, for the plain ones that rules have."""
    try:
        return _sampled(parser.parse(pattern))
    except re.error:
        return ""


def _sampled(sequence: Any) -> str:
    text = ""
    for op, argument in sequence:
        if op is ops.LITERAL:
            text += chr(argument)
        elif op is ops.ANY or op is ops.NOT_LITERAL:
            text += "x"
        elif op is ops.IN:
            text += _one_of(argument)
        elif op in {ops.MAX_REPEAT, ops.MIN_REPEAT}:
            text += _sampled(argument[2]) * argument[0]
        elif op is ops.SUBPATTERN:
            text += _sampled(argument[-1])
        elif op is ops.BRANCH:
            text += _sampled(argument[1][0])
    return text


_KINDS = {ops.CATEGORY_DIGIT: "1", ops.CATEGORY_SPACE: " ", ops.CATEGORY_WORD: "w"}


def _one_of(members: Any) -> str:
    kind, argument = members[0]
    if kind is ops.NEGATE:
        return next(c for c in "x0 -\\:" if not re.fullmatch(_class(members), c))
    if kind is ops.RANGE:
        return chr(argument[0])
    return chr(argument) if kind is ops.LITERAL else _KINDS.get(argument, "-")


def _class(members: Any) -> str:
    inner = ""
    for kind, argument in members[1:]:
        if kind is ops.LITERAL:
            inner += re.escape(chr(argument))
        elif kind is ops.RANGE:
            inner += f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
        elif kind is ops.CATEGORY:
            inner += {ops.CATEGORY_DIGIT: r"\d", ops.CATEGORY_SPACE: r"\s", ops.CATEGORY_WORD: r"\w"}.get(
                argument, ""
            )
    return f"[{inner}]"
