"""Saves the summary of a store as a picture for a report."""

from __future__ import annotations

from pathlib import Path

from tocsin.errors import SettingsError
from tocsin.stats.questions import Summary

SUFFIXES = (".png", ".svg", ".pdf")


def save_plot(found: Summary, path: Path) -> None:
    """Draw a summary: events over time by tactic, totals, techniques, hosts and users.

    Args:
        found: what to draw; a store without events gives a picture that says so.
        path: where to; a PNG is 1600 x 1000 pixels. Folders on the way are made.

    Raises:
        SettingsError: matplotlib is not installed, the file's kind is not known, or it cannot be written.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SettingsError(
            f"{path}: cannot draw a {path.suffix or 'file without a suffix'}", f"one of: {' '.join(SUFFIXES)}"
        )
    try:
        from tocsin.stats.figure import drawn  # noqa: PLC0415 - matplotlib is an extra, and slow to import
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise SettingsError("plots need matplotlib", "pip install 'tocsin[plot]'") from error
    picture = drawn(found, path.suffix[1:].lower())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror}") from error
