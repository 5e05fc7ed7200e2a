"""Builds HTML and SVG in which every value is text: events may hold anything, and nothing of it is obeyed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from html import escape

LONGEST = 200
"""Signs of a value that are shown: one that is longer was made to be."""

_VOID = frozenset({"meta", "rect", "circle", "path", "line", "col"})


class Markup(str):
    """Text that is HTML already; only this module and constants make it."""

    __slots__ = ()


Child = Markup | str | int | None
"""What an element may hold: markup as it is, text and numbers escaped, None left out."""


def tag(name: str, /, *children: Child, **attributes: str | float | None) -> Markup:
    """Return an element.

    Args:
        name: of the element.
        children: what it holds.
        attributes: `class_` stands for class, `aria_label` for aria-label; None is left out. Markup, such as
            the data of a path, is taken as it is, however long.
    """
    shown = "".join(
        f' {_attribute(key)}="{escape(_value(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{shown}/>")
    return Markup(f"<{name}{shown}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """Return children one after the other as markup."""
    return Markup("".join(_markup(child) for child in children if child is not None))


def visible(text: str, longest: int = LONGEST) -> str:
    """Return a text on one line, cut to `longest` signs, in which nothing is hidden.

    Controls, marks of direction, invisible and unassigned signs are shown by their numbers: they could make a
    reader see another text than the one that is there.
    """
    shown = "".join(_sign(sign) for sign in text[:longest])
    return shown if len(text) <= longest else f"{shown}\u2026 ({len(text):,} signs)"


def _markup(child: Markup | str | int) -> str:
    if isinstance(child, Markup):
        return child
    return escape(f"{child:,}" if isinstance(child, int) else visible(child, 10 * LONGEST))


def _sign(sign: str) -> str:
    hidden = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return f"\u27e8U+{ord(sign):04X}\u27e9" if hidden else sign


def _attribute(key: str) -> str:
    return key.removesuffix("_").replace("_", "-") if key != "viewBox" else key


def _value(value: str | float) -> str:
    if isinstance(value, Markup):
        return value
    if isinstance(value, str):
        return visible(value, 10 * LONGEST)
    return f"{value:g}" if value < 1e4 else f"{value:.0f}"
