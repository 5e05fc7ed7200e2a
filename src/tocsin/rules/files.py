"""Finds and reads rule files: single files, folders, zip archives and the packs that come with Tocsin."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from tocsin.errors import SettingsError, nearest

BUILTIN = "builtin:"
"""How a path to one of the packs that come with Tocsin begins."""

MAX_BYTES = 4 * 1024 * 1024
"""A rule file larger than this is refused; the largest of SigmaHQ's has 60 KB."""

MAX_ARCHIVE = 256 * 1024 * 1024
"""An archive larger than this is refused; SigmaHQ's have 5 MB."""

_SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class RuleFile:
    """One file that may hold rules.

    Attributes:
        path: for a human: the path as given, `archive.zip/entry`, or `builtin:pack/file`.
        text: what it says; None when it cannot be read.
        problem: why it cannot be read.
    """

    path: str
    text: str | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What lies at one place, read once: so what is hashed is what is compiled.

    Attributes:
        path: for a human, as in `RuleFile`.
        raw: its bytes, of an archive all of it; None when it cannot be read.
        problem: why it cannot be read.
    """

    path: str
    raw: bytes | None
    problem: str = ""
    is_archive: bool = False


def sources(paths: Sequence[str | Path]) -> list[Source]:
    """Read the files under the paths, each path's in the order of their names.

    Folders are searched to the bottom for `*.yml` and `*.yaml`; hidden files and folders (whose names begin
    with a dot) are left out, and so is the `__MACOSX` folder of an archive.

    Raises:
        SettingsError: a path does not exist, or is no pack.
    """
    found: list[Source] = []
    for path in paths:
        place = Path(path)
        if str(path).startswith(BUILTIN):
            found += _pack(str(path).removeprefix(BUILTIN))
        elif place.is_dir():
            found += _folder(place)
        elif place.suffix.lower() == ".zip" and place.is_file():
            found.append(_archive(place))
        elif place.exists():
            found.append(_read(str(place), place))
        else:
            raise SettingsError(
                f"rules {str(path)!r}: no such file or folder", "a file, a folder, a zip, or builtin:NAME"
            )
    return found


def pipeline_sources(specs: Sequence[str | Path]) -> list[Source]:
    """Read the files of processing pipelines; what is no file is kept as a name, without text.

    Raises:
        SettingsError: a file cannot be read.
    """
    found: list[Source] = []
    for spec in specs:
        place = Path(spec)
        if place.is_dir():
            found += _folder(place)
        else:
            found.append(_read(str(spec), place) if place.exists() else Source(str(spec), None))
    for source in found:
        if source.problem:
            raise SettingsError(f"pipeline {source.path!r}: {source.problem}")
    return found


Stamp = tuple[tuple[str, int, int, int], ...]
"""Path, time of the last change in nanoseconds, size and inode of each file, in order."""


def stamp(paths: Iterable[str | Path]) -> Stamp:
    """Return what tells whether files under the paths have changed, without reading them.

    Paths that are not there, packs and names have no part in it.
    """
    found: list[tuple[str, int, int, int]] = []
    for path in paths:
        _stamp(Path(path), found, named=True)
    return tuple(sorted(found))


def _stamp(path: Path, found: list[tuple[str, int, int, int]], *, named: bool) -> None:
    with contextlib.suppress(OSError):  # it went away meanwhile: that is a change, too
        if path.is_dir():
            for entry in os.scandir(path):
                if not _is_hidden(entry.name) and (entry.is_dir() or entry.name.lower().endswith(_SUFFIXES)):
                    _stamp(Path(entry.path), found, named=False)
        elif named or path.is_file():
            state = path.stat()
            found.append((str(path), state.st_mtime_ns, state.st_size, state.st_ino))


def digest_of(found: Iterable[Source]) -> bytes:
    """Return a hash of all that was read, and from where."""
    digest = hashlib.sha256()
    for source in found:
        path = source.path.encode("utf-8", "surrogatepass")
        for part in (path, source.raw or b"", source.problem.encode()):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.digest()


def rule_files(found: Iterable[Source]) -> Iterator[RuleFile]:
    """Yield the files, those in archives one by one.

    Raises:
        SettingsError: an archive is none.
    """
    for source in found:
        if source.is_archive:
            yield from _unpacked(source)
        elif source.raw is None:
            yield RuleFile(source.path, None, source.problem)
        else:
            yield _decoded(source.path, source.raw)


def packs() -> tuple[str, ...]:
    """Return the names of the packs that come with Tocsin."""
    return tuple(sorted(entry.name for entry in _packs_root().iterdir() if entry.is_dir()))


def _packs_root() -> Traversable:
    return resources.files("tocsin.rules").joinpath("packs")


def _pack(name: str) -> Iterator[Source]:
    if name not in packs():
        known = [BUILTIN + pack for pack in packs()]
        hint = nearest(BUILTIN + name, known) or f"one of: {', '.join(known)}"
        raise SettingsError(f"rules {BUILTIN + name!r}: no such pack", hint)
    folder = _packs_root().joinpath(name)
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(_SUFFIXES):
            yield _read(f"{BUILTIN}{name}/{entry.name}", entry)


def _folder(folder: Path) -> Iterator[Source]:
    for path in sorted(folder.rglob("*")):
        if is_rule_name(path.relative_to(folder).as_posix()) and path.is_file():
            yield _read(str(path), path)


def _archive(path: Path) -> Source:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_ARCHIVE + 1)
    except OSError as error:
        raise SettingsError(f"rules {str(path)!r}: cannot be read: {error.strerror}") from error
    if len(raw) > MAX_ARCHIVE:
        raise SettingsError(f"rules {str(path)!r}: larger than {MAX_ARCHIVE:,} bytes", "unpack it")
    return Source(str(path), raw, is_archive=True)


def _unpacked(source: Source) -> Iterator[RuleFile]:
    try:
        with zipfile.ZipFile(io.BytesIO(source.raw or b"")) as archive:
            for entry in sorted(archive.infolist(), key=lambda e: e.filename):
                if is_rule_name(entry.filename):
                    yield _entry(archive, entry, f"{source.path}/{entry.filename}")
    except (zipfile.BadZipFile, OSError) as error:
        problem = f"rules {source.path!r}: cannot be read as a zip archive: {error}"
        raise SettingsError(problem) from error


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str) -> RuleFile:
    try:
        with archive.open(entry) as file:
            return _decoded(shown, file.read(MAX_BYTES + 1))  # what the directory says of sizes may be a lie
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        return RuleFile(shown, None, f"cannot be unpacked: {error}")


def is_rule_name(name: str) -> bool:
    """Say whether a path inside a folder or an archive is that of a rule file."""
    parts = PurePosixPath(name).parts
    return name.lower().endswith(_SUFFIXES) and not any(_is_hidden(part) for part in parts)


def _is_hidden(part: str) -> bool:
    return part == "__MACOSX" or (part.startswith(".") and part.strip(".") != "")


def _read(shown: str, path: Traversable) -> Source:
    try:
        with path.open("rb") as file:
            return Source(shown, file.read(MAX_BYTES + 1))
    except OSError as error:
        return Source(shown, None, f"cannot be read: {error.strerror}")


def _decoded(shown: str, raw: bytes) -> RuleFile:
    if len(raw) > MAX_BYTES:
        return RuleFile(shown, None, f"larger than {MAX_BYTES:,} bytes")
    try:
        return RuleFile(shown, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return RuleFile(shown, None, f"not UTF-8: byte {error.start}: {error.reason}")
