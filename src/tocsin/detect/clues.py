"""What looking for plain texts in values can say about an atom, so that thousands are decided in one pass."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import NamedTuple

from tocsin.decode.invented import INVENTED
from tocsin.detect.literals import SHORTEST, required
from tocsin.rules.ir import Atom, Part, Present, Reference, Regex, Text, Wild, fold


class Where(IntEnum):
    """Where in a folded value a pattern's literal stands."""

    WHOLE = 0
    START = 1
    END = 2
    ANYWHERE = 3
    PRESENT = 4
    """There is a value at all; the literal is empty."""
    IN_ASCII = 5
    """Anywhere, in a value of ASCII characters; every other value counts as having it."""
    IN_RECORD = 6
    """Anywhere in the record's bytes; every record that may write it otherwise counts as having it."""
    TEST = 7
    """Nothing is looked for: the atom is tested on each distinct value."""
    PAIR = 8
    """The atom is tested on each distinct pair of values of the field and of the one that it refers to."""


class Pattern(NamedTuple):
    """One thing to look for in the values of a field; no field with `IN_RECORD`."""

    field: str
    where: Where
    literal: str
    atom: Atom | None = None

    @property
    def order(self) -> tuple[str, int, str, str]:
        """Return what patterns are sorted by."""
        return self.field, self.where, self.literal, repr(self.atom)


class Clue(NamedTuple):
    """An atom can only hold if at least one of the patterns is found; if it is exact, it then does."""

    patterns: frozenset[Pattern]
    exact: bool


LONGEST = 200
"""Characters of a literal that are looked for; longer ones are compared when these were found."""


def clue_of(atom: Atom) -> Clue | None:
    """Return what can be looked for, or None when there is nothing."""
    match atom:
        case Text(field=str(field)):
            return _clue_of_text(field, atom)
        case Text():
            return _one("", Where.IN_RECORD, _piece(*(p for p in atom.parts if isinstance(p, str))))
        case Regex():
            return _clue_of_regex(atom)
        case Present():
            return Clue(frozenset({Pattern(atom.field, Where.PRESENT, "")}), exact=True)
        case _:
            return None


def tested(atom: Atom) -> Clue | None:
    """Return the clue that an atom's own test is; None where it reads every field."""
    if atom.field is None:
        return None
    if isinstance(atom, Reference):
        return Clue(frozenset({Pattern(atom.field, Where.PAIR, atom.other, atom)}), exact=True)
    return Clue(frozenset({Pattern(atom.field, Where.TEST, "", atom)}), exact=True)


def _clue_of_regex(atom: Regex) -> Clue | None:
    literals = required(atom.pattern, atom.flags)
    if atom.field is None:
        pieces = {_piece(literal) for literal in literals}
        found = {Pattern("", Where.IN_RECORD, piece) for piece in pieces} if "" not in pieces else set()
    else:
        found = {Pattern(atom.field, Where.IN_ASCII, literal) for literal in literals}
    return Clue(frozenset(found), exact=False) if found else None


def _one(field: str, where: Where, literal: str, *, exact: bool = False) -> Clue | None:
    return Clue(frozenset({Pattern(field, where, literal)}), exact) if literal else None


def _clue_of_text(field: str, atom: Text) -> Clue | None:
    if atom.cased:  # folding both sides keeps what is found; but some letters fold by their neighbours
        if not all(part.isascii() for part in atom.parts if isinstance(part, str)):
            return None
        clue = _clue_of_text(field, Text(field, atom.parts))
        return None if clue is None else Clue(clue.patterns, exact=False)
    parts = tuple(part if isinstance(part, Wild) else fold(part) for part in atom.parts)
    if not parts or (len(parts) == 1 and isinstance(parts[0], str)):
        literal = parts[0] if parts else ""
        return Clue(frozenset({Pattern(field, Where.WHOLE, str(literal))}), exact=True)
    return _clue_of_glob(field, parts)


def _clue_of_glob(field: str, parts: tuple[Part, ...]) -> Clue | None:
    pieces = [(len(part), -i, i, part) for i, part in enumerate(parts) if isinstance(part, str)]
    if not pieces:
        return None
    *_, place, literal = max(pieces)
    where = _PLACES[place == 0, place == len(parts) - 1]
    exact = len(pieces) == 1 and Wild.ONE not in parts
    if len(literal) > LONGEST:
        exact = False
        literal = literal[-LONGEST:] if where is Where.END else literal[:LONGEST]
    return _one(field, where, literal, exact=exact)


_PLACES = {
    (False, False): Where.ANYWHERE,
    (True, False): Where.START,
    (False, True): Where.END,
}

_PLAIN = re.compile(r"[a-z0-9 ._:@%$#!-]+")
"""Characters that JSON writes as they are, but for writers that escape what need not be escaped."""

_NUMBER = re.compile(r"[0-9a-fx .+-]+")
"""What may be a piece of a number, decimal or hexadecimal, which records may write in several ways."""


def _piece(*literals: str) -> str:
    """Return the longest piece that a record's bytes must contain if a value contains one of the literals.

    It is not found in what decoding adds to an event, such as the name of an account of which the record has
    but the number. Empty when there is none that tells anything.
    """
    pieces = [
        piece
        for literal in literals
        for piece in _PLAIN.findall(fold(literal))
        if len(piece) >= SHORTEST
        and not _NUMBER.fullmatch(piece)
        and not any(piece in text for text in INVENTED)
    ]
    return max(pieces, key=len, default="")[:LONGEST]
