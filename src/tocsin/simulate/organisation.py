"""The small organisation that is simulated: accounts, machines and their addresses, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

DOMAIN = "CORP"
"""The NetBIOS name of the Windows domain."""

DNS_SUFFIX = "corp.example"
"""A name that nobody can own (RFC 2606)."""

OUTSIDE = ("192.0.2", "198.51.100", "203.0.113")
"""Networks set aside for documentation (RFC 5737): whoever comes from there is a stranger."""


class Role(StrEnum):
    """What an account is for; its value is the account name's prefix."""

    FINANCE = "fin"
    PEOPLE = "hr"
    SALES = "sal"
    MARKETING = "mkt"
    DEVELOPER = "dev"
    ADMIN = "adm"
    SERVICE = "svc"


class Kind(StrEnum):
    """What a machine is for; its value is the machine name's prefix."""

    WORKSTATION = "WS"
    SERVER = "SRV"
    CONTROLLER = "DC"


STAFF = {
    Role.FINANCE: 6,
    Role.PEOPLE: 4,
    Role.SALES: 9,
    Role.MARKETING: 5,
    Role.DEVELOPER: 8,
    Role.ADMIN: 4,
}
SERVICES = ("backup", "sql", "web", "deploy", "monitor")
SERVERS = ("FILE-01", "FILE-02", "SQL-01", "WEB-01", "MAIL-01", "BUILD-01", "BACKUP-01")
CONTROLLERS = 2


@dataclass(frozen=True, slots=True)
class Machine:
    """A computer in the domain.

    Attributes:
        name: its short name, such as `WS-FIN-03`.
        address: its IPv4 address, always the same.
        number: a small number unique to the machine, for ids that derive from it.
    """

    name: str
    kind: Kind
    address: str
    number: int

    @property
    def fqdn(self) -> str:
        """Return the name as Windows events write it."""
        return f"{self.name}.{DNS_SUFFIX}"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's or a service's account; names are roles and numbers, never names of people.

    Attributes:
        home: the machine where the account works.
        rid: the last part of its security id.
    """

    name: str
    role: Role
    home: Machine
    rid: int


SYSTEM = Account("SYSTEM", Role.SERVICE, Machine("NOWHERE", Kind.SERVER, "127.0.0.1", 0), 18)
"""The account of the operating system itself, on every machine."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """Everyone and everything in the domain.

    Attributes:
        domain_sid: the security id of the domain, to which an account's `rid` is added.
        installation: a number from which GUIDs of machines derive.
    """

    people: Sequence[Account]
    admins: Sequence[Account]
    services: Sequence[Account]
    servers: Sequence[Machine]
    controllers: Sequence[Machine]
    domain_sid: str
    installation: int

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Return every machine once."""
        homes = [a.home for a in (*self.people, *self.admins)]
        return (*homes, *self.servers, *self.controllers)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Return every account once."""
        return (*self.people, *self.admins, *self.services)


def found(rng: random.Random) -> Organisation:
    """Return the organisation that a seed stands for; the same generator state gives the same one."""
    numbers = iter(range(1, 1_000))
    servers = [
        Machine(f"{Kind.SERVER}-{name}", Kind.SERVER, f"10.20.0.{10 + i}", next(numbers))
        for i, name in enumerate(SERVERS)
    ]
    controllers = [
        Machine(f"{Kind.CONTROLLER}-{i:02}", Kind.CONTROLLER, f"10.20.0.{1 + i}", next(numbers))
        for i in range(1, CONTROLLERS + 1)
    ]
    staff = list(_staff(rng, numbers))
    services = [
        Account(f"{Role.SERVICE}-{name}", Role.SERVICE, rng.choice(servers), 1_100 + i)
        for i, name in enumerate(SERVICES)
    ]
    return Organisation(
        people=[a for a in staff if a.role is not Role.ADMIN],
        admins=[a for a in staff if a.role is Role.ADMIN],
        services=services,
        servers=servers,
        controllers=controllers,
        domain_sid="S-1-5-21-" + "-".join(str(rng.randrange(10**9, 4 * 10**9)) for _ in range(3)),
        installation=rng.getrandbits(32),
    )


def stranger(rng: random.Random) -> str:
    """Return an address outside the organisation."""
    return f"{rng.choice(OUTSIDE)}.{rng.randrange(1, 255)}"


def _staff(rng: random.Random, numbers: Iterator[int]) -> Iterator[Account]:
    floor = rng.randrange(30, 60)
    for index, (role, count) in enumerate(STAFF.items()):
        for i in range(1, count + 1):
            address = f"10.{floor}.{index}.{20 + i}"
            home = Machine(
                f"{Kind.WORKSTATION}-{role.upper()}-{i:02}", Kind.WORKSTATION, address, next(numbers)
            )
            yield Account(f"{role}-{i:02}", role, home, 1_200 + home.number)
