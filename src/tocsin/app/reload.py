"""Swaps in rules that have changed while a worker judges: built beside the old ones, and only when sound."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tocsin.detect import Detector
from tocsin.errors import RuleError, TocsinError
from tocsin.rules import RuleSet
from tocsin.rules.change import Change, change
from tocsin.rules.strain import strained

SETTLE_SECONDS = 0.5
"""Files that were changed may still be written: they must have stayed as they are for so long."""

_SHOWN = 3
"""Rules that a mistake would cost are named up to this number."""


@dataclass(frozen=True, slots=True)
class Ways:
    """What a reload is made of.

    Attributes:
        stamp: says where rules are and when they were changed; equal stamps, equal rules.
        load: reads and compiles the rules; raises a `TocsinError` for a set that must not judge.
        build: makes a detector; as much of its work as possible is done here.
        swap: puts a detector in the place of the one that judges, between two batches.
        tell: called with sentences for the person watching.
        warn: called with sentences on what went wrong.
        count: called with how a reload ended: `swapped`, `unchanged` or `refused`.
    """

    stamp: Callable[[], object]
    load: Callable[[], RuleSet]
    build: Callable[[RuleSet], Detector]
    swap: Callable[[Detector], None]
    tell: Callable[[str], None]
    warn: Callable[[str], None] | None = None
    count: Callable[[str], None] = lambda _: None


class Reloader:
    """Looks for changed rules on a thread of its own, and swaps them in; a context manager.

    A set that is broken is not swapped in: nothing in it loads, or an edit has cost it a rule that runs. The
    old one goes on judging, and why is told, once per edit.

    Args:
        ways: what a reload is made of.
        rules: those that judge now.
        seconds: between two looks at the files; 0 to reload only when asked.
    """

    def __init__(self, ways: Ways, rules: RuleSet, seconds: float) -> None:
        self.rules = rules
        self._ways = ways
        self._seconds = seconds or None
        self._bell = threading.Event()
        self._asked = threading.Event()
        self._ended = False
        self._seen = ways.stamp()
        self._strained: set[str] = set()
        self._thread = threading.Thread(target=self._work, name="reload", daemon=True)

    def ask(self) -> None:
        """Reload now, whether or not files have changed. May be called from a signal handler."""
        self._asked.set()
        self._bell.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._bell.set()
        self._thread.join(timeout=2.0)  # a compilation that is under way is left to the end of the process

    def _work(self) -> None:
        while not self._ended:
            self._bell.wait(self._seconds)
            self._bell.clear()
            if self._ended:
                return
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - the end of this thread would be the end of all reloads
                self._warn(f"rules not reloaded, {self._at()}: {type(error).__name__}: {error}")

    def look(self) -> None:
        """Reload if that was asked for or the files have changed, and say which rules were held up."""
        asked = self._asked.is_set()
        self._asked.clear()
        stamp = self._settled(self._ways.stamp())
        if asked or stamp != self._seen:
            self._seen = stamp
            self._reload(asked=asked)
        self._tell_of_strain()

    def _settled(self, stamp: object) -> object:
        """Return the stamp of files that nobody is writing just now."""
        if stamp == self._seen:
            return stamp
        while not self._ended:
            self._bell.wait(SETTLE_SECONDS)
            again = self._ways.stamp()
            if again == stamp:
                break
            stamp = again
        return stamp

    def _reload(self, *, asked: bool) -> None:
        try:
            rules = self._ways.load()
            found = change(self.rules, rules)
            _refuse_broken(found)
        except TocsinError as error:
            self._ways.count("refused")
            self._warn(f"rules not reloaded, {self._at()}: {error}")
            return
        self._ways.count("unchanged" if rules.revision == self.rules.revision else "swapped")
        if rules.revision != self.rules.revision:
            self._ways.swap(self._ways.build(rules))
            self._ways.tell(
                f"rules reloaded: {len(rules.rules):,} rules ({found}),"
                f" revision {self.rules.revision} is now {rules.revision}"
            )
            self.rules = rules
            self._strained.clear()
        elif asked:
            self._ways.tell(f"rules are as they were: revision {rules.revision}")

    def _at(self) -> str:
        return f"revision {self.rules.revision} goes on judging"

    def _warn(self, text: str) -> None:
        (self._ways.warn or self._ways.tell)(text)

    def _tell_of_strain(self) -> None:
        for strain in strained(self.rules.rules):
            if strain.rule.id not in self._strained:
                self._strained.add(strain.rule.id)
                self._warn(f"{strain} so far")


def _refuse_broken(found: Change) -> None:
    """Refuse a set that has lost rules to mistakes.

    Raises:
        RuleError: it has; the first of them are named.
    """
    if found.broken:
        listed = "; ".join(f"{entry.source}: {entry.reason}" for entry in found.broken[:_SHOWN])
        more = f"; and {len(found.broken) - _SHOWN:,} more" if len(found.broken) > _SHOWN else ""
        raise RuleError(f"rules that run would be lost: {listed}{more}")
