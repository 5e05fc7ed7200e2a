"""`tocsin rules fetch`: its flags, what it prints, and how it fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rules.loopback import Answer, Site, site
from tests.rules.test_fetch import ONE, TWO, sha256
from tocsin.app.cli import rules_fetch
from tocsin.errors import SettingsError
from tocsin.rules.fetch import release_url


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    """A server with an archive; the working folder is empty."""
    monkeypatch.chdir(tmp_path)
    with site() as running:
        running.answers["/rules.zip"] = Answer(ONE)
        yield running


def run(*arguments: str) -> None:
    rules_fetch.fetch.main(list(arguments), prog_name="fetch", standalone_mode=False)


def test_it_prints_what_was_fetched_and_says_what_to_do_with_it(web, capfd):
    """One object in a pipe; the notice goes to stderr."""
    run("--url", f"{web.root}/rules.zip")
    out, err = capfd.readouterr()
    row = json.loads(out)
    assert (row["archive"], row["pin"]) == ("rules/sigmahq.zip", "rules/sigmahq.zip.pin.toml")
    assert (row["sha256"], row["rules"], row["new"]) == (sha256(ONE), 1, True)
    assert "tocsin rules check --rules rules/sigmahq.zip" in err
    assert Path("rules/sigmahq.zip").read_bytes() == ONE


def test_a_table_shows_the_checksum(web, capfd):
    """For people."""
    run("--url", f"{web.root}/rules.zip", "--format", "table")
    assert sha256(ONE)[:40] in capfd.readouterr().out


def test_what_is_there_is_not_new(web, capfd):
    """A program sees it."""
    run("--url", f"{web.root}/rules.zip", "--to", "mine.zip")
    run("--to", "mine.zip")
    assert [json.loads(line)["new"] for line in capfd.readouterr().out.splitlines()] == [True, False]


def test_flags_reach_the_fetch(web):
    """The checksum refuses, --update takes."""
    run("--url", f"{web.root}/rules.zip", "--sha256", sha256(ONE))
    web.answers["/rules.zip"] = Answer(TWO)
    with pytest.raises(SettingsError, match="is wanted"):
        run("--url", f"{web.root}/rules.zip", "--sha256", sha256(ONE), "--update")
    run("--url", f"{web.root}/rules.zip", "--update")
    assert Path("rules/sigmahq.zip").read_bytes() == TWO


@pytest.mark.parametrize(
    ("release", "package", "url"),
    [
        (None, None, ""),
        ("latest", None, release_url("all")),
        ("r2026-07-01", None, release_url("all", "r2026-07-01")),
        (None, "core+", release_url("core+")),
        ("r2026-07-01", "core", release_url("core", "r2026-07-01")),
    ],
)
def test_a_release_and_a_package_name_a_url(release, package, url):
    """Each alone, both, or none, when the pin decides."""
    assert rules_fetch._url(release, package) == url


@pytest.mark.parametrize("flag", [("--release", "r2026-07-01"), ("--package", "core")])
def test_a_url_goes_without_a_release(flag):
    """Which of them is meant would be a guess."""
    with pytest.raises(SettingsError, match="--url goes without"):
        run("--url", "https://example.org/rules.zip", *flag)
