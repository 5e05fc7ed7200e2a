"""What ordinary programs do besides being started: files, registry, network; read from `background.toml`."""

from __future__ import annotations

import random
import tomllib
from bisect import bisect
from functools import cache
from importlib import resources
from itertools import accumulate
from typing import Any, Literal

import msgspec

from tocsin.simulate import actions
from tocsin.simulate.actions import Action
from tocsin.simulate.organisation import SYSTEM, Account, Machine, Organisation
from tocsin.simulate.software import WORDS


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that happens again and again; see `background.toml`.

    Attributes:
        action: name of the class in `actions`.
        weight: how often, relative to the others.
        fields: the action's own fields; texts are templates.
    """

    action: str
    weight: float
    fields: dict[str, str | int | bool]
    who: Literal["people", "admins", "services", "system"] = "people"
    where: Literal["home", "server", "controller"] = "home"


@cache
def entries() -> tuple[Entry, ...]:
    """Return all entries."""
    text = resources.files("tocsin.simulate").joinpath("background.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["entry"], tuple[Entry, ...])


class Background:
    """Draws one such action after the other; the same generator state gives the same actions."""

    def __init__(self, organisation: Organisation, rng: random.Random) -> None:
        self._organisation = organisation
        self._rng = rng
        self._entries = entries()
        self._sums = list(accumulate(e.weight for e in self._entries))
        self._classes: dict[str, Any] = {e.action: getattr(actions, e.action) for e in self._entries}
        self._accounts = {
            "people": organisation.people,
            "admins": organisation.admins,
            "services": organisation.services,
            "system": (SYSTEM,),
        }

    def draw(self) -> Action:
        """Return what a program does next."""
        rng = self._rng
        entry = self._entries[bisect(self._sums, rng.random() * self._sums[-1])]
        accounts = self._accounts[entry.who]
        account = accounts[int(rng.random() * len(accounts))]
        machine = self._machine(entry, account)
        names = {
            "user": account.name,
            "address": account.home.address,
            "word": WORDS[int(rng.random() * len(WORDS))],
            "n": int(rng.random() * 90) + 10,
            "hex": f"{rng.getrandbits(32):08X}",
            "server": self._organisation.servers[int(rng.random() * len(self._organisation.servers))].name,
            "sid": "{sid}",
        }
        fields = {
            name: value.format_map(names) if isinstance(value, str) else value
            for name, value in entry.fields.items()
        }
        made: Action = self._classes[entry.action](account, machine, **fields)
        return made

    def _machine(self, entry: Entry, account: Account) -> Machine:
        organisation = self._organisation
        if entry.where == "server":
            return self._rng.choice(organisation.servers)
        if entry.where == "controller":
            return self._rng.choice(organisation.controllers)
        return self._rng.choice(organisation.machines) if account == SYSTEM else account.home
