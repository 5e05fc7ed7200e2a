"""Files with several documents: the `action` keys of older Sigma that let documents share their parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import replace

from sigma.collection import deep_dict_update

from tocsin.rules.documents import Document, Fault, shown


def with_actions(found: Iterable[Document | Fault]) -> Iterator[Document | Fault]:
    """Yield the documents of one file as they are meant.

    `action: global` is a template for the documents after it, `reset` ends it, and `repeat` is the document
    before it with changes. What a template says wins, as in pySigma.
    """
    template: Document | None = None
    previous: Document | None = None
    for document in found:
        if isinstance(document, Fault) or not _takes_part(document):
            yield document
            continue
        action = document.data.get("action")
        if action == "global":
            template = previous = document
        elif action == "reset":
            template = None
        elif action == "repeat" and previous is not None:
            previous = _merged(previous, document, document)
            yield previous
        elif action is None:
            previous = document
            yield _merged(document, template, document) if template else document
        else:
            yield Fault(
                document.line_of("action"), f"action {shown(action)}: expected global, reset or repeat"
            )


def _takes_part(document: Document) -> bool:
    """Say whether a document is a rule or a part of one, not a correlation or a filter."""
    return not {"correlation", "filter"} & document.data.keys()


def _merged(first: Document, second: Document, place: Document) -> Document:
    """Return the document in which what `second` says wins; lines are those of `place`."""
    data = deep_dict_update(deepcopy(first.data), deepcopy(second.data))
    data.pop("action", None)
    return replace(place, data=data, text=f"{first.text}\n{second.text}")
