"""Which files a user means: those named, and those of known kinds in folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tocsin.errors import SettingsError

STDIN = "-"
"""How a user names standard input."""

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".evtx", ".zip"})
"""Files of a folder or an archive that are read; others are left out, while a file that is named is read."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files to read.

    Attributes:
        names: as given, or the folder as given with the way to the file; `-` is standard input.
        size: bytes of all of them; standard input counts as none.
        left_out: files in the folders that are of no known kind.
    """

    names: tuple[str, ...]
    size: int
    left_out: int


def listed(paths: Sequence[str]) -> Listing:
    """Return the files under the paths, each path's in the order of their names.

    Folders are searched to the bottom. Files and folders whose names begin with a dot are passed over.

    Raises:
        SettingsError: a path does not exist, or may not be read.
    """
    names: list[str] = []
    left_out = 0
    for path in dict.fromkeys(paths):
        if path != STDIN and not os.access(path, os.R_OK):
            problem = "may not be read" if Path(path).exists() else "no such file or folder"
            raise SettingsError(f"{path}: {problem}", "files, folders, archives, or - for standard input")
        if not Path(path).is_dir():
            names.append(path)
            continue
        for name in _inside(path):
            if is_of_known_kind(name):
                names.append(name)
            else:
                left_out += 1
    size = sum(Path(name).stat().st_size for name in names if name != STDIN)
    return Listing(tuple(names), size, left_out)


def is_of_known_kind(name: str) -> bool:
    """Say by its name whether a file in a folder or an archive may hold events."""
    path = PurePosixPath(name.lower())
    if path.suffix == ".gz":
        path = path.with_suffix("")
        return path.suffix in SUFFIXES or not path.suffix
    return path.suffix in SUFFIXES


def is_hidden(name: str) -> bool:
    """Say whether a file, or a folder on the way to it, is one that its owner does not see."""
    parts = PurePosixPath(name).parts
    return any(part == "__MACOSX" or (part.startswith(".") and part.strip(".")) for part in parts)


def _inside(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        for name in sorted(files):
            path = Path(place, name)
            if not is_hidden(name) and path.is_file():
                yield str(path)
