"""How numbers are written, on a terminal and in a picture alike."""

from __future__ import annotations


def short(count: float) -> str:
    """Return a number for an axis: `950`, `12,000`, `3.5 M`."""
    for size, unit in ((1e9, "G"), (1e6, "M")):
        if abs(count) >= size:
            return f"{count / size:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{count:,.0f}"


def percent(share: float) -> str:
    """Return a share as text: `12.3 %`; what did occur is never `0.0 %`, nor what is not all `100.0 %`."""
    if share in (0, 1):
        return f"{share:.0%}".replace("%", " %")
    if share < 0.001:
        return "< 0.1 %"
    return "> 99.9 %" if share > 0.999 else f"{share:.1%}".replace("%", " %")


def shortened(text: str, most: int = 80) -> str:
    """Return a name that fits into a sentence: one that is longer was made to be, and is cut."""
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def plural(count: int, noun: str) -> str:
    """Return a number with its noun: `1 host`, `1,200 hosts`, `2 addresses`."""
    ending = "" if count == 1 else "es" if noun.endswith("s") else "s"
    return f"{count:,} {noun}{ending}"


def seconds(duration: float) -> str:
    """Return a duration: `20 ms`, `1.5 s`, `12 min`, `3.5 h`, `2 days`."""
    if duration < 1:
        return f"{duration * 1000:.0f} ms"
    for size, unit, most in ((1, "s", 120), (60, "min", 7_200), (3_600, "h", 172_800)):
        if duration < most:
            return f"{duration / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{duration / 86_400:.1f}".removesuffix(".0") + " days"
