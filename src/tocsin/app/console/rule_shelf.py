"""The rules that the console explains and tests with: loaded when first asked for, and when they change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tocsin.app.rule_sets import all_rules_of
from tocsin.app.settings import Settings
from tocsin.errors import TocsinError
from tocsin.rules import RuleSet
from tocsin.rules.files import Stamp, stamp

_SECONDS = 5.0
"""From one look at the files to the next."""


class RuleShelf:
    """Keeps the rules at hand. Any thread may ask; the first one waits until they are loaded.

    Args:
        settings: that name the rules.
        tell: called with a sentence when changed rules cannot be loaded; the ones before stay.
    """

    def __init__(self, settings: Settings, tell: Callable[[str], None]) -> None:
        self._settings, self._tell = settings, tell
        self._lock = threading.Lock()
        self._looked = 0.0
        self._stamp: Stamp = ()
        self._rules: RuleSet | None = None

    @property
    def loaded(self) -> RuleSet | None:
        """Return the rules if somebody has asked for them; does not wait."""
        return self._rules

    @property
    def paths(self) -> list[str]:
        """Return where the rules come from."""
        return self._settings.rules.paths

    def rules(self) -> RuleSet:
        """Return the rules as they are now.

        Raises:
            SettingsError: a path or a pipeline does not exist, or is not what it should be.
        """
        with self._lock:
            return self._now()

    def _now(self) -> RuleSet:
        if self._rules is not None and time.monotonic() - self._looked < _SECONDS:
            return self._rules
        rules = self._settings.rules
        found = stamp([*rules.paths, *rules.pipelines])
        if self._rules is None or found != self._stamp:
            self._load()
        self._stamp, self._looked = found, time.monotonic()
        assert self._rules is not None, "loading them has not failed"
        return self._rules

    def _load(self) -> None:
        try:
            self._rules = all_rules_of(self._settings.rules, self._tell)
        except TocsinError as error:
            if self._rules is None:
                raise
            self._tell(f"the console goes on with the rules it had: {error}")
