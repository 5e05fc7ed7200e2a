"""The Windows shape: what the collectors of real logs send, event for event and field for field."""

from __future__ import annotations

import json
import random
import zipfile
from collections import defaultdict
from functools import cache
from typing import Any

import pytest

from tests.corpora import corpus
from tocsin.decode import decode
from tocsin.model import Batch, Event, Stream
from tocsin.simulate import actions
from tocsin.simulate.actions import ProcessStart
from tocsin.simulate.background import Entry, entries
from tocsin.simulate.organisation import SYSTEM, Role, found
from tocsin.simulate.routine import Routine
from tocsin.simulate.software import menus
from tocsin.simulate.weave import Happening, Simulator
from tocsin.simulate.windows import WindowsShape

START = 1_790_000_000_000

UNRECORDED = {104, 1102, 4720, 4732}
"""Events that the corpus does not have from NXLog; their fields are as Windows documents them."""

NEWER = {"User", "ParentUser", "SourceUser", "TargetUser"}
"""Fields that Sysmon writes since version 13.30, which some of the recordings predate."""


@pytest.fixture(scope="module")
def many() -> list[Happening]:
    return Simulator(7, "windows", 0.1).take(range(START, START + 300_000, 10))


@cache
def recorded_fields() -> dict[tuple[str, int], set[str]]:
    """Channel and event id -> every field name that was recorded."""
    fields: dict[tuple[str, int], set[str]] = defaultdict(set)
    for archive in sorted(corpus("windows-events").glob("*.zip")):
        with zipfile.ZipFile(archive) as entries_:
            for name in entries_.namelist():
                if not name.startswith("__MACOSX"):
                    for line in entries_.open(name):
                        event = json.loads(line)
                        fields[event["Channel"].lower(), int(event["EventID"])] |= event.keys()
    return fields


@pytest.mark.slow
def test_fields_are_those_of_recorded_events(many: list[Happening]) -> None:
    """No event has a field that the same event in the recordings never has."""
    strange: dict[tuple[str, int], set[str]] = defaultdict(set)
    for happening in many:
        event = json.loads(happening.value)
        key = (event["Channel"].lower(), event["EventID"])
        if event["EventID"] not in UNRECORDED:
            strange[key] |= event.keys() - recorded_fields()[key] - NEWER
    assert {key: names for key, names in strange.items() if names} == {}


def test_decodes(many: list[Happening]) -> None:
    """Every event is one: with the id of its header, its host, its time, and a Sigma log source."""
    batch = Batch(
        stream=Stream("topic", "raw-events", "id"),
        partitions=[0] * len(many),
        offsets=range(len(many)),
        timestamps=[START] * len(many),
        keys=[h.host.encode() for h in many],
        values=[h.value for h in many],
        headers=[[("event-id", h.event_id.encode())] for h in many],
    )
    for happening, outcome in zip(many, decode(batch), strict=True):
        assert isinstance(outcome, Event)
        assert outcome.event_id == happening.event_id
        assert outcome.host == happening.host
        assert outcome.timestamp.startswith("2026-09-21T")
        assert outcome.logsource.product == "windows"


def test_no_hint_of_the_truth(many: list[Happening]) -> None:
    """An event carries neither an id of ours nor anything that tells what it is."""
    for happening in many:
        assert not json.loads(happening.value).keys() & {"event_id", "scenario", "step", "run", "technique"}
        if happening.origin is not None:
            assert happening.origin.scenario.encode() not in happening.value


def test_every_kind_occurs(many: list[Happening]) -> None:
    """Thirty thousand events show processes, logons, services, tasks, files, registry, network and more."""
    seen = {(e["Channel"].rpartition("/")[0] or e["Channel"], e["EventID"]) for e in map(_event, many)}
    sysmon = {("Microsoft-Windows-Sysmon", n) for n in (1, 3, 7, 8, 10, 11, 13, 17, 22)}
    security = {("Security", n) for n in (1102, 4624, 4625, 4672, 4688, 4697, 4698, 4720, 4732, 4769, 5145)}
    rest = {("System", 7045), ("System", 7036), ("System", 104), ("Microsoft-Windows-PowerShell", 4104)}
    assert sysmon | security | rest <= seen


def test_numbers_agree_within_a_machine(many: list[Happening]) -> None:
    """Record numbers of a log rise one by one; process ids are multiples of four; guids name the machine."""
    last: dict[tuple[str, str], int] = {}
    prefixes = defaultdict(set)
    for event in map(_event, many):
        log = (event["Hostname"], event["Channel"])
        assert event["RecordNumber"] == last.get(log, event["RecordNumber"] - 1) + 1
        last[log] = event["RecordNumber"]
        if event["EventID"] == 1:
            assert int(event["ProcessId"]) % 4 == 0
            prefixes[event["Hostname"]].add(event["ProcessGuid"][:9])
            prefixes[event["Hostname"]].add(event["ParentProcessGuid"][:9])
    assert all(len(found_) == 1 for found_ in prefixes.values())


def test_a_child_names_its_parent() -> None:
    """A process that another started names it by the guid and the id under which it was started."""
    organisation = found(random.Random(1))
    shape = WindowsShape(organisation, random.Random(2))
    account = organisation.admins[0]
    shell, tool = "C:\\Windows\\System32\\cmd.exe", "C:\\Windows\\System32\\whoami.exe"
    explorer = "C:\\Windows\\explorer.exe"
    parent, child = (
        json.loads(draft.write("", START))
        for start in (
            ProcessStart(account, account.home, shell, "cmd.exe", explorer),
            ProcessStart(account, account.home, tool, "whoami.exe", shell),
        )
        for draft in shape.drafts(start)
    )
    assert child["ParentProcessGuid"] == parent["ProcessGuid"]
    assert child["ParentProcessId"] == parent["ProcessId"]
    assert child["LogonId"] == parent["LogonId"]
    assert child["OriginalFileName"] == "whoami.exe"
    assert child["User"] == f"CORP\\{account.name}"


@pytest.mark.parametrize("entry", entries(), ids=lambda e: f"{e.action}-{e.weight}")
def test_background_can_be_written(entry: Entry) -> None:
    """Every entry of the background makes an action whose texts are filled in, and an event of it."""
    organisation = found(random.Random(1))
    action = _filled(entry, organisation)
    for draft in WindowsShape(organisation, random.Random(2)).drafts(action):
        event = json.loads(draft.write("", START))
        assert not [v for v in event.values() if isinstance(v, str) and ("{user}" in v or "{sid}" in v)]
        assert event["Hostname"].endswith(".corp.example")


@pytest.mark.parametrize("role", Role)
def test_software_can_be_started(role: Role) -> None:
    """Every command line of every program of a role can be filled in."""
    organisation = found(random.Random(1))
    routine = Routine(organisation, random.Random(2), detailed=True)
    account = next(a for a in organisation.accounts if a.role is role)
    for program in (p for menu in menus(role) for p in menu):
        lines = {routine.start(account, program).command_line for _ in range(40)}
        assert len(lines) >= len(program.commands)
        assert not [line for line in lines if "{" in line]


def _event(happening: Happening) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(happening.value)
    return event


def _filled(entry: Entry, organisation: Any) -> Any:
    names = defaultdict(lambda: "12", sid="{sid}")
    fields = {k: v.format_map(names) if isinstance(v, str) else v for k, v in entry.fields.items()}
    account = SYSTEM if entry.who == "system" else organisation.admins[0]
    return getattr(actions, entry.action)(account, organisation.servers[0], **fields)
