"""The cache on disk: what it gives back is what was put in, or nothing."""

import os
import stat
import subprocess
import sys
import threading
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.rules import store as store_room
from tocsin.rules.store import Store, name_of

NAME = name_of("test", "one")
OTHER = name_of("test", "other")
BLOB = b"compiled" * 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "compiled"


def silent(sentence: str) -> None:
    pytest.fail(f"nothing was to be told: {sentence}")


def test_what_is_put_is_there_for_the_next_process(folder):
    """Another store on the same folder finds it, and a name that was never put is None."""
    Store(folder, silent).put(NAME, BLOB)
    assert Store(folder, silent).get(NAME) == BLOB
    assert Store(folder, silent).get(OTHER) is None


def test_only_this_user_can_read_what_is_kept(folder):
    """Rules may say what an organisation watches for."""
    Store(folder, silent).put(NAME, BLOB)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600


def test_a_name_depends_on_all_that_it_is_made_of(monkeypatch):
    """Parts, where one ends and the next begins, libraries, the processor, and Tocsin's own version."""
    names = {
        name_of("test", "ab", "c"),
        name_of("test", "a", "bc"),
        name_of("test", "abc"),
        name_of("other", "abc"),
        name_of("test", "abc", libraries=["msgspec"]),
        name_of("test", "abc", libraries=["no-such-distribution"]),
        name_of("test", "abc", cpu=True),
    }
    monkeypatch.setattr(metadata, "version", lambda _name: "0.0.0")
    names.add(name_of("test", "abc"))
    assert len(names) == 8
    assert name_of("test", "abc") == name_of("test", b"abc")


@given(blob=st.binary(max_size=200), data=st.data())
def test_a_damaged_entry_is_dropped(tmp_path_factory, blob, data):
    """Whichever byte is flipped, wherever the file is cut: nothing comes back, and it is made anew."""
    folder = tmp_path_factory.mktemp("cache")
    kept = Store(folder, silent)
    kept.put(NAME, blob)
    whole = (folder / NAME).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        (folder / NAME).write_bytes(whole[:at])
    else:
        (folder / NAME).write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
    assert kept.get(NAME) is None
    assert not (folder / NAME).exists()
    kept.put(NAME, blob)
    assert kept.get(NAME) == blob


def test_an_entry_under_another_name_is_none(folder):
    """A sound file that was renamed does not pass for what it is not."""
    kept = Store(folder, silent)
    kept.put(NAME, BLOB)
    (folder / NAME).rename(folder / OTHER)
    assert kept.get(OTHER) is None


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_can_write_is_not_believed(folder, mode):
    """Its checksum says nothing about who wrote it."""
    kept = Store(folder, silent)
    kept.put(NAME, BLOB)
    (folder / NAME).chmod(mode)
    assert kept.get(NAME) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_entry_of_another_user_is_not_believed(folder):
    """Nor is a folder of another user."""
    kept = Store(folder, silent)
    kept.put(NAME, BLOB)
    os.chown(folder / NAME, 65534, 65534)
    assert kept.get(NAME) is None
    kept.put(NAME, BLOB)
    os.chown(folder, 65534, 65534)
    told: list[str] = []
    assert Store(folder, told.append).get(NAME) is None
    assert len(told) == 1


def test_a_link_is_not_followed(folder, tmp_path):
    """Neither one in the place of an entry nor one in the place of the folder."""
    kept = Store(folder, silent)
    kept.put(NAME, BLOB)
    target = tmp_path / "target"
    (folder / NAME).rename(target)
    (folder / NAME).symlink_to(target)
    assert kept.get(NAME) is None
    assert target.exists()
    kept.put(NAME, BLOB)
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    told: list[str] = []
    assert Store(linked, told.append).get(NAME) is None
    assert len(told) == 1


def test_a_pipe_does_not_make_it_wait(folder):
    """Somebody may have put one there."""
    kept = Store(folder, silent)
    kept.put(OTHER, BLOB)
    os.mkfifo(folder / NAME)
    assert kept.get(NAME) is None


