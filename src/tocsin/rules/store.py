"""Keeps what was compiled from rules in a folder, so that the next start need not compile it again.

A store holds bytes under names that are hashes of everything the bytes depend on. Losing it costs time only;
so whatever is wrong with a file or with the folder, it is as if the file were not there.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import secrets
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

MAX_BLOB = 128 * 1024 * 1024
"""Nothing larger is kept or read; Hyperscan's databases of all of SigmaHQ have 9 MB."""

MAX_STORE = 512 * 1024 * 1024
"""Beyond this the entries that were not used for longest go."""

_MAGIC = b"tocsin store 1\n"
_DIGEST = hashlib.sha256().digest_size
_NAME = re.compile(r"[a-z0-9]+-[0-9a-f]{64}")
_TEMPORARY = ".new-"
_LOCK = ".lock-"
_LITTER_SECONDS = 3600.0
"""A temporary file so old was left by a process that died; writing one takes less than a second."""

_TURN_SECONDS = 60.0
"""How long to wait for another process that compiles the same; ten times what all of SigmaHQ takes."""

Tell = Callable[[str], None]


def name_of(kind: str, *parts: str | bytes, libraries: Sequence[str] = (), cpu: bool = False) -> str:
    """Return the name of what depends on these parts, on this Tocsin and this Python.

    Args:
        kind: what it is, in lower-case letters and digits.
        parts: everything else that it depends on, each told apart from the next.
        libraries: distributions whose versions it depends on, too.
        cpu: whether it depends on the processor's features.
    """
    digest = hashlib.sha256()
    context = [sys.implementation.cache_tag or "", *(_version(name) for name in ("tocsin", *libraries))]
    for part in (*context, cpu_features() if cpu else "", *parts):
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(raw).to_bytes(8, "little") + raw)
    name = f"{kind}-{digest.hexdigest()}"
    assert _NAME.fullmatch(name), f"not a kind: {kind!r}"
    return name


def _version(distribution: str) -> str:
    try:
        return f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return f"{distribution} none"


@cache
def cpu_features() -> str:
    """Return what this processor can do, as far as code compiled for it may depend on it."""
    known = (platform.system(), platform.machine(), platform.processor())
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
            told = [line for line in lines if line.startswith(("flags", "Features", "model name"))]
    except OSError:
        told = []
    return "\n".join((*known, *sorted(set(told))))


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    used: float
    size: int


class Store:
    """Bytes on disk, by name. Any number of threads and processes may use one folder at once.

    Only regular files of this user that nobody else may write are read, through a folder of which the same
    is true; every entry has a checksum. Nothing here raises for what is wrong with the disk: without a
    usable folder the store is empty and stays so, and `tell` is called once with the reason.

    Args:
        folder: made when something is first kept; None for a store that keeps nothing.
        tell: called at most once, with a sentence for the person watching.
        most: bytes that all entries together may have.
    """

    def __init__(self, folder: Path | None, tell: Tell = lambda _: None, *, most: int = MAX_STORE) -> None:
        self.folder = folder
        self._tell = tell
        self._most = most
        self._told = False

    def get(self, name: str) -> bytes | None:
        """Return what is kept under a name of `name_of`; None when there is nothing, or nothing sound."""
        if self.folder is None or not self.folder.exists():
            return None
        try:
            with self._opened() as folder:
                found = _read(folder, name)
                if found is not None and found.startswith(_head(name, found[_HEAD:])):
                    os.utime(name, dir_fd=folder)
                    return found[_HEAD:]
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
        except OSError as error:
            self._complain(error)
        return None

    def put(self, name: str, blob: bytes) -> None:
        """Keep bytes under a name of `name_of`, whole or not at all."""
        if self.folder is None or len(blob) > min(MAX_BLOB, self._most):
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._opened() as folder:
                _write(folder, name, blob)
                _clean(folder, self._most)
        except OSError as error:
            self._complain(error)

    @contextlib.contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait until no other process is between `get` and `put` of this name, but not for ever.

        Of many workers that start at once, one compiles and the others find what it made: ask `get` again
        inside. It is only about time: without the lock, every one would make the same.
        """
        with contextlib.ExitStack() as held:
            if self.folder is not None:
                try:
                    self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    folder = held.enter_context(self._opened())
                    held.enter_context(_locked(folder, _LOCK + name.partition("-")[0]))
                except OSError as error:
                    self._complain(error)
            yield

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        """Open the folder, and refuse one into which others may have put what we would believe."""
        assert self.folder is not None
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if not _is_ours(os.fstat(descriptor)):
                raise PermissionError(0, "others may write to it", str(self.folder))
            yield descriptor
        finally:
            os.close(descriptor)

    def _complain(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            self._tell(
                f"nothing is cached in {self.folder}: {error.strerror or error};"
                " starting takes longer (TOCSIN_CACHE names another folder)"
            )


_HEAD = len(_MAGIC) + _DIGEST


def _head(name: str, blob: bytes) -> bytes:
    digest = hashlib.sha256(name.encode())
    digest.update(blob)
    return _MAGIC + digest.digest()


def _is_ours(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _read(folder: int, name: str) -> bytes | None:
    """Return a file of this user; None for anything else that goes by the name."""
    try:  # O_NONBLOCK: opening a pipe that somebody put there would wait for a writer
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or not _is_ours(found) or found.st_size > MAX_BLOB + _HEAD:
            return None
        return file.read(MAX_BLOB + _HEAD)


def _write(folder: int, name: str, blob: bytes) -> None:
    temporary = f"{_TEMPORARY}{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_head(name, blob))
            file.write(blob)
            file.flush()
            os.fsync(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _clean(folder: int, most: int) -> None:
    """Remove what died processes left, and the entries used longest ago until the rest fits."""
    entries = []
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if _NAME.fullmatch(name):
                entries.append(_Entry(name, found.st_mtime, found.st_size))
            elif name.startswith(_TEMPORARY) and time.time() - found.st_mtime > _LITTER_SECONDS:
                os.unlink(name, dir_fd=folder)
    total = sum(entry.size for entry in entries)
    for entry in sorted(entries, key=lambda e: e.used):
        if total <= most:
            break
        with contextlib.suppress(FileNotFoundError, IsADirectoryError):
            os.unlink(entry.name, dir_fd=folder)
        total -= entry.size


@contextlib.contextmanager
def _locked(folder: int, name: str) -> Iterator[None]:
    """Hold a lock that ends with the process; go on without it when others hold it for too long."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        until = time.monotonic() + _TURN_SECONDS
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    break
                time.sleep(0.02)
        yield
    finally:
        os.close(descriptor)
