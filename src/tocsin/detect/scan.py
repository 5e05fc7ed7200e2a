"""Finds which of thousands of literals are in a text: by Hyperscan, or in Python where it is missing."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tocsin.detect.clues import Where
from tocsin.detect.finds import Finds


class Literal(NamedTuple):
    """What to look for, and the number under which it is told."""

    id: int
    where: Where
    text: str


class ValueScanner(Protocol):
    """Looks for a fixed set of literals; it may answer only one caller at a time."""

    def find(self, text: str) -> list[int]:
        """Return the number of each literal that is in a folded text, in any order, each once."""

    def find_each(self, texts: Sequence[str], finds: Finds) -> None:
        """Add the numbers of the literals in several texts; case does not matter.

        Args:
            texts: which it has begun with.
            finds: takes the numbers.
        """


class RecordScanner(Protocol):
    """Looks for a fixed set of literals in the bytes of records, ASCII case aside."""

    def find(self, joined: bytes) -> list[tuple[int, int]]:
        """Return (where it ends, number) for each place of each literal, and `DOUBT` where one may hide."""


class Matching(Protocol):
    """Makes scanners."""

    def of_values(self, literals: Sequence[Literal]) -> ValueScanner:
        """Return what looks for literals in folded values."""

    def of_records(self, literals: Sequence[Literal]) -> RecordScanner:
        """Return what looks for literals in records."""


DOUBT = -1
"""Told by a `RecordScanner` where a record's bytes may hide a literal."""

LOOKALIKES = (
    b"\xef\xbb\xbf",  # a mark in front
    *(letter.encode() for letter in "\u212a\u0130\u0131\u017f\ufb05\ufb06"),  # they fold to ASCII letters
)
"""What in a record's bytes may hide a literal of ASCII letters, digits, blanks and `._-:@%$#!`. So may NULs,
which other encodings have, and escapes of what JSON need not escape."""

_ESCAPES = rb"\\u(00(2[013-5de]|3[0-9a]|4[0-9a-f]|6[1-9a-f]|[57][0-9a]|5f)|212a|013[01]|017f|fb0[56])"

ESCAPED = re.compile(_ESCAPES, re.IGNORECASE)
"""Such an escape."""

ESCAPE_STARTS = (b"\\u00", b"\\u21", b"\\u01", b"\\ufb")
"""What such escapes begin with, case aside."""

SHAPE = 3
"""Characters of which every text has few: by these a literal is found among many others."""


class PythonScanner:
    """Looks for literals without any library.

    Those that are tied to an end are looked up by their length; of the others, each is filed under its
    rarest three characters, so that only literals that share three characters with a text are compared.
    """

    def __init__(self, literals: Sequence[Literal]) -> None:
        self._whole: dict[str, list[int]] = defaultdict(list)
        self._starts: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._ends: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._short: list[tuple[str, int]] = []
        self._inner: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._compile(literals)

    def _compile(self, literals: Sequence[Literal]) -> None:
        grams = Counter(gram for literal in literals for gram in _grams(literal.text))
        for number, where, text in literals:
            if where is Where.WHOLE:
                self._whole[text].append(number)
            elif where is Where.START:
                self._starts[len(text)][text].append(number)
            elif where is Where.END:
                self._ends[len(text)][text].append(number)
            elif len(text) < SHAPE:
                self._short.append((text, number))
            else:
                self._inner[min(_grams(text), key=lambda g: (grams[g], g))].append((text, number))
        self._keys = frozenset(self._inner)

    def find(self, text: str) -> list[int]:
        """See `ValueScanner`."""
        found = list(self._whole.get(text, ()))
        for length, known in self._starts.items():
            found += known.get(text[:length], ())
        for length, known in self._ends.items():
            if len(text) >= length:
                found += known.get(text[len(text) - length :], ())
        found += [number for literal, number in self._short if literal in text]
        for key in self._keys.intersection(_grams(text)):
            found += [number for literal, number in self._inner[key] if literal in text]
        return found

    def find_each(self, texts: Sequence[str], finds: Finds) -> None:
        """See `ValueScanner`."""
        for place, text in enumerate(texts):
            for number in self.find(text.lower()):
                finds.add(number, (place,))


class PythonRecordScanner:
    """Looks for literals in records without any library, one after the other."""

    def __init__(self, literals: Sequence[Literal]) -> None:
        self._literals = [(literal.text.encode(), literal.id) for literal in literals]

    def find(self, joined: bytes) -> list[tuple[int, int]]:
        """See `RecordScanner`."""
        found = []
        small = joined.lower()
        for literal, number in self._literals:
            end = small.find(literal)
            while end >= 0:
                end += len(literal)
                found.append((end, number))
                end = small.find(literal, end)
        if not joined.isascii() or b"\\u" in small or b"\0" in small:
            found += [(match.end(), DOUBT) for match in _DOUBTFUL.finditer(joined)]
        return found


_DOUBTFUL = re.compile(b"|".join([rb"\0", *LOOKALIKES, _ESCAPES]), re.IGNORECASE)


class PythonMatching:
    """Makes scanners that need no library."""

    def of_values(self, literals: Sequence[Literal]) -> ValueScanner:
        """See `Matching`."""
        return PythonScanner(literals)

    def of_records(self, literals: Sequence[Literal]) -> RecordScanner:
        """See `Matching`."""
        return PythonRecordScanner(literals)


def _grams(text: str) -> set[str]:
    return {text[i : i + SHAPE] for i in range(len(text) - SHAPE + 1)}
