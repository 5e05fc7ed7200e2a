"""Makes any text fit for a picture: values come from events, and may hold anything of any length."""

from __future__ import annotations

import unicodedata
from functools import cache

from matplotlib.font_manager import FontProperties, findfont
from matplotlib.ft2font import FT2Font

FONT = "DejaVu Sans"
"""Comes with matplotlib, so a picture is the same everywhere."""

DPI = 100
"""Pixels per inch: with it, sizes of letters in points and places in pixels go together."""

_LONGEST = 200
_UNDRAWABLE = "\u25a1"


def printable(text: str) -> str:
    """Return a text on one line, in characters that the font has; what it lacks becomes a box."""
    return "".join(_drawable(character) for character in text[:_LONGEST])


def fitted(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return a printable text, cut short with an ellipsis so that it is at most `width` pixels wide."""
    shown = printable(text)
    if width_of(shown, size, bold=bold) <= width:
        return shown
    low, high = 0, len(shown)
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(shown[:middle].rstrip() + "\u2026", size, bold=bold) <= width:
            low = middle
        else:
            high = middle - 1
    return shown[:low].rstrip() + "\u2026"


def width_of(text: str, size: float, *, bold: bool = False) -> float:
    """Return how many pixels wide a printable text is."""
    font = _font(bold=bold)
    font.set_size(size, DPI)
    font.set_text(text)
    return float(font.get_width_height()[0] / 64)  # in 26.6 fixed point


def _drawable(character: str) -> str:
    if unicodedata.category(character)[0] in "CZ":  # controls, surrogates, marks of direction, odd blanks
        return " " if character in " \t\u00a0" else _UNDRAWABLE
    return character if _font().get_char_index(ord(character)) else _UNDRAWABLE


@cache
def _font(*, bold: bool = False) -> FT2Font:
    return FT2Font(findfont(FontProperties(family=FONT, weight="bold" if bold else "normal")))