def test_a_file_too_large_is_not_read(folder, monkeypatch):
    """However sound it is; and none is written."""
    kept = Store(folder, silent)
    kept.put(NAME, BLOB)
    monkeypatch.setattr(store_room, "MAX_BLOB", len(BLOB) - 1)
    assert kept.get(NAME) is None
    kept.put(NAME, BLOB)
    assert not (folder / NAME).exists()


def test_the_entries_used_longest_ago_go(folder):
    """The folder stays under its bound; what was read lately stays."""
    kept = Store(folder, silent, most=3 * (len(BLOB) + 100))
    names = [name_of("test", str(number)) for number in range(3)]
    for age, name in enumerate(names):
        kept.put(name, BLOB)
        os.utime(folder / name, (1000 + age, 1000 + age))
    assert kept.get(names[0]) == BLOB
    kept.put(NAME, BLOB)
    assert [kept.get(name) is not None for name in (*names, NAME)] == [True, False, True, True]


def test_what_died_processes_left_is_removed(folder):
    """Temporary files older than an hour; a young one may be in use, a stranger's file is not ours."""
    kept = Store(folder, silent)
    kept.put(OTHER, BLOB)
    for name in (".new-old", ".new-young", "stranger"):
        (folder / name).touch()
        if name != ".new-young":
            os.utime(folder / name, (1000, 1000))
    kept.put(NAME, BLOB)
    assert {path.name for path in folder.iterdir()} == {NAME, OTHER, ".new-young", "stranger"}


def test_a_folder_that_cannot_be_used_is_told_once(tmp_path):
    """The work goes on without it."""
    (tmp_path / "file").touch()
    told: list[str] = []
    kept = Store(tmp_path / "file" / "cache", told.append)
    for _ in range(2):
        kept.put(NAME, BLOB)
        with kept.turn(NAME):
            assert kept.get(NAME) is None
    assert len(told) == 1
    assert "TOCSIN_CACHE" in told[0]


def test_a_folder_that_others_can_write_to_is_not_used(folder):
    """They could have put there what would be believed."""
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    told: list[str] = []
    kept = Store(folder, told.append)
    kept.put(NAME, BLOB)
    assert kept.get(NAME) is None
    assert "others may write to it" in told[0]


def test_a_full_disk_leaves_no_half_entry(folder, monkeypatch):
    """An entry is there whole or not at all, and so is its temporary file."""
    told: list[str] = []
    kept = Store(folder, told.append)
    kept.put(OTHER, BLOB)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    kept.put(NAME, BLOB)
    assert [path.name for path in folder.iterdir()] == [OTHER]
    assert "No space left on device" in told[0]


def test_without_a_folder_nothing_is_kept():
    """Which is no mistake, so nothing is told."""
    kept = Store(None, silent)
    kept.put(NAME, BLOB)
    with kept.turn(NAME):
        assert kept.get(NAME) is None


def test_of_many_threads_one_makes_it(folder):
    """The others wait for their turn and find it made."""
    made: list[int] = []

    def start(number: int) -> None:
        kept = Store(folder, silent)
        with kept.turn(NAME):
            if kept.get(NAME) is None:
                made.append(number)
                kept.put(NAME, BLOB)

    threads = [threading.Thread(target=start, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


WRITER = """
import sys
from pathlib import Path
from tocsin.rules.store import Store, name_of
store = Store(Path(sys.argv[1]), sys.exit)
name, blob = name_of("test", "shared"), b"x" * 300_000
for _ in range(20):
    store.put(name, blob)
    found = store.get(name)
    assert found is None or found == blob
"""


def test_many_processes_write_the_same_at_once(folder):
    """Every read is the whole entry or none, and no temporary file is left."""
    command = [sys.executable, "-c", WRITER, str(folder)]
    writers = [subprocess.Popen(command) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert [path.name for path in folder.iterdir()] == [name_of("test", "shared")]
    assert Store(folder, silent).get(name_of("test", "shared")) == b"x" * 300_000


def test_a_holder_that_hangs_is_not_waited_for_for_ever(folder, monkeypatch):
    """After a while everybody makes it for themselves."""
    monkeypatch.setattr(store_room, "_TURN_SECONDS", 0.05)
    entered: list[str] = []
    with Store(folder, silent).turn(NAME), Store(folder, silent).turn(NAME):
        entered.append("both")
    assert entered == ["both"]
