"""Who plays an attack: the intruder, the victims and the tools of one run, drawn from the run's own seed."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tocsin.simulate.actions import Action, Logon, LogonType, ProcessStart
from tocsin.simulate.organisation import Account, Machine, Organisation, stranger
from tocsin.simulate.software import CMD

_SYLLABLES = ("ba", "ce", "di", "fo", "ga", "ki", "lu", "ma", "ne", "po", "ra", "su", "ti", "vo", "xe", "zu")


@dataclass(frozen=True, slots=True)
class Act:
    """One action of an attack and what it stands for.

    Attributes:
        step: a short name, unique within its scenario; several actions may belong to one step.
        technique: the ATT&CK (sub-)technique that the step uses.
    """

    step: str
    technique: str
    action: Action


@dataclass(frozen=True, slots=True)
class Scenario:
    """A chain of steps that an intruder takes.

    Attributes:
        name: as the ground truth writes it, such as `brute-force`.
        title: one line for a human.
        play: yields the actions of one run in order.
        haste: how many actions come at a stretch; high where a machine types.
    """

    name: str
    title: str
    play: Callable[[Cast], Iterator[Act]]
    haste: int = 1


class Cast:
    """The roles of one run, and what the intruder makes up as they go."""

    def __init__(self, organisation: Organisation, rng: random.Random) -> None:
        self.organisation = organisation
        self.rng = rng
        self.intruder = stranger(rng)
        self.victim: Account = rng.choice(organisation.people)
        self.admin: Account = rng.choice(organisation.admins)
        self.service: Account = rng.choice(organisation.services)
        self.server: Machine = rng.choice(organisation.servers)
        self.controller: Machine = rng.choice(organisation.controllers)

    @property
    def desk(self) -> Machine:
        """Return the victim's own machine."""
        return self.victim.home

    def run(
        self,
        line: str,
        image: str = CMD,
        parent: str = CMD,
        *,
        account: Account | None = None,
        machine: Machine | None = None,
    ) -> ProcessStart:
        """Return the start of a program: by the victim on their machine, unless said otherwise."""
        account = account or self.victim
        elevated = account is not self.victim
        return ProcessStart(account, machine or account.home, image, line, parent, f'"{parent}"', elevated)

    def log_on(
        self, account: Account, machine: Machine, address: str, type_: LogonType, *, success: bool = True
    ) -> Logon:
        """Return a logon, or an attempt at one."""
        privileged = success and account in self.organisation.admins
        return Logon(account, machine, address, success, type_, privileged)

    def word(self) -> str:
        """Return a made-up name for a file, a task or a service."""
        return "".join(self.rng.choice(_SYLLABLES) for _ in range(self.rng.randint(2, 4)))

    def one_of(self, *texts: str) -> str:
        """Return one of the texts."""
        return self.rng.choice(texts)

    def cased(self, text: str) -> str:
        """Return the text as it is, in capitals, or in the mixed case that hides from exact matches."""
        style = self.rng.random()
        if style < 0.5:
            return text
        if style < 0.6:
            return text.upper()
        return "".join(c.upper() if self.rng.random() < 0.4 else c for c in text)

    def url(self, extension: str) -> str:
        """Return an address on the intruder's server."""
        port = self.rng.choice((80, 443, 8080, 8443))
        return f"http://{self.intruder}:{port}/{self.word()}.{extension}"

    def dropped(self, extension: str) -> str:
        """Return the path of a file in a folder that everybody may write to."""
        folder = self.one_of(
            f"C:\\Users\\{self.victim.name}\\AppData\\Local\\Temp",
            "C:\\Users\\Public",
            "C:\\ProgramData",
            "C:\\Windows\\Temp",
            f"C:\\Users\\{self.victim.name}\\AppData\\Roaming",
        )
        return f"{folder}\\{self.word()}.{extension}"


def encoded(script: str) -> str:
    """Return a script as PowerShell's `-EncodedCommand` takes it: Base64 of UTF-16LE."""
    return base64.b64encode(script.encode("utf-16-le")).decode("ascii")
