"""YAML text to rule documents that remember on which line each of their keys stands."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import yaml
from sigma.exceptions import SigmaError
from sigma.rule.base import check_alias_expansion

from tocsin.rules.files import RuleFile

Key = str | int
"""A mapping's key or a sequence's index."""


class Severity(StrEnum):
    """What a mistake means for its rule."""

    NOTICE = "notice"
    """The rule runs all the same."""
    UNSUPPORTED = "unsupported"
    """The rule is right, but cannot be evaluated here."""
    INVALID = "invalid"
    """The rule is wrong and has to be mended."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake in a rule file, with its line (from 1)."""

    line: int
    reason: str
    severity: Severity = Severity.INVALID


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document that is a mapping.

    Attributes:
        line: of its first key, from 1.
        text: its own text, with line feeds only; what revisions are hashed from.
        data: what it says, as plain values.
        node: where it says it.
    """

    path: str
    line: int
    text: str
    data: dict[str, Any]
    node: yaml.MappingNode

    def line_of(self, *keys: Key) -> int:
        """Return the line of what the keys lead to, or of as much of the way as there is."""
        node: yaml.Node = self.node
        line = self.line
        for key in keys:
            step = _step(node, key)
            if step is None:
                break
            line, node = step
        return line


def shown(value: object) -> str:
    """Return a value of a rule for a message: whole when it is short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def documents(file: RuleFile) -> Iterator[Document | Fault]:
    """Yield the documents of a file, and a fault for each one that is none.

    A mistake in the syntax ends the file: what stands before it is yielded all the same.
    """
    if file.text is None:
        yield Fault(1, file.problem)
        return
    empty = True
    for found in _each(file.path, file.text.replace("\r\n", "\n")):
        yield found
        empty = False
    if empty:
        yield Fault(1, "the file holds no rule")


class _Loader(yaml.CSafeLoader):
    """YAML's safe subset, in which dates stay text: a rule compares them as text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _each(path: str, text: str) -> Iterator[Document | Fault]:
    line = 1
    try:
        _refuse_deep_nesting(text)
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # there was one to get
            line = node.start_mark.line + 1
            found = _document(path, text, loader, node)
            if found is not None:
                yield found
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(part for part in (error.problem, error.context) if part)
        last = text.rstrip("\n").count("\n")  # a file that ends too early is wrong after its last line
        yield Fault(min(mark.line, last) + 1 if mark else 1, f"not valid YAML: {reason}")
    except yaml.reader.ReaderError as error:
        yield Fault(text.count("\n", 0, error.position) + 1, f"not valid YAML: {error.reason}")
    except RecursionError:
        yield Fault(1, "not valid YAML: nested too deeply")
    except _BAD_SCALARS as error:
        yield Fault(line, f"not valid YAML: {error}")


_BAD_SCALARS = (yaml.YAMLError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What PyYAML raises on a value that is not what its tag says, such as `!!int ""` or `!!timestamp x`."""

MAX_DEPTH = 100
"""Mappings and sequences inside each other; SigmaHQ's rules need six."""

_BLOCK_INDENT = re.compile(rf"^[ \-?]{{{MAX_DEPTH},}}", re.MULTILINE)


def _refuse_deep_nesting(text: str) -> None:
    """Raise an error for text so deep that composing it, a recursion in C, would overflow the stack.

    Every level takes a bracket, or a column of indentation, so a look at those spares nearly all files the
    count.
    """
    if text.count("[") + text.count("{") < MAX_DEPTH and not _BLOCK_INDENT.search(text):
        return
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                problem = f"nested deeper than {MAX_DEPTH} levels"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=cast(yaml.Mark, event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _document(path: str, text: str, loader: _Loader, node: yaml.Node) -> Document | Fault | None:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode) and node.value == "":
        return None  # nothing between two `---`
    if not isinstance(node, yaml.MappingNode):
        return Fault(line, "not a Sigma rule: expected a mapping of keys to values")
    twice = _duplicate_key(node)
    if twice is not None:
        return twice
    own = "\n".join(text.split("\n")[node.start_mark.line : node.end_mark.line + 1]).rstrip("\n -")
    data = loader.construct_document(node)
    if "&" in own:  # there may be aliases
        try:
            check_alias_expansion(data)
        except SigmaError as error:
            return Fault(line, str(error))
    return Document(path, line, own, data, node)


def _duplicate_key(root: yaml.Node) -> Fault | None:
    """Return a fault for the first key that stands twice in one mapping: YAML would drop one in silence."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: set[Hashable] = set()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if (key.tag, key.value) in keys:
                        return Fault(key.start_mark.line + 1, f"the key {key.value!r} stands here twice")
                    keys.add((key.tag, key.value))
                waiting.append(value)
    return None


def _step(node: yaml.Node, key: Key) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == str(key):
                return name.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        item: yaml.Node = node.value[key]
        return item.start_mark.line + 1, item
    return None
