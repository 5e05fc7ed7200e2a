"""Has the jars of Apache Kafka in the cache: each is the file that the lock names, byte for byte.

The lock is package data, made by `tocsin.broker.relock`: one line a jar, with its checksum and size.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import filelock

from tocsin.broker.engine import Notice
from tocsin.broker.maven import download
from tocsin.cache import cache_folder
from tocsin.errors import SettingsError

VERSION = "4.3.1"

Download = Callable[[Sequence[str], Path, Notice], None]
"""Puts the files of these coordinates, under their own names, in a folder."""

_NEW = ".new-"
"""How folders of files that are not checked yet begin."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock."""

    sha256: str
    size: int
    coordinate: str

    @property
    def file(self) -> str:
        """Return the name of the file."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"

    @property
    def repository_path(self) -> Path:
        """Return where a Maven repository keeps the file."""
        group, artifact, version = self.coordinate.split(":")
        return Path(*group.split("."), artifact, version, self.file)


def lock_text() -> str:
    """Return the lock that is shipped."""
    return (resources.files("tocsin.broker") / f"kafka-{VERSION}.lock").read_text(encoding="ascii")


def read_lock(text: str) -> tuple[Jar, ...]:
    """Return the jars that a lock names."""
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(Jar(sha256, int(size), coordinate) for sha256, size, coordinate in rows)


def write_lock(jars: Iterable[Jar]) -> str:
    """Return the text that `read_lock` reads."""
    rows = [f"{jar.sha256}  {jar.size:>8}  {jar.coordinate}\n" for jar in jars]
    return f"# What Apache Kafka {VERSION} runs with: sha256, bytes, group:artifact:version\n" + "".join(rows)


def fetch_jars(notice: Notice) -> tuple[Path, ...]:
    """Return the jars of Apache Kafka, fetched if the cache has them not; safe in many processes at once.

    Raises:
        UnavailableError: a jar is missing and cannot be fetched.
        SettingsError: what was fetched is not what the lock names, or the cache is not writable.
    """
    lock = read_lock(lock_text())
    return complete(lock, cache_folder() / "kafka" / VERSION, download, notice)


def complete(jars: Sequence[Jar], folder: Path, get: Download, notice: Notice) -> tuple[Path, ...]:
    """Check a folder against the lock, have `get` download what is missing or damaged, return the files.

    Every byte is checked each time: 0.1 s for 45 MB, and a broken disk or a half-copied cache is found here
    instead of as a strange failure of the broker.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / ".lock"):
            wanted = _wanting(jars, folder, notice)
            if wanted:
                _fill(wanted, folder, get, notice)
    except OSError as error:
        hint = "TOCSIN_CACHE names another folder"
        raise SettingsError(f"{error.filename or folder}: {error.strerror}", hint) from error
    return tuple(folder / jar.file for jar in jars)


def _wanting(jars: Sequence[Jar], folder: Path, notice: Notice) -> list[Jar]:
    """Return the jars that the folder has not as the lock names them."""
    bad = _differing(jars, folder)
    for jar in bad:
        if (folder / jar.file).exists():
            notice(f"{folder / jar.file} is damaged: it is fetched again")
    return bad


def _fill(wanted: Sequence[Jar], folder: Path, get: Download, notice: Notice) -> None:
    """Download into a folder beside, check, and move the files in place."""
    size = sum(jar.size for jar in wanted) / 1e6
    notice(f"Fetching Apache Kafka {VERSION}: {len(wanted)} files, {size:.0f} MB, once, into {folder}")
    started = time.monotonic()
    for left in folder.glob(f"{_NEW}*"):  # by a process that was killed; we hold the lock, so none is at it
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=folder, prefix=_NEW) as name:
        new = Path(name)
        missing = [jar for jar in wanted if not _from_maven(jar, new)]
        if missing:
            get([jar.coordinate for jar in missing], new, notice)
        for jar in _differing(wanted, new):
            raise SettingsError(
                f"{jar.file} as downloaded is not the file that was published: its checksum differs",
                "see whether a proxy or a mirror alters downloads",
            )
        for jar in wanted:
            (new / jar.file).replace(folder / jar.file)
    notice(f"Fetched in {time.monotonic() - started:.0f} s")


def _from_maven(jar: Jar, folder: Path) -> bool:
    """Copy a jar from the repository that Maven keeps on this machine, if it is there and unharmed."""
    local = Path(os.environ.get("M2_REPO") or Path.home() / ".m2" / "repository") / jar.repository_path
    if not local.is_file() or sha256_of(local) != jar.sha256:
        return False
    shutil.copyfile(local, folder / jar.file)
    return True


def _differing(jars: Sequence[Jar], folder: Path) -> list[Jar]:
    """Return the jars whose file is missing or has other content."""

    def same(jar: Jar) -> bool:
        file = folder / jar.file
        return file.is_file() and file.stat().st_size == jar.size and sha256_of(file) == jar.sha256

    with ThreadPoolExecutor() as pool:
        return [jar for jar, fine in zip(jars, pool.map(same, jars), strict=True) if not fine]


def sha256_of(file: Path) -> str:
    """Return the checksum of a file as hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
