"""The one gate for regular expressions that a rule's author wrote: checks them, and runs none unguarded.

What an expression finds is what Python's `re` would find. It is run by RE2, which takes time in proportion
to the text, wherever RE2 can express it (see `re2_form`: all expressions of SigmaHQ). The rest can backtrack,
on a text made for it longer than anybody lives, so it runs under a bound of time; see `Bounded`.
"""

from __future__ import annotations

import re
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import re2

from tocsin.rules.re2_form import Inexpressible, Length, length_form, re2_form

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_LEADING_FLAGS = re.compile(r"\(\?[aiLmsux]+\)")


class Found(Protocol):
    """What an expression found."""

    def span(self) -> tuple[int, int]:
        """Return where it begins and ends, in characters."""
        ...


class Expression(Protocol):
    """A compiled expression."""

    def search(self, text: str) -> Found | None:
        """Return the first place in a text where it holds; None where there is none."""
        ...


@lru_cache(maxsize=10_000)  # a rule set's; the matchers share what is compiled, and what it has been through
def compiled(pattern: str, flags: str) -> Expression:
    """Return the compiled expression; every call with the same arguments gives the same object.

    Args:
        pattern: as the rule's author wrote it.
        flags: any of `i`, `m`, `s`.

    Raises:
        re.error: the pattern is not valid, repeats too often or nests too deeply, or nothing runs it safely.
    """
    value = _value(flags)
    python_compiled(pattern, value)
    try:
        with _without_warnings():
            length = length_form(pattern, value)
            if length is not None:
                return Long(length)
            form = re2_form(pattern, value)
        return Linear(form.pattern, _bounded(pattern, flags, r"\b") if form.ascii_only else None)
    except Inexpressible as what:
        return _bounded(pattern, flags, str(what))
    except re2.error:
        return _bounded(pattern, flags, "more than RE2 takes")


_BOUNDED: dict[tuple[str, str], Bounded] = {}
"""The expressions that run under a bound, as they are compiled: what `strain_on` looks at."""


def _bounded(pattern: str, flags: str, reason: str) -> Bounded:
    found = _BOUNDED[pattern, flags] = Bounded(pattern, _value(flags), reason)
    return found


def strain_on(pattern: str, flags: str) -> tuple[int, int]:
    """Return how often an expression was stopped, and how often it was skipped since; (0, 0) for most."""
    found = _BOUNDED.get((pattern, flags))
    return (found.stopped, found.skipped) if found else (0, 0)


def problem_of(pattern: str, flags: str) -> str:
    """Return why a pattern is not valid, or an empty string."""
    try:
        python_compiled(pattern, _value(flags))
    except re.error as error:
        return str(error)
    return ""


def refusal_of(pattern: str, flags: str) -> str:
    """Return why a valid pattern cannot be run safely, or an empty string."""
    try:
        compiled(pattern, flags)
    except re.error as error:
        return str(error)
    return ""


def bound_on(pattern: str, flags: str) -> str:
    """Return why a pattern runs under a bound of time, in a few words; an empty string when it does not."""
    expression = compiled(pattern, flags)
    return expression.reason if isinstance(expression, Bounded) else ""


def _value(flags: str) -> re.RegexFlag:
    value = re.NOFLAG
    for flag in flags:
        value |= _FLAGS[flag]
    return value


_WARNINGS = threading.Lock()


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Let patterns pass that Python finds odd, such as "possible nested set": Perl reads them as they stand.

    Python keeps its filters in one place for all threads.
    """
    with _WARNINGS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def python_compiled(pattern: str, flags: int) -> re.Pattern[str]:
    """Return what Python's `re` makes of a pattern; all that it refuses is an `re.error`."""
    with _without_warnings():
        try:
            return re.compile(pattern, flags)
        except (OverflowError, RecursionError) as error:
            raise re.error(str(error), pattern) from error


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int

    def span(self) -> tuple[int, int]:
        return self.start, self.end


