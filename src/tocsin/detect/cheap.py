"""Tests of atoms that look cheaply before they run an expression."""

from __future__ import annotations

import re

from tocsin.detect.literals import least_length, required
from tocsin.detect.oracle import Test, tester
from tocsin.rules.ir import Cidr, Compare, Regex, Text

_LENGTH = re.compile(r"\.\{([0-9]{1,9}),\}")
"""Asks for nothing but a long line, by which rules know obfuscated commands; counting takes RE2 0.3 ms."""


def cheap_tester(atom: Text | Regex | Cidr | Compare) -> Test:
    """Return the test of an atom: the same answers as `tester`'s, sooner where a cheap look gives them."""
    test = tester(atom)
    if not isinstance(atom, Regex):
        return test
    length = _LENGTH.fullmatch(atom.pattern)
    if length is not None and "s" not in atom.flags:
        longest = int(length[1])
        return lambda value: any(len(part) >= longest for part in value.text.split("\n"))
    least = least_length(atom.pattern, atom.flags)
    texts = sorted(required(atom.pattern, atom.flags, 1))
    if len(texts) == 1:
        (only,) = texts
        return lambda value: (only in value.folded or not value.text.isascii()) and test(value)
    if not texts:
        return lambda value: len(value.text) >= least and test(value)
    return lambda value: (
        (any(map(value.folded.__contains__, texts)) or not value.text.isascii()) and test(value)
    )
