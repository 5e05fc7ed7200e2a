"""Attacks woven into ordinary activity: chains of ATT&CK techniques over several events and machines."""

from tocsin.simulate.scenarios import access, aims, credentials, evasion, lateral, persistence
from tocsin.simulate.scenarios.cast import Act, Cast, Scenario

SCENARIOS: tuple[Scenario, ...] = (
    *access.SCENARIOS,
    *credentials.SCENARIOS,
    *lateral.SCENARIOS,
    *persistence.SCENARIOS,
    *evasion.SCENARIOS,
    *aims.SCENARIOS,
)
"""All attacks, each as likely to begin as the others."""

__all__ = ["SCENARIOS", "Act", "Cast", "Scenario"]
