"""Recognises what a modifier made of one value of a rule, so that explanations can say what was meant.

`windash` makes several literals of one, `base64`, `base64offset` and `wide` make it unreadable. The rule's
tree has only what came out. Nothing is claimed that does not give exactly the same literals again.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence

from tocsin.rules.ir import Part, Text, Wild

_DASHES = "-/\u2013\u2014\u2015"
"""What `windash` puts in the place of a dash: hyphen, slash, en dash, em dash, horizontal bar."""

_DASH = re.compile(f"[{_DASHES}]")

_BEGINS, _ENDS = (0, 2, 3), (None, -3, -2)
"""Characters that `base64offset` cuts off, by the offset and by how many bytes are over."""


def meaning(literals: Sequence[Text]) -> str:
    """Return what a list of literals on one field stands for; empty when it is what it seems to be."""
    texts = [_only(literal.parts) for literal in literals]
    if any(text is None for text in texts):
        return ""
    plain = [text for text in texts if text is not None]
    if len(plain) == 3 and (whole := _without_offsets(plain)):
        return f"base64 of {whole} at any offset"
    if len(plain) > 1:
        return _one_dash(plain)
    return ""


def decoded(literal: Text) -> str:
    """Return what a literal is the base64 of, in quotes; empty when it is none or would not be readable."""
    text = _only(literal.parts)
    if text is None or len(text) < 8 or len(text) % 4:
        return ""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        return ""
    return _readable(found) if b64encode(found).decode("ascii") == text else ""


def _only(parts: tuple[Part, ...]) -> str | None:
    """Return the plain text of a literal that has no wildcards but at its ends."""
    inner = [part for part in parts if not isinstance(part, Wild)]
    return inner[0] if len(inner) == 1 and Wild.ONE not in parts else None


def _one_dash(texts: Sequence[str]) -> str:
    """Return the literal with a dash of which the others are the same with other dashes."""
    if len({_DASH.sub("-", text) for text in texts}) != 1:
        return ""
    used = {sign for text in texts for sign in _DASH.findall(text)}
    return f"'{texts[0]}' with any kind of dash" if used >= set(_DASHES) else ""


def _without_offsets(texts: Sequence[str]) -> str:
    """Return the value of which three literals are the base64 at the offsets 0, 1 and 2.

    At offset n a text begins 8 n bits before the value and lacks its first characters of 6 bits, so its own
    bits begin at bit 0, 4 and 2 of the value. One of the three holds the value's last bits.
    """
    bits: dict[int, str] = {}
    for text, begin in zip(texts, (0, 4, 2), strict=True):
        for place, sign in enumerate(text):
            number = _ALPHABET.find(sign)
            if number < 0:
                return ""
            bits.update({begin + place * 6 + i: digit for i, digit in enumerate(f"{number:06b}")})
    if sorted(bits) != list(range(len(bits))):
        return ""
    size = len(bits) // 8
    whole = bytes(int("".join(bits[i * 8 + j] for j in range(8)), 2) for i in range(size))
    for value in (whole, whole[:-1]):
        if value and all(_at_offset(value, i) == text for i, text in enumerate(texts)):
            return _readable(value)
    return ""


_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _at_offset(value: bytes, offset: int) -> str:
    """Return what Sigma's `base64offset` makes of a value."""
    encoded = b64encode(b" " * offset + value).decode("ascii")
    return encoded[_BEGINS[offset] : _ENDS[(len(value) + offset) % 3]]


def _readable(found: bytes) -> str:
    if len(found) % 2 == 0 and not any(found[1::2]):
        wide = found.decode("utf-16-le", "replace")
        if wide.isprintable():
            return f"'{wide}' in UTF-16"
    try:
        text = found.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return f"'{text}'" if text.isprintable() else ""
