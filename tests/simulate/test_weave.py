"""The simulator: the same for the same seed, the lab's shape, every label, the wanted share of attacks."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from datetime import datetime
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.simulate.weave import Happening, ShapeName, Simulator

START = 1_790_000_000_000
COMMON = {"event_id", "timestamp", "user", "host", "source_ip", "event_type"}
OWN = {"process_start": {"process_name", "command_line"}, "user_login": {"logon_type"}}


def events(count: int, seed: int = 7, ratio: float = 0.1, start: int = START) -> list[Happening]:
    return Simulator(seed, "lab", ratio).take(range(start, start + count * 10, 10))


@pytest.fixture(scope="module")
def many() -> list[Happening]:
    return events(40_000)


@given(seed=st.integers(0, 2**64), cut=st.integers(1, 299), shape=st.sampled_from(["lab", "windows"]))
@settings(max_examples=30, deadline=None)
def test_repeatable(seed: int, cut: int, shape: ShapeName) -> None:
    """The same seed and times give the same bytes, however many events are asked for at once."""
    whole = Simulator(seed, shape, 0.1).take(range(START, START + 3_000, 10))
    simulator = Simulator(seed, shape, 0.1)
    times = range(START, START + 3_000, 10)
    assert simulator.take(times[:cut]) + simulator.take(times[cut:]) == whole


def test_seeds_differ() -> None:
    """Another seed gives other events and other ids."""
    assert not {h.event_id for h in events(1_000, 1)} & {h.event_id for h in events(1_000, 2)}


def test_lab_shape(many: list[Happening]) -> None:
    """Every event is flat JSON with exactly the lab's fields for its type, all of them texts."""
    for happening in many:
        event = json.loads(happening.value)
        assert set(event) == COMMON | OWN[event["event_type"]]
        assert all(type(value) is str and value for value in event.values())
        assert event["event_id"] == happening.event_id
        assert event["host"] == happening.host
        assert event.get("logon_type", "success") in {"success", "failure"}


def test_event_ids(many: list[Happening]) -> None:
    """Ids are distinct random UUIDs (version 4) in canonical form."""
    ids = {h.event_id for h in many}
    assert len(ids) == len(many)
    assert all(str(u := uuid.UUID(i)) == i and u.version == 4 and u.variant == uuid.RFC_4122 for i in ids)


def test_timestamps(many: list[Happening]) -> None:
    """Timestamps are the times asked for, in ISO 8601 UTC with milliseconds."""
    for i, happening in islice(enumerate(many), 0, None, 997):
        text = json.loads(happening.value)["timestamp"]
        assert text.endswith("Z")
        assert len(text) == len("2026-01-31T12:00:00.000Z")
        assert round(datetime.fromisoformat(text).timestamp() * 1_000) == START + i * 10


def branch(event: dict[str, str]) -> str:
    """The branches of the documents' classifier, restated."""
    if event["event_type"] == "user_login":
        return "failure" if event["logon_type"] == "failure" else "success"
    line = event["command_line"].lower()
    return "encoded" if "encodedcommand" in line else "shell" if "cmd.exe" in line else "process"


def test_every_label_occurs(many: list[Happening]) -> None:
    """Each branch of the documents' classifier is taken regularly: in every 10,000 events, many times."""
    for begin in range(0, len(many), 10_000):
        seen = Counter(branch(json.loads(h.value)) for h in many[begin : begin + 10_000])
        assert set(seen) == {"encoded", "shell", "process", "failure", "success"}
        assert min(seen.values()) >= 10, seen


def test_activity_swells(many: list[Happening]) -> None:
    """Attacks come in waves: the busiest thousand events hold several times what the calmest hold."""
    waves = [sum(h.origin is not None for h in many[i : i + 1_000]) for i in range(0, len(many), 1_000)]
    assert max(waves) > 4 * max(1, min(waves))


@pytest.mark.parametrize("ratio", [0.01, 0.1, 0.5, 0.8])
def test_attack_ratio(ratio: float) -> None:
    """The share of malicious events comes close to the ratio."""
    found = events(40_000, seed=11, ratio=ratio)
    assert sum(h.origin is not None for h in found) / len(found) == pytest.approx(ratio, rel=0.35)


def test_no_attacks() -> None:
    """A ratio of 0 gives ordinary activity alone, a ratio of 1 attacks alone."""
    assert not any(h.origin for h in events(5_000, ratio=0.0))
    assert all(h.origin for h in events(5_000, ratio=1.0))


def test_nights_belong_to_services() -> None:
    """Service accounts have a larger share of ordinary activity on a Sunday night than on a Tuesday noon."""

    def share(start: str) -> float:
        at = int(datetime.fromisoformat(start).timestamp() * 1_000)
        found = events(5_000, ratio=0.0, start=at)
        users = [str(json.loads(h.value)["user"]) for h in found]
        return sum(user.startswith("svc-") for user in users) / len(users)

    assert share("2026-01-04T03:00:00Z") > 2 * share("2026-01-06T10:00:00Z")


def test_addresses_are_bound_to_machines(many: list[Happening]) -> None:
    """A process's address is its machine's, always the same; strangers come from documentation networks."""
    seen: dict[str, set[str]] = {}
    for happening in many:
        event = json.loads(happening.value)
        if event["event_type"] == "process_start":
            seen.setdefault(event["host"], set()).add(event["source_ip"])
        else:
            assert event["source_ip"].startswith(("10.", "192.0.2.", "198.51.100.", "203.0.113."))
    assert all(len(addresses) == 1 for addresses in seen.values())
    assert len(seen) > 30
