"""What accounts and programs do, before anyone writes it to a log; a shape turns an action into events."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

import msgspec

from tocsin.simulate.organisation import Account, Machine


class LogonType(IntEnum):
    """Windows' logon types that occur here."""

    INTERACTIVE = 2
    NETWORK = 3
    BATCH = 4
    SERVICE = 5
    REMOTE = 10


class Action(msgspec.Struct, frozen=True, gc=False):
    """Something that an account does on a machine."""

    account: Account
    machine: Machine


class ProcessStart(Action, frozen=True, gc=False):
    """A program was started.

    Attributes:
        image: the program's full path.
        parent: full path of the program that started it.
        parent_line: the parent's command line; empty for its path alone.
        elevated: whether it runs with administrative rights.
        original: the name it was compiled under, if the file was renamed; empty for the usual one.
    """

    image: str
    command_line: str
    parent: str
    parent_line: str = ""
    elevated: bool = False
    original: str = ""


class Logon(Action, frozen=True, gc=False):
    """Somebody proved, or failed to prove, who they are; `machine` is where to.

    Attributes:
        address: where from.
        privileged: whether the session holds administrative rights.
    """

    address: str
    success: bool
    type: LogonType
    privileged: bool = False


class Connection(Action, frozen=True, gc=False):
    """A program opened a network connection.

    Attributes:
        address, port: where to.
        name: the name of the other side; `-` where none is known.
    """

    image: str
    address: str
    port: int
    name: str = "-"


class NameLookup(Action, frozen=True, gc=False):
    """A program asked for the address of a name."""

    image: str
    name: str
    answer: str


class FileCreate(Action, frozen=True, gc=False):
    """A program made a file."""

    image: str
    path: str


class RegistrySet(Action, frozen=True, gc=False):
    """A program set a value of the registry.

    Attributes:
        key: with the value's name, beginning with HKLM or HKU; `{sid}` stands for the account's security id.
        details: the value as Sysmon writes it.
    """

    image: str
    key: str
    details: str


class ModuleLoad(Action, frozen=True, gc=False):
    """A program loaded a library."""

    image: str
    module: str
    signed: bool = True


class ProcessAccess(Action, frozen=True, gc=False):
    """A program opened another one.

    Attributes:
        rights: the access mask that was granted.
        trace: the modules through which the call came, as Sysmon writes them.
    """

    image: str
    target: str
    rights: int
    trace: str


class RemoteThread(Action, frozen=True, gc=False):
    """A program started a thread in another one.

    Attributes:
        module, function: where the thread begins; `-` where that is no module's code.
    """

    image: str
    target: str
    module: str = "-"
    function: str = "-"


class PipeCreate(Action, frozen=True, gc=False):
    """A program made a named pipe."""

    image: str
    pipe: str


class ServiceInstall(Action, frozen=True, gc=False):
    """A service was installed."""

    name: str
    path: str
    start: Literal["auto start", "demand start"] = "demand start"


class TaskCreate(Action, frozen=True, gc=False):
    """A scheduled task was made.

    Attributes:
        command, arguments: what it runs.
    """

    name: str
    command: str
    arguments: str


class ScriptBlock(Action, frozen=True, gc=False):
    """PowerShell compiled a script.

    Attributes:
        path: the script's file; empty when it was typed or passed on.
    """

    text: str
    path: str = ""


class ShareAccess(Action, frozen=True, gc=False):
    """A file of a share of `machine` was opened.

    Attributes:
        share: such as `ADMIN$`.
        target: the path within the share.
        address: where from.
        writing: whether it was opened for writing.
    """

    share: str
    target: str
    address: str
    writing: bool = False


class TicketRequest(Action, frozen=True, gc=False):
    """An account asked the domain controller `machine` for a ticket to a service.

    Attributes:
        service: the account that the service runs as.
        weak: whether RC4, which is quick to crack, was asked for instead of AES.
    """

    service: str
    address: str
    weak: bool = False


class AccountCreate(Action, frozen=True, gc=False):
    """`account` made a local account named `name` on `machine`."""

    name: str


class GroupAdd(Action, frozen=True, gc=False):
    """`account` put an account into a local group of `machine`."""

    group: str
    member: str


class LogClear(Action, frozen=True, gc=False):
    """`account` emptied a log of `machine`; `channel` is its name."""

    channel: str


class ServiceState(Action, frozen=True, gc=False):
    """A service of `machine` changed its state."""

    service: str
    state: Literal["running", "stopped"]
