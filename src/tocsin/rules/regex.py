"""The one gate for regular expressions that a rule's author wrote: checks and compiles them.

Sigma's expressions are Perl-like; Python's `re` stands for them, so one that backtracks can be slow on a
text made to harm. All that compile a rule's expression do it here: a safer engine is put in at this place.
"""

from __future__ import annotations

import re
import warnings

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
_LEADING_FLAGS = re.compile(r"\(\?[aiLmsux]+\)")


def compiled(pattern: str, flags: str) -> re.Pattern[str]:
    """Return the compiled expression.

    Args:
        pattern: as the rule's author wrote it.
        flags: any of `i`, `m`, `s`.

    Raises:
        re.error: the pattern is not valid, repeats too often or nests too deeply.
    """
    value = re.NOFLAG
    for flag in flags:
        value |= _FLAGS[flag]
    return python_compiled(pattern, value)


def problem_of(pattern: str, flags: str) -> str:
    """Return why a pattern is not valid, or an empty string."""
    try:
        compiled(pattern, flags)
    except re.error as error:
        return str(error)
    return ""


def python_compiled(pattern: str, flags: int) -> re.Pattern[str]:
    """Return what Python's `re` makes of a pattern; all that it refuses is an `re.error`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as "possible nested set": Perl reads these as they stand
        try:
            return re.compile(pattern, flags)
        except (OverflowError, RecursionError) as error:
            raise re.error(str(error), pattern) from error


def anchored(pattern: str, *, start: bool, end: bool) -> str:
    """Return the pattern tied to the start or the end of the text, as `re|startswith` wants it."""
    if not (start or end):
        return pattern
    flags = _LEADING_FLAGS.match(pattern)  # these must stay in front
    head = flags[0] if flags else ""
    body = pattern[len(head) :]
    return head + (r"\A" if start else "") + f"(?:{body})" + (r"\Z" if end else "")
