"""Where files lie that can be had again: downloads and what was compiled."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Return the folder that the variable TOCSIN_CACHE names, else the user's cache folder."""
    named = os.environ.get("TOCSIN_CACHE")
    return Path(named).expanduser().absolute() if named else platformdirs.user_cache_path("tocsin")
