"""The events of `product_events.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tocsin.model import LogSource


@dataclass(frozen=True)
class Case:
    """One event, the shape it has, the log it is from, and rules, by title, that must fire on it."""

    name: str
    shape: str
    source: LogSource
    fires: tuple[str, ...]
    event: dict[str, Any]


def cases() -> list[Case]:
    """Return all of them."""
    text = Path(__file__).with_suffix(".yml").read_text(encoding="utf-8")
    return [
        Case(
            found["name"], found["shape"], LogSource(*found["source"]), tuple(found["fires"]), found["event"]
        )
        for found in yaml.safe_load(text)
    ]


CASES = cases()
NAMES = [case.name for case in CASES]
