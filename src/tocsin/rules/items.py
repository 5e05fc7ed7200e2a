"""Finds every item of a detection that pySigma refuses, where pySigma itself stops at the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from sigma.exceptions import SigmaError
from sigma.modifiers import modifier_mapping
from sigma.rule import SigmaDetectionItem

from tocsin.errors import nearest
from tocsin.rules.documents import shown
from tocsin.rules.policy import POLICY
from tocsin.rules.translate import Keys


def item_faults(definition: object, keys: Keys) -> Iterator[tuple[Keys, str]]:
    """Yield the way to each mistake in a detection, and what it is.

    Args:
        definition: the detection as YAML gave it.
        keys: the way to it from the top of the document.
    """
    if definition in ({}, []):
        yield keys, "the detection is empty"
    elif isinstance(definition, dict):
        for key, value in definition.items():
            if isinstance(key, str):
                yield from _refused(key, value, (*keys, key))
            else:
                yield (*keys, key), f"field names must be text, got {shown(key)}"
    elif isinstance(definition, list) and any(isinstance(item, dict | list) for item in definition):
        for index, item in enumerate(definition):
            yield from item_faults(item, (*keys, index))
    else:
        yield from _refused(None, definition, keys)


def _refused(key: str | None, value: object, keys: Keys) -> Iterator[tuple[Keys, str]]:
    try:
        SigmaDetectionItem.from_mapping(
            key, cast(str, value), policy=POLICY
        )  # it refuses what it cannot take
    except (SigmaError, AttributeError, TypeError, ValueError) as error:
        if _unknown_modifiers(key):
            yield keys, f"{key}: {_hinted(_unknown_modifiers(key))}"
            return
        below = list(enumerate(value)) if isinstance(value, list) and len(value) > 1 else []
        each = [fault for i, item in below for fault in _refused(key, item, (*keys, i))]
        problem = f"expected text, a number, true, false or null, got {shown(value)}"
        if not isinstance(value, dict | list):
            problem = str(error)
        yield from each or [(keys, f"{key}: {problem}" if key else problem)]


def _unknown_modifiers(key: str | None) -> list[str]:
    return [name for name in (key or "").split("|")[1:] if name not in modifier_mapping]


def _hinted(unknown: list[str]) -> str:
    hint = nearest(unknown[0], modifier_mapping)
    listed = ", ".join(repr(name) for name in unknown)
    return f"unknown modifier {listed}" + (f", {hint}" if hint else "")
