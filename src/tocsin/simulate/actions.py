"""What accounts and programs do, before anyone writes it to a log; a shape turns an action into events."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from tocsin.simulate.organisation import Account, Machine


class LogonType(IntEnum):
    """Windows' logon types that occur here."""

    INTERACTIVE = 2
    NETWORK = 3
    BATCH = 4
    SERVICE = 5
    REMOTE = 10


class ProcessStart(msgspec.Struct, frozen=True, gc=False):
    """A program was started.

    Attributes:
        image: the program's full path.
        parent: full path of the program that started it.
        parent_line: the parent's command line; empty for its path alone.
        elevated: whether it runs with administrative rights.
    """

    account: Account
    machine: Machine
    image: str
    command_line: str
    parent: str
    parent_line: str = ""
    elevated: bool = False


class Logon(msgspec.Struct, frozen=True, gc=False):
    """Somebody proved, or failed to prove, who they are.

    Attributes:
        machine: where to.
        address: where from.
        privileged: whether the session holds administrative rights.
    """

    account: Account
    machine: Machine
    address: str
    success: bool
    type: LogonType
    privileged: bool = False


Action = ProcessStart | Logon