class Long:
    """An expression that only asks for the length of a text, or of a line in it."""

    def __init__(self, length: Length) -> None:
        self._length = length

    def search(self, text: str) -> Found | None:
        """Return the text, or the first line, that is long enough."""
        least, start = self._length.least, 0
        lines = text.split("\n") if self._length.one_line and len(text) >= least else [text]
        for line in lines:
            if len(line) >= least:
                return _Span(start, start + len(line))
            start += len(line) + 1
        return None


class Linear:
    """An expression that RE2 runs.

    Args:
        form: the expression in RE2's syntax.
        beyond_ascii: what searches texts that are not ASCII, if RE2 finds something else in them.
    """

    def __init__(self, form: str, beyond_ascii: Bounded | None) -> None:
        self._expression = _re2_compiled(form)
        self._beyond_ascii = beyond_ascii

    def search(self, text: str) -> Found | None:
        """Return the first place where it holds, in time proportional to the text."""
        if text.isascii():
            found = self._expression.search(text.encode())
            return None if found is None else _Span(*found.span())
        if self._beyond_ascii is not None:
            return self._beyond_ascii.search(text)
        raw = _utf8(text)
        found = self._expression.search(raw)
        if found is None:
            return None
        start, end = found.span()
        before = len(raw[:start].decode())
        return _Span(before, before + len(raw[start:end].decode()))


_RE2_BYTES = (2 * 1024 * 1024, 8 * 1024 * 1024)
"""What an expression may hold: RE2 fills it with what it learns of texts. Few need more than the first."""


def _re2_compiled(form: str) -> Any:  # noqa: ANN401 - re2 ships no types
    options = re2.Options()
    options.never_capture = True
    options.log_errors = False
    try:
        options.max_mem = _RE2_BYTES[0]
        return re2.compile(form.encode(), options)
    except re2.error:
        options.max_mem = _RE2_BYTES[1]
        return re2.compile(form.encode(), options)


def _utf8(text: str) -> bytes:
    """Return a text as UTF-8; half a character, which JSON can escape, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


SECONDS = 0.05
"""How long one search may take; 7 KB of script take a harmless expression a thousandth of that."""

SHARE = 0.01
"""An expression that was stopped rests until this is its share of the time since."""


class Bounded:
    """An expression that can backtrack, run under a bound of time.

    A search that takes longer than `SECONDS` is given up and finds nothing. Then the expression rests,
    finding nothing, for so long that an attacker who sends such texts all the time gets `SHARE` of a core
    from it. Both are counted, for whoever tells people that a rule did not look: see `strain_on`.

    It runs on `regex`, which has such bounds. Known to differ from Python's `re`: without regard to case,
    `i` is not the same as the Turkish letters; U+001C to U+001F are no blanks; and letters that only one of
    the two knows.

    Attributes:
        reason: why RE2 cannot run it, in a few words.
        stopped: searches that were given up.
        skipped: searches that were not made because it rested.
    """

    def __init__(self, pattern: str, flags: int, reason: str) -> None:
        import regex  # noqa: PLC0415 - few rules need it, and it takes 30 ms to import

        try:
            with _without_warnings():
                self._expression = regex.compile(pattern, flags | regex.VERSION0)
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise re.error(
                f"it needs backtracking, and is not run without a bound: {error}", pattern
            ) from error
        self.reason = reason
        self.stopped = 0
        self.skipped = 0
        self._rests_until = 0.0

    def search(self, text: str) -> Found | None:
        """Return the first place where it holds; None also when it took too long, or rests."""
        if self._rests_until and time.monotonic() < self._rests_until:
            self.skipped += 1
            return None
        try:
            found: Found | None = self._expression.search(text, timeout=SECONDS)
        except TimeoutError:
            self.stopped += 1
            self._rests_until = time.monotonic() + SECONDS / SHARE
            return None
        return found


def anchored(pattern: str, *, start: bool, end: bool) -> str:
    """Return the pattern tied to the start or the end of the text, as `re|startswith` wants it."""
    if not (start or end):
        return pattern
    flags = _LEADING_FLAGS.match(pattern)  # these must stay in front
    head = flags[0] if flags else ""
    body = pattern[len(head) :]
    return head + (r"\A" if start else "") + f"(?:{body})" + (r"\Z" if end else "")
