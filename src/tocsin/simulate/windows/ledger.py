"""What Windows numbers: processes, logon sessions, records; so that events of one machine agree."""

from __future__ import annotations

import random
from collections import defaultdict

import msgspec

from tocsin.simulate.organisation import DOMAIN, SYSTEM, Account, Machine, Organisation


class Process(msgspec.Struct, frozen=True, gc=False):
    """A running program.

    Attributes:
        guid: as Sysmon writes it: machine, time of start, a counter.
    """

    pid: int
    guid: str


class Session(msgspec.Struct, frozen=True, gc=False):
    """A logon session."""

    logon_id: str
    guid: str


class Ledger:
    """Hands out numbers and remembers the latest of each kind."""

    def __init__(self, organisation: Organisation, rng: random.Random) -> None:
        self._rng = rng
        self._sid = organisation.domain_sid
        self._installation = organisation.installation
        self._running: dict[tuple[int, str], Process] = {}
        self._sessions: dict[tuple[int, str], Session] = {}
        self._records: dict[tuple[int, str], int] = defaultdict(lambda: rng.randrange(10_000, 900_000))
        self._agents: dict[int, int] = defaultdict(lambda: 4 * rng.randrange(300, 2_000))
        self._counter = rng.randrange(1_000)

    def start(self, machine: Machine, image: str, milliseconds: int) -> Process:
        """Return a new process of a program."""
        self._counter += 1
        seconds = f"{milliseconds // 1_000:08x}"
        count = f"{self._counter & 0xFFFF:04x}"
        guid = f"{{{self._machine(machine)}-{seconds[4:]}-{seconds[:4]}-{count}-000000000400}}"
        found = Process(4 * int(300 + self._rng.random() * 3_000), guid)
        self._running[machine.number, image.lower()] = found
        return found

    def running(self, machine: Machine, image: str, milliseconds: int) -> Process:
        """Return the latest process of a program on a machine; an old one is made up if none is known."""
        found = self._running.get((machine.number, image.lower()))
        return found or self.start(machine, image, milliseconds - 3_600_000)

    def session(self, machine: Machine, account: Account) -> Session:
        """Return the account's session on a machine."""
        if account == SYSTEM:
            return Session("0x3e7", f"{{{self._machine(machine)}-0000-0000-e703-000000000000}}")
        key = (machine.number, account.name)
        return self._sessions.get(key) or self.log_on(machine, account)

    def log_on(self, machine: Machine, account: Account) -> Session:
        """Return a new session."""
        number = int(0x20000 + self._rng.random() * 0x9000000)
        low = number.to_bytes(4, "little").hex()
        guid = f"{{{self._machine(machine)}-{machine.number:04x}-5f69-{low[:4]}-{low[4:]}00000000}}"
        found = Session(f"0x{number:x}", guid)
        self._sessions[machine.number, account.name] = found
        return found

    def next_record(self, machine: Machine, channel: str) -> int:
        """Return the next record number of a log."""
        key = (machine.number, channel)
        self._records[key] += 1
        return self._records[key]

    def agent(self, machine: Machine) -> int:
        """Return the process id of the service that writes a machine's logs."""
        return self._agents[machine.number]

    def port(self) -> int:
        """Return a port that a client was given."""
        return 49_152 + int(self._rng.random() * 16_000)

    def number(self, below: int) -> int:
        """Return any number from 0."""
        return int(self._rng.random() * below)

    def sid(self, account: Account) -> str:
        """Return the security id of an account."""
        return "S-1-5-18" if account == SYSTEM else f"{self._sid}-{account.rid}"

    def _machine(self, machine: Machine) -> str:
        return f"{(self._installation + machine.number * 0x9E3779B1) & 0xFFFFFFFF:08x}"


def domain_of(account: Account) -> str:
    """Return the domain of an account, as events write it."""
    return "NT AUTHORITY" if account == SYSTEM else DOMAIN


def user_of(account: Account) -> str:
    """Return an account as Sysmon writes it."""
    return f"{domain_of(account)}\\{account.name}"
