"""What can go wrong, named by what the reader can do about it, and the exit code that says so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """How every `tocsin` command ends."""

    OK = 0
    FINDINGS = 1
    BAD_RULE = 2
    BAD_SETTINGS = 3
    STREAM_LOST = 4


class TocsinError(Exception):
    """A problem told to the user as one sentence, with a hint on what to try.

    Args:
        problem: what is wrong, with the place and the offending value.
        hint: what to do about it; empty when the problem says it all.
    """

    exit_code: ClassVar[ExitCode]

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.problem} ({self.hint})" if self.hint else self.problem


class RuleError(TocsinError):
    """A rule, or a whole rule set, must be mended before it can run."""

    exit_code = ExitCode.BAD_RULE


class SettingsError(TocsinError):
    """A flag, variable, file or folder that was named must be mended."""

    exit_code = ExitCode.BAD_SETTINGS


class StreamError(TocsinError):
    """The broker or the store is away or refuses: wait, start it, or point elsewhere."""

    exit_code = ExitCode.STREAM_LOST


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the known name most like `name`, or an empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {close[0]!r}?" if close else ""
