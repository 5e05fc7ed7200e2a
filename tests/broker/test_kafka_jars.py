"""The cache of jars: complete, unharmed, and fetched once, however many ask at the same time."""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tocsin.broker import UnavailableError, maven
from tocsin.broker.engine import Notice
from tocsin.broker.kafka_jars import (
    VERSION,
    Jar,
    complete,
    fetch_jars,
    lock_text,
    read_lock,
    write_lock,
)
from tocsin.cache import cache_folder
from tocsin.errors import SettingsError

CONTENT = {"test.tocsin:one:1.0": b"the first jar", "test.tocsin:two:2.0": b"the second jar"}

LOCK = tuple(
    Jar(hashlib.sha256(content).hexdigest(), len(content), coordinate)
    for coordinate, content in CONTENT.items()
)


class Repository:
    """Stands for the remote repository: writes the jars it is asked for, and counts them."""

    def __init__(self, content: dict[str, bytes] = CONTENT) -> None:
        self.content = content
        self.asked: list[str] = []

    def __call__(self, coordinates: Sequence[str], folder: Path, notice: Notice) -> None:
        for coordinate in coordinates:
            self.asked.append(coordinate)
            _, artifact, version = coordinate.split(":")
            (folder / f"{artifact}-{version}.jar").write_bytes(self.content[coordinate])


@pytest.fixture(autouse=True)
def no_local_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Keep what Maven has on this machine out of the tests."""
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    return tmp_path / "m2"


def test_missing_jars_are_fetched_once(tmp_path: Path) -> None:
    """The first call downloads and says so, the second finds everything and is silent."""
    repository, notices = Repository(), list[str]()
    files = complete(LOCK, tmp_path / "jars", repository, notices.append)
    assert [file.read_bytes() for file in files] == list(CONTENT.values())
    assert "2 files" in notices[0]
    notices.clear()
    assert complete(LOCK, tmp_path / "jars", repository, notices.append) == files
    assert sorted(repository.asked) == sorted(CONTENT)
    assert notices == []


@pytest.mark.parametrize("damage", [b"the first jaR", b"the first", b""])
def test_damaged_jar_is_fetched_again(tmp_path: Path, damage: bytes) -> None:
    """A jar with other content, of whatever length, is named and replaced; the others are left alone."""
    repository, notices = Repository(), list[str]()
    first, second = complete(LOCK, tmp_path, repository, print)
    first.write_bytes(damage)
    repository.asked.clear()
    complete(LOCK, tmp_path, repository, notices.append)
    assert repository.asked == ["test.tocsin:one:1.0"]
    assert f"{first} is damaged" in notices[0]
    assert first.read_bytes() == b"the first jar"
    assert second.read_bytes() == b"the second jar"


def test_download_with_another_checksum_is_refused(tmp_path: Path) -> None:
    """A jar that is not the published one never reaches the cache, nor do those that came with it."""
    tampered = Repository({**CONTENT, "test.tocsin:two:2.0": b"the evil jar.."})
    with pytest.raises(
        SettingsError, match=r"two-2\.0\.jar as downloaded is not the file that was published"
    ):
        complete(LOCK, tmp_path, tampered, print)
    assert not list(tmp_path.rglob("*.jar"))


def test_many_at_once_download_once(tmp_path: Path) -> None:
    """Whoever comes while another fetches waits, and then finds the jars."""
    repository = Repository()
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(complete, LOCK, tmp_path, repository, print) for _ in range(8)]
    assert {result.result() for result in results} == {(tmp_path / "one-1.0.jar", tmp_path / "two-2.0.jar")}
    assert sorted(repository.asked) == sorted(CONTENT)


def test_jar_of_the_local_maven_repository_is_used_if_it_is_unharmed(
    tmp_path: Path, no_local_repository: Path
) -> None:
    """What Maven has already is not downloaded again, unless it is another file of that name."""
    for jar, content in zip(LOCK, (b"the first jar", b"something else"), strict=True):
        place = no_local_repository / jar.repository_path
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
    repository = Repository()
    complete(LOCK, tmp_path / "jars", repository, print)
    assert repository.asked == ["test.tocsin:two:2.0"]


def test_what_a_killed_download_left_is_swept(tmp_path: Path) -> None:
    """Unchecked files of a process that was killed in the middle do not pile up."""
    (tmp_path / ".new-abc").mkdir()
    (tmp_path / ".new-abc" / "one-1.0.jar").write_bytes(b"half")
    complete(LOCK, tmp_path, Repository(), print)
    assert sorted(file.name for file in tmp_path.iterdir()) == [".lock", "one-1.0.jar", "two-2.0.jar"]


def test_cache_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """The error names the path and the variable that moves the cache."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"file.*TOCSIN_CACHE"):
        complete(LOCK, tmp_path / "file" / "jars", Repository(), print)


def test_cache_is_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOCSIN_CACHE moves the cache, and a relative path is one of the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_CACHE", "here")
    assert cache_folder() == tmp_path / "here"


def test_shipped_lock_is_whole() -> None:
    """It names a broker of our version, one logger, and no file twice."""
    jars = read_lock(lock_text())
    files = [jar.file for jar in jars]
    assert f"kafka_2.13-{VERSION}.jar" in files
    assert len([file for file in files if file.startswith("slf4j-simple")]) == 1
    assert len(files) == len(set(files)) > 40
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in jars)


def test_lock_is_read_as_it_was_written() -> None:
    """Both ways of the lock agree, and the shipped one is in that form."""
    assert read_lock(write_lock(LOCK)) == LOCK
    assert write_lock(read_lock(lock_text())) == lock_text()


@pytest.mark.usefixtures("needs_apache")
def test_real_jar_is_downloaded(tmp_path: Path) -> None:
    """The smallest jar of the lock comes from the real repository, as the lock names it."""
    smallest = min(read_lock(lock_text()), key=lambda jar: jar.size)
    try:
        (file,) = complete([smallest], tmp_path, maven.download, print)
    except UnavailableError as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(reason))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == smallest.sha256


def test_without_network_the_hint_is_to_the_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is one sentence, not a stack trace; nothing half-done stays in the cache."""
    pytest.importorskip("jgo")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("TOCSIN_CACHE", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"cannot be downloaded: .* \(is this machine online\?"):
        fetch_jars(print)
    assert not list(tmp_path.rglob("*.jar"))


def test_without_jgo_and_maven_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has neither learns what to install."""
    monkeypatch.setitem(sys.modules, "jgo.maven", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TOCSIN_CACHE", str(tmp_path))
    with pytest.raises(UnavailableError, match=r"pip install 'tocsin\[broker\]'"):
        fetch_jars(print)
