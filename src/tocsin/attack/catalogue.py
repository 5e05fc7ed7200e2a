"""ATT&CK's tactics and techniques, read once from the package's data; asked while rules are compiled."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from tocsin.attack.tags import REFERENCE_ID, TECHNIQUE_ID, Kind, Tag, words_joined
from tocsin.errors import nearest
from tocsin.model import NO_LABEL, Label, Tactic, Technique

DATA = "enterprise-19.json"
"""Written by `scripts/build_attack_catalogue.py`; says itself where it comes from."""

SITE = "https://attack.mitre.org"

NOTHING = "No detection"
"""What `TA0000` and `T0000` are called: nothing fired, or only rules without ATT&CK tags."""

NO_TECHNIQUE = "No technique"
"""What `T0000` is called beside a tactic: the rule names what the adversary is after, but not how."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Enterprise ATT&CK of one version.

    Attributes:
        version: `19.2`.
        source: where the data comes from, in words.
        notice: MITRE's copyright, to be shown wherever the data is.
        tactics: in kill-chain order.
        techniques: id -> technique or sub-technique, current ones only.
        successors: withdrawn id -> the id that took its place (which may be withdrawn too), or None.
        aliases: shortname of a tactic of an older version -> ids of the tactics that it became.
    """

    version: str
    source: str
    notice: str
    tactics: tuple[Tactic, ...]
    techniques: Mapping[str, Technique]
    successors: Mapping[str, str | None]
    aliases: Mapping[str, tuple[str, ...]]

    def tactic(self, name: str) -> Tactic | None:
        """Return a tactic by its id, shortname or name, in any case, words joined by blanks, `-` or `_`."""
        wanted = words_joined(name)
        return next((t for t in self.tactics if wanted in (t.shortname, t.id.lower())), None)

    def technique(self, attack_id: str) -> Technique | None:
        """Return a technique or sub-technique by its current id, in any case."""
        return self.techniques.get(attack_id.strip().upper())

    def current(self, attack_id: str) -> str | None:
        """Return the id by which a technique or tactic goes in this version; None when it is gone or unknown.

        A current id is returned as it is, so that doing it twice changes nothing.
        """
        at = attack_id.strip().upper()
        while at in self.successors:
            following = self.successors[at]
            if following is None:
                return None
            at = following
        known = at in self.techniques or any(at == tactic.id for tactic in self.tactics)
        return at if known else None

    def in_order(self, tactics: set[str]) -> tuple[str, ...]:
        """Return those of the tactic ids that this version has, in kill-chain order."""
        return tuple(tactic.id for tactic in self.tactics if tactic.id in tactics)

    def name(self, attack_id: str) -> str:
        """Return the display name of a tactic or technique.

        A withdrawn id has the name of its successor; an id that is not known is its own name.
        """
        if attack_id in (NO_LABEL.tactic, NO_LABEL.technique):
            return NOTHING
        now = self.current(attack_id) or attack_id
        found = self.techniques.get(now) or self.tactic(now)
        return found.name if found else attack_id

    def names(self, label: Label) -> tuple[str, str]:
        """Return the display names of a label's tactic and technique."""
        if label.technique == NO_LABEL.technique and label.tactic != NO_LABEL.tactic:
            return self.name(label.tactic), NO_TECHNIQUE
        return self.name(label.tactic), self.name(label.technique)

    def tag(self, tag: str) -> Tag:
        """Return what a rule's tag stands for in this version. Takes any text, and never raises."""
        namespace, _, name = tag.strip().lower().partition(".")
        if namespace != "attack":
            return Tag(tag, Kind.FOREIGN)
        if TECHNIQUE_ID.fullmatch(name):
            return self._technique_tag(tag, name.upper())
        if REFERENCE_ID.fullmatch(name):
            return Tag(tag, Kind.REFERENCE)
        return self._tactic_tag(tag, words_joined(name))

    def _technique_tag(self, tag: str, attack_id: str) -> Tag:
        now = self.current(attack_id)
        if now is not None:
            note = (
                "" if now == attack_id else f"{attack_id} is {now} ({self.name(now)}) since a later version"
            )
            return Tag(tag, Kind.TECHNIQUE, self.techniques[now].tactics, now, note)
        if attack_id in self.successors:
            return Tag(tag, Kind.UNKNOWN, note=f"{attack_id} was withdrawn from ATT&CK without a successor")
        return Tag(tag, Kind.UNKNOWN, note=f"{attack_id} is not in Enterprise ATT&CK v{self.version}")

    def _tactic_tag(self, tag: str, name: str) -> Tag:
        tactic = self.tactic(name)
        if tactic:
            return Tag(tag, Kind.TACTIC, (tactic.id,))
        if name in self.aliases:
            became = self.aliases[name]
            listed = " and ".join(f"{self.name(id_)} ({id_})" for id_ in became)
            return Tag(tag, Kind.TACTIC, became, note=f"{name} is now {listed}; the techniques decide which")
        shown = name if len(name) <= _LONGEST_SHOWN else name[:_LONGEST_SHOWN] + "..."
        known = [*(t.shortname for t in self.tactics), *self.aliases]
        hint = nearest(name, known) if shown == name else ""
        problem = f"{shown!r} is not in Enterprise ATT&CK v{self.version}"
        return Tag(tag, Kind.UNKNOWN, note=f"{problem}, {hint}" if hint else problem)


_LONGEST_SHOWN = 40  # twice the longest shortname: longer text is not a slip of the pen worth a comparison


@cache
def catalogue() -> Catalogue:
    """Return the catalogue that this package ships; it is read on the first call only."""
    text = pkgutil.get_data(__package__, DATA)
    assert text is not None, "every loader that can import this package can read its data"
    data = json.loads(text)
    return Catalogue(
        version=data["version"],
        source=data["source"],
        notice=data["notice"],
        tactics=tuple(_tactics(data)),
        techniques=MappingProxyType({technique.id: technique for technique in _techniques(data)}),
        successors=MappingProxyType(data["successors"]),
        aliases=MappingProxyType({alias: tuple(ids) for alias, ids in data["tactic_aliases"].items()}),
    )


def _tactics(data: dict[str, Any]) -> Iterator[Tactic]:
    for order, (id_, shortname, name) in enumerate(data["tactics"]):
        yield Tactic(id_, name, shortname, order, f"{SITE}/tactics/{id_}/")


def _techniques(data: dict[str, Any]) -> Iterator[Technique]:
    for id_, name, tactics, parent in data["techniques"]:
        yield Technique(id_, name, tuple(tactics), parent, f"{SITE}/techniques/{id_.replace('.', '/')}/")
