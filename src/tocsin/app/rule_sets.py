"""Loads the rules that the settings name, from the cache if it has them."""

from __future__ import annotations

from collections.abc import Callable

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
    return load_rules(
        settings.paths,
        strict=strict,
        placeholders=settings.placeholders,
        pipelines=settings.pipelines,
        store=compiled_store(tell),
    )


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
