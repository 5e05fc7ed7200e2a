"""The JSON Schemas of the messages, for programs that read them; docs/schemas holds what this makes.

`python -m tocsin.sinks.schemas FOLDER` writes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from tocsin.sinks.messages import SCHEMA_VERSION, ClassifiedMessage, DetectionMessage

MESSAGES: dict[str, type[msgspec.Struct]] = {"detection": DetectionMessage, "classified": ClassifiedMessage}


def schema(name: str) -> dict[str, Any]:
    """Return the schema of a message, in draft 2020-12.

    Args:
        name: `detection` or `classified`.
    """
    made = msgspec.json.schema(MESSAGES[name])["$defs"][MESSAGES[name].__name__]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tocsin:{name}:{SCHEMA_VERSION}",
        **made,
        "title": name,
    }


def write(folder: Path) -> None:
    """Write `NAME.schema.json` for every message."""
    for name in MESSAGES:
        text = json.dumps(schema(name), indent=2) + "\n"
        (folder / f"{name}.schema.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
