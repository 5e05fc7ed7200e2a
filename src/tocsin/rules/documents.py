"""YAML text to rule documents that remember on which line each of their keys stands."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

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
        yield Fault(mark.line + 1 if mark else 1, f"not valid YAML: {reason}")
    except yaml.reader.ReaderError as error:
        yield Fault(text.count("\n", 0, error.position) + 1, f"not valid YAML: {error.reason}")
    except RecursionError:
        yield Fault(1, "not valid YAML: nested too deeply")
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        yield Fault(line, f"not valid YAML: {error}")


def _document(path: str, text: str, loader: _Loader, node: yaml.Node) -> Document | Fault | None:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode) and node.value == "":
        return None  # nothing between two `---`
    if not isinstance(node, yaml.MappingNode):
        return Fault(line, "not a Sigma rule: expected a mapping of keys to values")
    twice = _duplicate_key(node)
    if twice is not None:
        return twice
    own = "\n".join(text.split("\n")[node.start_mark.line : node.end_mark.line + 1])
    data = loader.construct_document(node)
    return Document(path, line, own.rstrip("\n -"), data, node)


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
