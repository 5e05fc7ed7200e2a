"""A tactic and a technique of MITRE ATT&CK, as the catalogue lists them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tactic:
    """What an adversary is after.

    Attributes:
        id: `TA0002`.
        name: `Execution`.
        shortname: `execution`, as Sigma tags and STIX kill-chain phases write it.
        order: place in the kill chain, from 0.
        url: its page on the ATT&CK site.
    """

    id: str
    name: str
    shortname: str
    order: int
    url: str


@dataclass(frozen=True, slots=True)
class Technique:
    """How an adversary goes about it.

    Attributes:
        id: `T1059` or, for a sub-technique, `T1059.001`.
        name: `PowerShell`.
        tactics: ids of the tactics it serves, in kill-chain order.
        parent: id of the technique it is a part of; None for a technique.
        url: its page on the ATT&CK site.
    """

    id: str
    name: str
    tactics: tuple[str, ...]
    parent: str | None
    url: str
