"""Fetches jars from Maven Central: with jgo, or with Maven itself where jgo is not installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from tocsin.broker.engine import Notice, UnavailableError

_AT_ONCE = 8
"""Downloads at the same time: most jars are small, so that what is waited for are round trips."""

_TELL = 10
"""Files between two notices of progress."""

_TIMEOUT = 60
"""Seconds without an answer after which a download is given up."""


def download(coordinates: Sequence[str], folder: Path, notice: Notice) -> None:
    """Put the jars of `group:artifact:version` coordinates in a folder, without what they depend on.

    Raises:
        UnavailableError: neither jgo nor Maven is installed, or the repository cannot be reached.
    """
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - an extra
    except ImportError:
        _with_maven(coordinates, folder)
    else:
        with tempfile.TemporaryDirectory(dir=folder) as repository:
            context = MavenContext(repo_cache=Path(repository), timeout=_TIMEOUT)
            _with_jgo(context, coordinates, folder, notice)


def resolve(roots: Sequence[str], folder: Path) -> list[tuple[str, Path]]:
    """Download some jars and all they need at run time to `folder`; return coordinates and files."""
    from jgo.maven import MavenContext  # noqa: PLC0415 - an extra

    context = MavenContext(repo_cache=folder, timeout=_TIMEOUT)
    wanted, needed = context.resolver.resolve([context.create_dependency(root) for root in roots])
    return [
        (f"{found.groupId}:{found.artifactId}:{found.version}", found.artifact.resolve())
        for found in [*wanted, *needed]
    ]


def _with_jgo(
    context: Any,  # noqa: ANN401 - a type of an extra
    coordinates: Sequence[str],
    folder: Path,
    notice: Notice,
) -> None:
    def one(coordinate: str) -> None:
        file = Path(context.create_dependency(coordinate).artifact.resolve())
        file.replace(folder / file.name)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            for done, _ in enumerate(pool.map(one, coordinates), 1):
                if done % _TELL == 0:
                    notice(f"  {done} of {len(coordinates)} files")
        except (OSError, RuntimeError) as error:  # no connection is an OSError; "not found" a RuntimeError
            raise _unreachable(str(error)) from error


def _with_maven(coordinates: Sequence[str], folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        problem = "Apache Kafka is not in the cache yet, and there is nothing here to fetch it with"
        raise UnavailableError(problem, "pip install 'tocsin[broker]'")
    with tempfile.TemporaryDirectory(dir=folder) as project:
        (Path(project) / "pom.xml").write_text(_pom(coordinates), encoding="utf-8")
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        done = subprocess.run(
            [maven, "--batch-mode", "--quiet", *goal],
            cwd=project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise _unreachable((done.stdout or done.stderr).strip())


def _pom(coordinates: Sequence[str]) -> str:
    """Return a project that needs exactly these jars, nothing that they ask for in turn."""
    rows = []
    for coordinate in coordinates:
        group, artifact, version = map(escape, coordinate.split(":"))
        rows.append(
            f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>"
            f"<version>{version}</version><exclusions><exclusion><groupId>*</groupId>"
            "<artifactId>*</artifactId></exclusion></exclusions></dependency>"
        )
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>tocsin</groupId><artifactId>broker</artifactId>"
        f"<version>1</version><dependencies>{''.join(rows)}</dependencies></project>"
    )


def _unreachable(told: str) -> UnavailableError:
    brief = next(iter(told.splitlines()), "")[:300]
    hint = "is this machine online? A proxy is named by the variable HTTPS_PROXY"
    return UnavailableError(f"Apache Kafka cannot be downloaded: {brief}", hint)
