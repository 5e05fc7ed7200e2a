"""JSON documents in any arrangement but one a line: arrays, one after the other, pretty-printed.

The text is cut where an object ends; whether what lies between is good JSON is for decoding to say. A
document that is broken costs itself: reading goes on with the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tocsin.decode.limits import DEFAULT, Limits
from tocsin.decode.text import too_large
from tocsin.model import Rejected
from tocsin.sources.files.pieces import Chunks, Piece

_BETWEEN = re.compile(rb"[\s,\[\]\x1e]*")
"""What may stand between documents: white space, an array's signs, and the separator of RFC 7464."""

_JUNK = re.compile(rb"[^{]*")

_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*+"|["{}\[\]]', re.DOTALL)
"""A whole text, a quotation mark that begins none, or a bracket."""

_NEXT = re.compile(rb"\n[ \t]*(?=\{)")
"""Where the next document may begin after a broken one."""

_QUOTE, _COLON, _OBJECT, _ARRAY = b'":{['
_CLOSES = {ord("}"): _OBJECT, ord("]"): _ARRAY}
_SPACE = frozenset(b" \t\r\n")

Found = tuple[bytes | None, Rejected | None]
"""A document and no fault, or a fault and no document."""


def documents(chunks: Chunks, limits: Limits = DEFAULT) -> Iterator[Piece]:
    """Yield the objects in a text, counted from 1; anything else between them counts too."""
    scanner = _Scanner(limits)
    number = 0
    for chunk in chunks:
        for value, fault in scanner.feed(chunk):
            number += 1
            yield Piece(number, value, fault)
    for value, fault in scanner.end():
        number += 1
        yield Piece(number, value, fault)


class _Scanner:
    """Finds where objects end in a text that comes in chunks; no byte of a document is looked at twice.

    It keeps the brackets that are open, so a document whose end is missing is noticed where the next one
    begins: inside an object, a bracket stands after a colon and nowhere else.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._text = b""
        self._begin = 0  # of the present document
        self._at = 0  # looked at so far
        self._open: list[int] = []  # brackets
        self._dropped = 0  # bytes of the present document that were too many to keep
        self._step: Callable[[], Found | None] = self._between
        self._last = False

    def feed(self, chunk: bytes) -> Iterator[Found]:
        """Yield what is complete."""
        if self._at - self._begin > self._limits.record_bytes:
            self._dropped += self._at - self._begin
            self._begin = self._at
        self._text = self._text[self._begin :] + chunk
        self._at -= self._begin
        self._begin = 0
        yield from self._scan()

    def end(self) -> Iterator[Found]:
        """Yield what is left when the text is at its end."""
        self._last = True
        yield from self._scan()
        if self._text[self._begin :].strip() or self._dropped:
            yield self._cut(len(self._text))

    def _scan(self) -> Iterator[Found]:
        while self._at < len(self._text):
            place, step = self._at, self._step
            found = self._step()
            if found is not None:
                yield found
            elif (place, step) == (self._at, self._step):
                return

    def _between(self) -> None:
        """Go to where something begins."""
        found = _BETWEEN.match(self._text, self._at)
        self._begin = self._at = found.end() if found else self._at
        if self._at == len(self._text):
            return
        if self._text[self._at] == _OBJECT:
            self._open = [_OBJECT]
            self._at += 1
            self._step = self._inside
        else:
            self._step = self._junk

    def _junk(self) -> Found | None:
        """Take what is no object up to where the next one begins."""
        found = _JUNK.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._cut(self._at) if self._at < len(self._text) else None

    def _inside(self) -> Found | None:
        """Go to the end of an object, or to where it is seen to be broken."""
        text = self._text
        for token in _TOKEN.finditer(text, self._at):
            begin, sign = token.start(), text[token.start()]
            if sign == _QUOTE:
                if token.end() - begin == 1:
                    self._wait(begin)
                    return None
            elif sign in _CLOSES:
                self._at = token.end()
                if self._open.pop() != _CLOSES[sign]:
                    self._step = self._lost
                    return None
                if not self._open:
                    return self._cut(self._at)
            elif self._open[-1] == _OBJECT and not self._follows_colon(begin):
                self._at = begin
                if sign == _OBJECT:
                    return self._cut(begin)
                self._step = self._lost
                return None
            else:
                self._open.append(sign)
        self._at = len(text)
        return None

    def _wait(self, begin: int) -> None:
        """Wait for the rest of a quoted text; when its line has ended before, the document is broken."""
        self._at = begin
        if self._last or self._text.find(b"\n", begin) >= 0:
            self._at = begin + 1
            self._step = self._lost

    def _lost(self) -> Found | None:
        """Go from a broken document to the next line that begins one."""
        found = _NEXT.search(self._text, self._at)
        if found:
            return self._cut(found.end())
        line = self._text.rfind(b"\n", self._at)
        self._at = line if line >= 0 else len(self._text)
        return None

    def _follows_colon(self, place: int) -> bool:
        text = self._text
        while place > self._begin:
            place -= 1
            if text[place] not in _SPACE:
                return text[place] == _COLON
        return self._dropped > 0  # cannot be seen any more

    def _cut(self, end: int) -> Found:
        """Take everything from where the document began."""
        value = self._text[self._begin : end].strip()
        size = self._dropped + len(value)
        self._begin = self._at = end
        self._dropped = 0
        self._step = self._between
        return (None, too_large(size, self._limits)) if size > self._limits.record_bytes else (value, None)
