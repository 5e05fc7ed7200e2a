"""Counts per technique as a layer of the ATT&CK Navigator, for the results' readers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.attack.catalogue import catalogue

LAYER_FORMAT = "4.5"

OLDEST_NAVIGATOR = "5.0.0"
"""The format was new in 4.9.0, but MITRE's own Python tools know it by the major version 5."""

COLOURS = ("#fff7d6", "#f4a259", "#b3282d")
"""From few to many: lightness falls evenly, so that it can be read without telling hues apart."""


def layer(
    name: str, scores: Mapping[str, float], comments: Mapping[str, str] | None = None, description: str = ""
) -> dict[str, Any]:
    """Return a Navigator layer (format 4.5) to be written as JSON.

    Args:
        name: the layer's title.
        scores: technique id -> a finite number, such as how often it was seen. A withdrawn id counts for its
            successor; ids that the catalogue does not know (`T0000`) are left out: the matrix has no cell
            for them.
        comments: technique id -> text shown over its cell, by the ids that `scores` uses.
        description: what the layer shows, in a sentence.
    """
    totals: dict[str, float] = {}
    texts: dict[str, list[str]] = {}
    for given, score in scores.items():
        technique = catalogue().technique(catalogue().current(given) or "")
        if technique:
            totals[technique.id] = totals.get(technique.id, 0) + score
            texts.setdefault(technique.id, []).extend(filter(None, [(comments or {}).get(given)]))
    return {
        "name": name,
        "versions": {
            "attack": catalogue().version.partition(".")[0],
            "navigator": OLDEST_NAVIGATOR,
            "layer": LAYER_FORMAT,
        },
        "domain": "enterprise-attack",
        "description": description,
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "expandedSubtechniques": "annotated"},
        "techniques": [
            {"techniqueID": id_, "score": totals[id_], "comment": "\n".join(texts[id_])}
            for id_ in sorted(totals)
        ],
        "gradient": {
            "colors": list(COLOURS),
            "minValue": min(0, *totals.values()) if totals else 0,
            # It must be above the minimum, even for a layer without a score.
            "maxValue": max(1, *totals.values()) if totals else 1,
        },
    }
