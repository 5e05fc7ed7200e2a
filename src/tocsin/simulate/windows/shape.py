"""Which events of which Windows logs an action leaves."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tocsin.simulate.actions import (
    AccountCreate,
    Action,
    Connection,
    FileCreate,
    GroupAdd,
    LogClear,
    Logon,
    ModuleLoad,
    NameLookup,
    PipeCreate,
    ProcessAccess,
    ProcessStart,
    RegistrySet,
    RemoteThread,
    ScriptBlock,
    ServiceInstall,
    ServiceState,
    ShareAccess,
    TaskCreate,
    TicketRequest,
)
from tocsin.simulate.draft import Draft
from tocsin.simulate.organisation import Kind as Machines
from tocsin.simulate.organisation import Organisation
from tocsin.simulate.windows import security, sysmon, system
from tocsin.simulate.windows.ledger import Ledger
from tocsin.simulate.windows.record import Fields, Kind, draft

Render = Callable[[Any, Ledger, int], Fields]
Event = tuple[Kind, Render]

_ALWAYS: dict[type[Action], tuple[Event, ...]] = {
    ProcessStart: ((sysmon.PROCESS, sysmon.process),),
    Connection: ((sysmon.CONNECTION, sysmon.connection),),
    ModuleLoad: ((sysmon.MODULE, sysmon.module),),
    RemoteThread: ((sysmon.THREAD, sysmon.thread),),
    ProcessAccess: ((sysmon.ACCESS, sysmon.access),),
    FileCreate: ((sysmon.FILE, sysmon.file),),
    RegistrySet: ((sysmon.REGISTRY, sysmon.registry),),
    PipeCreate: ((sysmon.PIPE, sysmon.pipe),),
    NameLookup: ((sysmon.LOOKUP, sysmon.lookup),),
    ServiceInstall: ((system.SERVICE, system.service),),
    ServiceState: ((system.STATE, system.state),),
    ScriptBlock: ((system.SCRIPT, system.script),),
    TaskCreate: ((security.TASK, security.task), (system.TASK, system.task)),
    TicketRequest: ((security.TICKET, security.ticket),),
    ShareAccess: ((security.SHARE, security.share),),
    AccountCreate: ((security.ACCOUNT, security.account),),
    GroupAdd: ((security.GROUP, security.group),),
}

_AUDITED: dict[type[Action], tuple[Event, ...]] = {
    ProcessStart: ((security.PROCESS, security.process),),
    ServiceInstall: ((security.SERVICE, security.service),),
}
"""What servers and domain controllers, which are audited more closely, log besides."""


class WindowsShape:
    """Writes actions as NXLog collects them; processes, sessions and record numbers agree within a machine.

    Args:
        organisation: whose machines log.
        rng: for numbers that Windows chooses freely.
    """

    detailed = True

    def __init__(self, organisation: Organisation, rng: random.Random) -> None:
        self._ledger = Ledger(organisation, rng)

    def drafts(self, action: Action) -> Sequence[Draft]:
        """Return the events that an action leaves, in order."""
        return [
            draft(self._ledger, kind, action.machine, partial(render, action))
            for kind, render in _events(action)
        ]


def _events(action: Action) -> tuple[Event, ...]:
    if isinstance(action, Logon):
        if not action.success:
            return ((security.LOGON_FAILURE, security.logon_failure),)
        logon = (security.LOGON, security.logon)
        return (logon, (security.PRIVILEGES, security.privileges)) if action.privileged else (logon,)
    if isinstance(action, LogClear):
        in_security = action.channel == "Security"
        return ((security.CLEARED, security.cleared) if in_security else (system.CLEARED, system.cleared),)
    audited = () if action.machine.kind is Machines.WORKSTATION else _AUDITED.get(type(action), ())
    return (*_ALWAYS[type(action)], *audited)
