"""Finds rule files: single files, folders, zip archives and the packs that come with Tocsin."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from tocsin.errors import SettingsError, nearest

BUILTIN = "builtin:"
"""How a path to one of the packs that come with Tocsin begins."""

MAX_BYTES = 4 * 1024 * 1024
"""A rule file larger than this is refused; the largest of SigmaHQ's has 60 KB."""

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


def rule_files(paths: Sequence[str | Path]) -> Iterator[RuleFile]:
    """Yield the files under the paths, each path's in the order of their names.

    Folders are searched to the bottom for `*.yml` and `*.yaml`; hidden files and folders (whose names begin
    with a dot) are left out, and so is the `__MACOSX` folder of an archive.

    Raises:
        SettingsError: a path does not exist, is no archive though it is called `.zip`, or is no pack.
    """
    for path in paths:
        if str(path).startswith(BUILTIN):
            yield from _pack(str(path).removeprefix(BUILTIN))
            continue
        found = Path(path)
        if found.is_dir():
            yield from _folder(found)
        elif found.suffix.lower() == ".zip" and found.is_file():
            yield from _archive(found)
        elif found.exists():
            yield _read(str(found), found)
        else:
            raise SettingsError(
                f"rules {str(path)!r}: no such file or folder", "a file, a folder, a zip, or builtin:NAME"
            )


def packs() -> tuple[str, ...]:
    """Return the names of the packs that come with Tocsin."""
    return tuple(sorted(entry.name for entry in _packs_root().iterdir() if entry.is_dir()))


def _packs_root() -> Traversable:
    return resources.files("tocsin.rules").joinpath("packs")


def _pack(name: str) -> Iterator[RuleFile]:
    if name not in packs():
        known = [BUILTIN + pack for pack in packs()]
        hint = nearest(BUILTIN + name, known) or f"one of: {', '.join(known)}"
        raise SettingsError(f"rules {BUILTIN + name!r}: no such pack", hint)
    folder = _packs_root().joinpath(name)
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.name.endswith(_SUFFIXES):
            yield _read(f"{BUILTIN}{name}/{entry.name}", entry)


def _folder(folder: Path) -> Iterator[RuleFile]:
    for path in sorted(folder.rglob("*")):
        if _is_rule_name(path.relative_to(folder).as_posix()) and path.is_file():
            yield _read(str(path), path)


def _archive(path: Path) -> Iterator[RuleFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in sorted(archive.infolist(), key=lambda e: e.filename):
                if _is_rule_name(entry.filename):
                    yield _entry(archive, entry, f"{path}/{entry.filename}")
    except (zipfile.BadZipFile, OSError) as error:
        raise SettingsError(f"rules {str(path)!r}: cannot be read as a zip archive: {error}") from error


def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str) -> RuleFile:
    try:
        with archive.open(entry) as file:
            return _decoded(shown, file.read(MAX_BYTES + 1))  # what the directory says of sizes may be a lie
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        return RuleFile(shown, None, f"cannot be unpacked: {error}")


def _is_rule_name(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name.lower().endswith(_SUFFIXES) and not any(_is_hidden(part) for part in parts)


def _is_hidden(part: str) -> bool:
    return part == "__MACOSX" or (part.startswith(".") and part.strip(".") != "")


def _read(shown: str, path: Traversable) -> RuleFile:
    try:
        with path.open("rb") as file:
            return _decoded(shown, file.read(MAX_BYTES + 1))
    except OSError as error:
        return RuleFile(shown, None, f"cannot be read: {error.strerror}")


def _decoded(shown: str, raw: bytes) -> RuleFile:
    if len(raw) > MAX_BYTES:
        return RuleFile(shown, None, f"larger than {MAX_BYTES:,} bytes")
    try:
        return RuleFile(shown, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return RuleFile(shown, None, f"not UTF-8: byte {error.start}: {error.reason}")
