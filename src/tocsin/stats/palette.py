"""One colour per tactic, the same in every plot and on every screen."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tocsin.model import NO_LABEL

TACTICS: Mapping[str, str] = MappingProxyType(
    {
        "TA0043": "#ac8cfe",  # Reconnaissance
        "TA0042": "#6a41b9",  # Resource Development
        "TA0001": "#96b8f8",  # Initial Access
        "TA0002": "#247695",  # Execution
        "TA0003": "#25ebfc",  # Persistence
        "TA0004": "#015c3f",  # Privilege Escalation
        "TA0005": "#ade2a5",  # Stealth
        "TA0112": "#8c9432",  # Defense Impairment
        "TA0006": "#f2cf43",  # Credential Access
        "TA0007": "#986007",  # Discovery
        "TA0008": "#e6a445",  # Lateral Movement
        "TA0009": "#9d130d",  # Collection
        "TA0011": "#e3768c",  # Command and Control
        "TA0010": "#7c0d80",  # Exfiltration
        "TA0040": "#c05dcd",  # Impact
    }
)
"""Tactic id -> sRGB, in kill-chain order: from violet over blue, green and yellow to red.

Found by simulated annealing: light and dark take turns, and the least distance of any two colours is as large
as could be found, seen by normal eyes and with each of the three kinds of colour blindness (Machado, Oliveira
and Fernandes 2009, full severity). In OKLab it is 0.08 for any two and 0.19 for neighbours in the kill chain;
about 0.02 can just be told apart.
"""

NO_DETECTION = "#bebebe"
"""Neutral, and lighter than what matters."""

UNKNOWN = "#5b6770"
"""A tactic that the catalogue does not know."""


def has_tactic(tactic: str) -> bool:
    """Say whether a label's tactic id names one, rather than that nothing fired."""
    return tactic not in (NO_LABEL.tactic, "")


def colour(tactic: str) -> str:
    """Return the colour of a tactic id as `#rrggbb`."""
    return TACTICS.get(tactic, UNKNOWN) if has_tactic(tactic) else NO_DETECTION
