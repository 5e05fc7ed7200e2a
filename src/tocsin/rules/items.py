"""Finds every item of a detection that pySigma refuses, where pySigma itself stops at the first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from sigma.exceptions import SigmaError, SigmaModifierError
from sigma.modifiers import modifier_mapping
from sigma.policy import SigmaPolicy
from sigma.rule import SigmaDetectionItem

from tocsin.errors import nearest
from tocsin.rules.translate import Keys


def item_faults(definition: object, keys: Keys, policy: SigmaPolicy) -> Iterator[tuple[Keys, str]]:
    """Yield the way to each mistake in a detection, and what it is.

    Args:
        definition: the detection as YAML gave it.
        keys: the way to it from the top of the document.
        policy: which regular expressions are valid.
    """
    if definition in ({}, []):
        yield keys, "the detection is empty"
    elif isinstance(definition, dict):
        for key, value in definition.items():
            if isinstance(key, str):
                yield from _refused(key, value, (*keys, key), policy)
            else:
                yield (*keys, key), f"field names must be text, got {key!r}"
    elif isinstance(definition, list) and any(isinstance(item, dict | list) for item in definition):
        for index, item in enumerate(definition):
            yield from item_faults(item, (*keys, index), policy)
    else:
        yield from _refused(None, definition, keys, policy)


def _refused(key: str | None, value: object, keys: Keys, policy: SigmaPolicy) -> Iterator[tuple[Keys, str]]:
    try:
        SigmaDetectionItem.from_mapping(
            key, cast(str, value), policy=policy
        )  # it refuses what it cannot take
    except SigmaModifierError:
        yield keys, _unknown_modifiers(key or "")
    except (SigmaError, AttributeError, TypeError, ValueError) as error:
        below = list(enumerate(value)) if isinstance(value, list) and len(value) > 1 else []
        each = [fault for i, item in below for fault in _refused(key, item, (*keys, i), policy)]
        yield from each or [(keys, f"{key}: {error}" if key else str(error))]


def _unknown_modifiers(key: str) -> str:
    unknown = [name for name in key.split("|")[1:] if name not in modifier_mapping]
    hint = nearest(unknown[0], modifier_mapping)
    listed = ", ".join(repr(name) for name in unknown)
    return f"{key}: unknown modifier {listed}" + (f", {hint}" if hint else "")
