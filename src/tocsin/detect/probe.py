"""Looks for one set of patterns in values that are new, many at once where they are plain ASCII."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.detect.clues import Pattern
from tocsin.detect.finds import Finds
from tocsin.detect.reading import Value
from tocsin.detect.scan import Matching
from tocsin.detect.trials import Trials


class Probe:
    """What a set of patterns takes to be found: a scan for the literals, and tests for the rest.

    Args:
        patterns: by number.
        matching: makes what looks for literals.

    Attributes:
        present: the patterns that are found in every value.
    """

    __slots__ = ("__weakref__", "_find", "_find_each", "_trials", "present")

    def __init__(self, patterns: Sequence[tuple[int, Pattern]], matching: Matching) -> None:
        self._trials = Trials(patterns)
        self.present = self._trials.present
        scanner = matching.of_values(self._trials.literals)
        self._find, self._find_each = scanner.find, scanner.find_each

    def found(self, value: Value) -> list[int]:
        """Return the patterns in any value, without those that are in every one."""
        return self._trials.decided(self._find(value.folded), value)

    def find_each(self, texts: Sequence[str], finds: Finds) -> None:
        """Add the patterns in several texts, without those that are in every one.

        Args:
            texts: which it has begun with.
            finds: takes the patterns.
        """
        self._find_each(texts, finds)
        self._trials.decide_each(texts, finds)
