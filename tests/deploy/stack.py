"""The compose file and the Dockerfile as data, the way Docker reads them when nobody sets anything."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

_VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+):-(?P<default>[^}]*)\}")


def services() -> dict[str, dict[str, Any]]:
    """Return the services by name, variables replaced by their defaults."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def compose() -> dict[str, Any]:
    """Return the whole compose file, variables replaced by their defaults."""
    text = (ROOT / "compose.yml").read_text(encoding="utf-8")
    whole: dict[str, Any] = _with_defaults(yaml.safe_load(text))
    return whole


def variables() -> set[str]:
    """Return the names of the variables that the compose file can be told."""
    text = (ROOT / "compose.yml").read_text(encoding="utf-8")
    return {found["name"] for found in _VARIABLE.finditer(text) if found["name"]}


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, each with its arguments on one line."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    pairs = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, arguments.strip()) for name, _, arguments in pairs]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return what each stage of the Dockerfile does, beginning with what the stages below it do."""
    found: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] = []
    for name, arguments in instructions():
        if name == "FROM":
            source, _, stage = arguments.partition(" AS ")
            current = found[stage] = list(found.get(source, []))
        current.append((name, arguments))
    return found


def _with_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_defaults(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_defaults(item) for item in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: found["default"] if found["name"] else "$", value)
    return value
