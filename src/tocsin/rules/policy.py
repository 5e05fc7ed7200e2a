"""What pySigma is to take for valid while rules are compiled."""

from __future__ import annotations

from typing import cast

from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import PythonRegexEngine, RegexPattern

from tocsin.rules.regex import python_compiled


class _Engine(PythonRegexEngine):
    """How pySigma checks that an expression is valid: as it will be run."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        return cast(RegexPattern, python_compiled(pattern, flags))


POLICY = SigmaPolicy(regex_engine=_Engine())
