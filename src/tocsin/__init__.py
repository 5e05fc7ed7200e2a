"""Tocsin: security events in, ATT&CK-labelled detections out, every event traceable end to end."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from tocsin.version import __version__

if TYPE_CHECKING:
    from tocsin.app.pipeline import Pipeline
    from tocsin.detect import Detector
    from tocsin.rules import load_rules

__all__ = ["Detector", "Pipeline", "__version__", "load_rules"]

_EXPORTS = {"Detector": "tocsin.detect", "Pipeline": "tocsin.app.pipeline", "load_rules": "tocsin.rules"}


def __getattr__(name: str) -> object:
    """Import what the package exports when it is first used: `tocsin --help` need not pay for it."""
    if name in _EXPORTS:
        return getattr(importlib.import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
