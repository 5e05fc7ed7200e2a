"""Attacks woven into ordinary activity: chains of ATT&CK techniques over several events and machines."""

from tocsin.simulate.scenarios import access
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario

SCENARIOS: tuple[Scenario, ...] = (*access.SCENARIOS,)
"""All attacks, each as likely to begin as the others."""

__all__ = ["SCENARIOS", "Act", "Cast", "Scenario"]
