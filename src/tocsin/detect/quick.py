"""Tests of what is left of conditions, event by event: the plain matcher's answers, sooner."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.detect.cheap import cheap_tester
from tocsin.detect.oracle import Matcher, Test, matcher
from tocsin.detect.reading import Reading
from tocsin.rules.ir import (
    And,
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
    atoms,
    fold,
)


def quick_matcher(node: Node) -> Matcher:
    """Return the function that says whether a node holds for an event, as `oracle.matcher` does."""
    match node:
        case And():
            return _all_of([quick_matcher(child) for child in sorted(node.nodes, key=_price)])
        case Or():
            return _any_of(_alternatives(node.nodes))
        case Not():
            inner = quick_matcher(node.node)
            return lambda reading: not inner(reading)
        case Selection():
            return quick_matcher(node.node)
        case Present() | Reference():
            return matcher(node)
        case _:
            return _of_field(node.field, [cheap_tester(node)])


def _price(node: Node) -> bool:
    """Say whether expressions have to be run."""
    return any(isinstance(atom, Regex) for atom in atoms(node))


def _all_of(tests: Sequence[Matcher]) -> Matcher:
    def holds(reading: Reading) -> bool:
        for test in tests:  # noqa: SIM110 - a generator takes three times as long
            if not test(reading):
                return False
        return True

    return holds


def _any_of(tests: Sequence[Matcher]) -> Matcher:
    def holds(reading: Reading) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(reading):
                return True
        return False

    return holds


def _alternatives(nodes: Sequence[Node]) -> list[Matcher]:
    """Return what says whether one of several nodes holds; the texts that a field may have make one test."""
    texts: dict[str | None, list[Text]] = {}
    rest: list[Node] = []
    for node in nodes:
        if isinstance(node, Text) and not node.cased:
            texts.setdefault(node.field, []).append(node)
        else:
            rest.append(node)
    found = [_of_field(field, _tests(some)) for field, some in texts.items()]
    return found + [quick_matcher(node) for node in sorted(rest, key=_price)]


def _of_field(field: str | None, tests: Sequence[Test]) -> Matcher:
    if len(tests) == 1:
        (only,) = tests

        def holds(reading: Reading) -> bool:
            for value in reading.values(field):  # noqa: SIM110 - as above
                if only(value):
                    return True
            return False

        return holds

    def one_holds(reading: Reading) -> bool:
        for value in reading.values(field):
            for test in tests:
                if test(value):
                    return True
        return False

    return one_holds


def _tests(texts: Sequence[Text]) -> list[Test]:
    """Return few tests that tell whether a value satisfies one of many texts without regard to case."""
    whole: set[str] = set()
    starts: list[str] = []
    ends: list[str] = []
    inner: list[str] = []
    found: list[Test] = []
    for atom in texts:
        match tuple(map(_folded, atom.parts)):
            case (str(literal),):
                whole.add(literal)
            case (str(literal), Wild.MANY):
                starts.append(literal)
            case (Wild.MANY, str(literal)):
                ends.append(literal)
            case (Wild.MANY, str(literal), Wild.MANY):
                inner.append(literal)
            case _:
                found.append(cheap_tester(atom))
    if whole:
        found.append(lambda value: value.folded in whole)
    if starts:
        found.append(_starting(tuple(starts)))
    if ends:
        found.append(_ending(tuple(ends)))
    if inner:
        found.append(lambda value: any(map(value.folded.__contains__, inner)))
    return found


def _starting(literals: tuple[str, ...]) -> Test:
    return lambda value: value.folded.startswith(literals)


def _ending(literals: tuple[str, ...]) -> Test:
    return lambda value: value.folded.endswith(literals)


def _folded(part: Part) -> Part:
    return part if isinstance(part, Wild) else fold(part)
