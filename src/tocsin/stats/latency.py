"""What a latency plot is made of, and saving it; `latency_figure` draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Series:
    """Curves over the time of a step of a benchmark, all of one length.

    Attributes:
        name: of the step.
        counts_from, counts_to: seconds between which it is measured; before, it was warming up.
        seconds: since the load began.
        sent, stored: records a second.
        lag: records created and not stored yet.
        latency: what -> quantile -> milliseconds, by when a record was created; NaN for none.
    """

    name: str
    counts_from: float
    counts_to: float
    seconds: Sequence[float]
    sent: Sequence[float]
    stored: Sequence[float]
    lag: Sequence[float]
    latency: Mapping[str, Mapping[str, Sequence[float]]]


def save_latency_plot(found: Sequence[Series], title: str, path: Path) -> None:
    """Draw the steps of a benchmark side by side: latency, throughput and lag over time.

    Args:
        found: at least one.
        title: above it.
        path: a PNG of 1600 x 1000 pixels.

    Raises:
        SettingsError: matplotlib is not installed, or the file cannot be written.
    """
    try:
        from tocsin.stats.latency_figure import drawn  # noqa: PLC0415 - matplotlib is an extra, and slow
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise SettingsError("plots need matplotlib", "pip install 'tocsin[plot]'") from error
    picture = drawn(found, title)
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be written: {error.strerror}") from error
