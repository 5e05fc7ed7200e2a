"""What is read from a data folder: a broker that runs, or one that once did."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tocsin.broker.folder import Process, State, claim, look, write_state
from tocsin.errors import SettingsError


def ended_process() -> Process:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = Process.of(child.pid)
    child.communicate()
    return process


@pytest.fixture
def state() -> State:
    """A state whose broker is this very process."""
    me = Process.of(os.getpid())
    return State(
        engine="apache",
        version="1",
        broker=me,
        guard=me,
        bootstrap="127.0.0.1:1",
        cluster_id="x",
        started_at="2026-01-01T00:00:00+00:00",
        log="log",
        consumer={"a": "b"},
        ready=True,
    )


def test_what_was_written_is_seen(tmp_path: Path, state: State) -> None:
    """A state goes through the file unchanged, and tells whether the broker is ready."""
    write_state(tmp_path, state)
    assert look(tmp_path).condition == "running"
    assert look(tmp_path).state == state
    write_state(tmp_path, replace(state, ready=False))
    assert look(tmp_path).condition == "starting"


def test_state_of_an_ended_process_is_stale(tmp_path: Path, state: State) -> None:
    """What a crash of the machine left behind does not count as a running broker."""
    ended = ended_process()
    write_state(tmp_path, replace(state, broker=ended, guard=ended))
    assert look(tmp_path).condition == "stopped"


def test_another_process_with_the_same_id_does_not_count(tmp_path: Path, state: State) -> None:
    """A process id that was given to somebody else is told by when the process was created."""
    other = replace(state.broker, created=state.broker.created - 3600)
    write_state(tmp_path, replace(state, broker=other, guard=other))
    assert look(tmp_path).condition == "stopped"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"broker": 1, "guard": 2}', '"x"', "null", "\udcff"])
def test_state_file_that_makes_no_sense_is_no_broker(tmp_path: Path, text: str) -> None:
    """Garbage is not an error: the folder can be started on."""
    (tmp_path / "broker.json").write_bytes(text.encode(errors="surrogateescape"))
    assert look(tmp_path).condition == "stopped"


def test_folder_is_claimed_by_one(tmp_path: Path) -> None:
    """A second claim is refused with the process id of the first, and granted once that is over."""
    with claim(tmp_path), pytest.raises(SettingsError, match=f"process {os.getpid()}"), claim(tmp_path):
        pass
    with claim(tmp_path):
        pass


def test_process_that_inherits_the_claim_keeps_it(tmp_path: Path) -> None:
    """The folder stays claimed until the last process of a broker is gone."""
    with claim(tmp_path) as lock:
        child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[lock])
    with pytest.raises(SettingsError, match="already uses this folder"), claim(tmp_path):
        pass
    child.communicate()
    with claim(tmp_path):
        pass
