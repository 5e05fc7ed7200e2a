"""What one `attack.` tag of a Sigma rule stands for; rules are read before any event is judged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

TECHNIQUE_ID = re.compile(r"t[0-9]{4}(\.[0-9]{3})?")
"""A technique or sub-technique, as tags write it."""

REFERENCE_ID = re.compile(r"(g|s|c|m|a|ds|dc|det|an)[0-9]{4}")
"""A group, software, campaign, mitigation, asset, data source or component, detection strategy, analytic."""


class Kind(StrEnum):
    """What a tag stands for."""

    TACTIC = "tactic"
    TECHNIQUE = "technique"
    REFERENCE = "reference"
    UNKNOWN = "unknown"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as the current catalogue reads it.

    Attributes:
        text: the tag as the rule has it.
        kind: REFERENCE is a group, software or the like; UNKNOWN is in the `attack` namespace but not in the
            catalogue; FOREIGN is of another namespace, such as `cve.` or `tlp.`.
        tactics: the tactic that was named; more than one for a tactic of an older version that was split; for
            a technique, all it serves. In kill-chain order.
        technique: id of the technique; None unless the kind is TECHNIQUE.
        note: a sentence for the rule's author when the tag is out of date or unknown; else empty.
    """

    text: str
    kind: Kind
    tactics: tuple[str, ...] = ()
    technique: str | None = None
    note: str = ""


def words_joined(name: str) -> str:
    """Return a tactic's name as a shortname: `Initial Access`, `initial_access` -> `initial-access`."""
    return re.sub(r"[\s_-]+", "-", name.strip().lower())
