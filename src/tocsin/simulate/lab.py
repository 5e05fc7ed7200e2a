"""The lab's shape: what an action looks like as a flat JSON event of the lab."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from tocsin.simulate.actions import Action, Logon, ProcessStart
from tocsin.simulate.draft import Draft, iso_8601

FIELDS = (
    "event_id", "timestamp", "user", "host", "source_ip", "event_type",
    "process_name", "command_line", "logon_type",
)  # fmt: skip
"""The lab's field names, which are also the columns of its `raw_packets.csv`."""


class LabProcess(msgspec.Struct, frozen=True, gc=False):
    """A `process_start` event, in the order in which its fields are written."""

    event_id: str
    timestamp: str
    user: str
    host: str
    source_ip: str
    event_type: str
    process_name: str
    command_line: str


class LabLogin(msgspec.Struct, frozen=True, gc=False):
    """A `user_login` event, in the order in which its fields are written."""

    event_id: str
    timestamp: str
    user: str
    host: str
    source_ip: str
    event_type: str
    logon_type: str


class LabShape:
    """Writes actions as the lab's events; for actions that the lab has no event for, nothing."""

    detailed = False

    def drafts(self, action: Action) -> Sequence[Draft]:
        """Return at most one event."""
        if isinstance(action, ProcessStart):
            return (Draft(action.machine.name, partial(_process, action)),)
        if isinstance(action, Logon):
            return (Draft(action.machine.name, partial(_login, action)),)
        return ()


_encode = msgspec.json.Encoder().encode


def _process(action: ProcessStart, event_id: str, milliseconds: int) -> bytes:
    return _encode(
        LabProcess(
            event_id,
            iso_8601(milliseconds),
            action.account.name,
            action.machine.name,
            action.machine.address,
            "process_start",
            action.image.rpartition("\\")[2],
            action.command_line,
        )
    )


def _login(action: Logon, event_id: str, milliseconds: int) -> bytes:
    return _encode(
        LabLogin(
            event_id,
            iso_8601(milliseconds),
            action.account.name,
            action.machine.name,
            action.address,
            "user_login",
            "success" if action.success else "failure",
        )
    )
