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
