"""Loads the rules that the settings name, from the cache if it has them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable

import msgspec

from tocsin.app.frugal import collect_rarely
from tocsin.app.settings import Rules
from tocsin.cache import cache_folder
from tocsin.rules import RuleSet, load_rules, read_rules
from tocsin.rules.store import Store

Tell = Callable[[str], None]


def compiled_store(tell: Tell) -> Store:
    """Return where compiled rules are kept between starts.

    Args:
        tell: called once when nothing can be kept.
    """
    return Store(cache_folder() / "compiled", tell)


def rules_of(settings: Rules, tell: Tell, *, strict: bool = False) -> RuleSet:
    """Return the rules that judge events.

    Raises:
        SettingsError: a path or a pipeline does not exist, or is not what it should be.
        RuleError: there is no rule that can be evaluated; or, when strict, all the mistakes together.
    """
    rules = load_rules(
        settings.paths,
        strict=strict,
        placeholders=settings.placeholders,
        pipelines=settings.pipelines,
        store=compiled_store(tell),
    )
    collect_rarely()
    return rules


def all_rules_of(settings: Rules, tell: Tell) -> RuleSet:
    """Return the rules with a report on all that was found, also when there is no rule among it.

    Raises:
        SettingsError: a path or a pipeline does not exist, or is not what it should be.
    """
    return read_rules(
        settings.paths,
        placeholders=settings.placeholders,
        pipelines=settings.pipelines,
        store=compiled_store(tell),
    )


_PATIENCE = 120.0
"""Seconds for another process to compile; all of SigmaHQ takes it 4."""


def compile_apart(settings: Rules) -> None:
    """Let another process compile the rules into the cache, so that loading them here takes a moment.

    Compiling is seconds of Python, during which every other thread of this process would get half its time.
    Whatever goes wrong there goes wrong again where the rules are loaded, and is told there.
    """
    command = [sys.executable, "-P", "-m", "tocsin.app.rule_sets"]  # -P: the working folder has no modules
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            command,
            input=msgspec.json.encode(settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )


if __name__ == "__main__":  # what `compile_apart` starts
    os.nice(5)
    all_rules_of(msgspec.json.decode(sys.stdin.buffer.read(), type=Rules), lambda _: None)
