"""Finds which file of a local table's log is damaged, and says what to do about it.

A kill or a crash of Tocsin leaves no such thing: this is for disks, power cuts and hands.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\.parquet")

_RESTORE = (
    "restore it from a backup; or move the results away, and everything that is still in the topic is"
    " classified anew"
)

Damage = tuple[str, str]
"""What is damaged, and what to do."""


def damage_of(table: Path) -> Damage | None:
    """Return the first damage in the log of a table that cannot be opened; None when its log looks sound."""
    log = table / "_delta_log"
    commits, checkpoints = _numbered(log, _COMMIT), _numbered(log, _CHECKPOINT)
    if not commits and not checkpoints:
        if any(table.glob("*.parquet")):
            return f"{table}: has data files, but no log", _RESTORE
        return None
    for version in sorted(checkpoints, reverse=True):
        found = _of_checkpoint(checkpoints[version])
        if found:
            whole = _is_whole(commits, [v for v in checkpoints if v < version])
            hint = (
                f"delete it and {log / '_last_checkpoint'}: the log is whole without" if whole else _RESTORE
            )
            return found, hint
    return _of_commits(log, commits, max(checkpoints, default=-1)) or _of_hint(log, bool(checkpoints))


def is_cut_short(table: Path, version: int) -> Damage | None:
    """Return the damage when a table's last commit is an empty file, which would pass for one of no rows."""
    file = table / "_delta_log" / f"{version:020}.json"
    return _last(file) if file.exists() and not file.stat().st_size else None


def _numbered(log: Path, form: re.Pattern[str]) -> dict[int, Path]:
    files = log.iterdir() if log.is_dir() else iter(())
    return {int(found[1]): file for file in files if (found := form.fullmatch(file.name))}


def _of_checkpoint(file: Path) -> str:
    try:
        pq.read_table(file, columns=["txn"])
    except (OSError, pa.ArrowException) as error:
        return f"{file}: is damaged: {error}"
    return ""


def _of_commits(log: Path, commits: dict[int, Path], checkpoint: int) -> Damage | None:
    newest = max(commits, default=-1)
    for version in range(checkpoint + 1, newest + 1):
        if version not in commits:
            return f"{log / f'{version:020}.json'}: is missing", _RESTORE
        if not _is_sound(commits[version]):
            file = commits[version]
            return _last(file) if version == newest else (f"{file}: is damaged", _RESTORE)
    return None


def _of_hint(log: Path, known: bool) -> Damage | None:  # noqa: FBT001 - one question, one answer
    hint = log / "_last_checkpoint"
    if hint.exists() and not known:
        return f"{hint}: names a checkpoint that is missing", f"delete {hint}: the log is whole without"
    return None


def _is_whole(commits: dict[int, Path], checkpoints: list[int]) -> bool:
    first = max(checkpoints, default=-1) + 1
    return all(v in commits and _is_sound(commits[v]) for v in range(first, max(commits, default=0) + 1))


def _is_sound(commit: Path) -> bool:
    lines = commit.read_bytes().splitlines()
    try:
        return bool([msgspec.json.decode(line, type=dict[str, object]) for line in lines])
    except msgspec.DecodeError:
        return False


def _last(commit: Path) -> Damage:
    return (
        f"{commit}: is damaged, and is the last commit",
        "stop all workers and delete it: the records of that commit are read from the topic again",
    )
