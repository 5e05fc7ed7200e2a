"""Reads what a worker shows to Prometheus: for whoever wants to look at one without a Prometheus."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from tocsin.errors import SettingsError, StreamError

_PATIENCE = 2.0

_MOST_BYTES = 8 * 2**20
"""A worker with a thousand rules shows a twentieth of it."""

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]
"""Name of a series and its labels -> its value; histograms are their `_sum`, `_count` and `_bucket`."""


def scrape(url: str) -> Samples:
    """Return the series that are at an address.

    Raises:
        SettingsError: not an address.
        StreamError: nobody answers there, or with something else.
    """
    if not url.startswith(("http://", "https://")):
        raise SettingsError(f"console.metrics = {url!r}: expected http://HOST:PORT/metrics")
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE) as answer:  # noqa: S310 - checked above
            text = answer.read(_MOST_BYTES).decode()
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    except urllib.error.URLError as error:
        raise StreamError(f"no worker answers at {url}: {error.reason}") from error
    except (OSError, ValueError) as error:
        raise StreamError(f"{url} does not answer as a worker does: {error}") from error


def value(samples: Samples, name: str, **labels: str) -> float | None:
    """Return the value of a series; None when there is none."""
    return samples.get((name, frozenset(labels.items())))
