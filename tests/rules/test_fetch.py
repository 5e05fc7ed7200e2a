"""Fetched rules are pinned: the same archive again, no other by accident, and nothing half done."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.loopback import Answer, Site, redirect, site
from tocsin.errors import SettingsError, StreamError
from tocsin.rules import fetch as room
from tocsin.rules import load_rules
from tocsin.rules.fetch import PACKAGES, Fetched, Pin, Wanted, fetch, pin_path, read_pin, release_url

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)

RULE = """title: {}
id: 5f0f9d6e-8a70-4b11-9d0c-0000000000{:02}
logsource: {{category: process_creation}}
detection:
    selection: {{CommandLine|contains: whoami}}
    condition: selection
"""


def archive(*titles: str, **others: bytes) -> bytes:
    """Return a zip archive with a rule for each title, and other files."""
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as zipped:
        for number, title in enumerate(titles):
            zipped.writestr(f"rules/{number}.yml", RULE.format(title, number))
        for name, content in others.items():
            zipped.writestr(name, content)
    return into.getvalue()


ONE = archive("One")
TWO = archive("One", "Two")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def web() -> Iterator[Site]:
    """A server that has an archive with one rule."""
    with site() as running:
        running.answers["/rules.zip"] = Answer(ONE)
        yield running


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Where the archive goes: into a folder that is not there yet."""
    return tmp_path / "rules" / "sigmahq.zip"


def get(to: Path, url: str = "", sha256: str = "", *, update: bool = False) -> Fetched:
    return fetch(Wanted(to, url, sha256, update), lambda: NOW, lambda _done, _total: None)


def everything(to: Path) -> dict[str, bytes]:
    """Return what is in the archive's folder."""
    return {path.name: path.read_bytes() for path in to.parent.iterdir()} if to.parent.exists() else {}


def test_an_archive_is_fetched_and_pinned(web, to):
    """The archive, byte for byte, and a pin with all that is known of it; nothing else is left."""
    url = f"{web.root}/rules.zip"
    done = get(to, url)
    assert done == Fetched(Pin(url, "", sha256(ONE), len(ONE), 1, "2026-11-21T09:30:00Z"), new=True)
    assert everything(to).keys() == {"sigmahq.zip", "sigmahq.zip.pin.toml"}
    assert to.read_bytes() == ONE
    assert read_pin(to) == done.pin
    assert [rule.title for rule in load_rules([to]).rules] == ["One"]


def test_what_is_there_and_right_is_not_fetched_again(web, to):
    """The server is not asked, with or without the URL."""
    get(to, f"{web.root}/rules.zip")
    before = everything(to)
    assert not get(to).new
    assert not get(to, f"{web.root}/rules.zip", sha256(ONE)).new
    assert web.asked == ["/rules.zip"]
    assert everything(to) == before


@pytest.mark.parametrize("damage", [None, b"", ONE[:-1], TWO])
def test_what_is_missing_or_damaged_is_fetched_again_from_the_pin(web, to, damage):
    """A clone that has only the pin gets the archive, and the pin stays as it is."""
    get(to, f"{web.root}/rules.zip")
    before = everything(to)
    to.unlink()
    if damage is not None:
        to.write_bytes(damage)
    assert get(to).new
    assert everything(to) == before


def test_other_content_is_refused(web, to):
    """Both checksums are told, and nothing is changed."""
    get(to, f"{web.root}/rules.zip")
    before = everything(to)
    web.answers["/other.zip"] = Answer(TWO)
    with pytest.raises(SettingsError, match=f"{sha256(TWO)}.*pins {sha256(ONE)}.*--update"):
        get(to, f"{web.root}/other.zip")
    assert everything(to) == before


def test_an_update_takes_other_content(web, to):
    """Archive and pin are the new one's."""
    get(to, f"{web.root}/rules.zip")
    web.answers["/rules.zip"] = Answer(TWO)
    to.unlink()
    with pytest.raises(SettingsError, match="pins"):
        get(to)
    done = get(to, update=True)
    assert (done.pin.sha256, done.pin.rules) == (sha256(TWO), 2)
    assert read_pin(to) == done.pin
    assert to.read_bytes() == TWO


def test_an_update_to_the_same_content_keeps_the_pin(web, to):
    """The server is asked; that nothing is new changes nothing."""
    get(to, f"{web.root}/rules.zip")
    before = everything(to)
    get(to, update=True)
    assert len(web.asked) == 2
    assert everything(to) == before


def test_the_same_content_from_elsewhere_keeps_the_pin(web, to):
    """A mirror is as good; the pin does not change for nothing."""
    get(to, f"{web.root}/rules.zip")
    web.answers["/mirror.zip"] = Answer(ONE)
    before = everything(to)
    assert get(to, f"{web.root}/mirror.zip").new
    assert everything(to) == before


@pytest.mark.parametrize("form", ["{}", "sha256:{}", " {} "])
def test_a_right_checksum_is_taken_in_any_form(web, to, form):
    """As programs print it, in either case."""
    assert get(to, f"{web.root}/rules.zip", form.format(sha256(ONE).upper())).new
    assert to.read_bytes() == ONE


def test_a_wrong_checksum_keeps_nothing(web, to):
    """Both checksums are told, and there is neither archive nor pin."""
    with pytest.raises(SettingsError, match=f"{sha256(ONE)}, and {sha256(TWO)} is wanted"):
        get(to, f"{web.root}/rules.zip", sha256(TWO))
    assert everything(to) == {}


def test_a_wrong_checksum_stops_an_update_too(web, to):
    """What was there stays."""
    get(to, f"{web.root}/rules.zip")
    before = everything(to)
    web.answers["/rules.zip"] = Answer(TWO)
    with pytest.raises(SettingsError, match="nothing was kept"):
        get(to, f"{web.root}/rules.zip", "0" * 64, update=True)
    assert everything(to) == before


def test_a_checksum_that_is_not_the_pinned_one_is_refused_at_once(web, to):
    """Without a question to the server."""
    get(to, f"{web.root}/rules.zip")
    with pytest.raises(SettingsError, match=f"{sha256(ONE)}, and {sha256(TWO)} is wanted"):
        get(to, f"{web.root}/rules.zip", sha256(TWO))
    assert len(web.asked) == 1


@pytest.mark.parametrize("text", ["abc", "0" * 63, "0" * 65, "g" * 64, "md5:" + "0" * 64])
def test_what_is_no_checksum_is_said_to_be_none(to, text):
    """Before anything is asked."""
    with pytest.raises(SettingsError, match="not a SHA-256 checksum"):
        get(to, "https://example.org/a.zip", text)


def test_an_archive_without_a_pin_is_somebodys(web, to):
    """It is replaced only when that is said."""
    to.parent.mkdir()
    to.write_bytes(b"mine")
    with pytest.raises(SettingsError, match="is there already, and has no pin"):
        get(to, f"{web.root}/rules.zip")
    assert everything(to) == {"sigmahq.zip": b"mine"}
    assert get(to, f"{web.root}/rules.zip", update=True).new
    assert to.read_bytes() == ONE


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>Sign in</html>", "is not an archive of rules"),
        (b"", "is not an archive of rules"),
        (ONE[:-30], "is not an archive of rules"),
        (archive(), "has no Sigma rules"),
        (archive(**{"readme.md": b"detection:\n", "other.yml": b"title: x\n"}), "has no Sigma rules"),
    ],
)
def test_what_is_no_archive_of_rules_is_not_kept(web, to, content, said):
    """A page to sign in, half a file, an archive of something else."""
    web.answers["/rules.zip"] = Answer(content)
    with pytest.raises(SettingsError, match=f"{web.root}/rules.zip: {said}"):
        get(to, f"{web.root}/rules.zip")
    assert everything(to) == {}


@pytest.mark.parametrize("filler", [b"a" * 300_000, b"\xff" * 300_000, b"a" * 5_000_000])
def test_what_unpacks_to_too_much_is_not_kept(web, to, filler, monkeypatch):
    """Be it text, not, or too large to be looked at."""
    monkeypatch.setattr(room, "MAX_UNPACKED", 500_000)
    web.answers["/rules.zip"] = Answer(archive("One", **{"a.yml": filler, "b.yml": filler}))
    with pytest.raises(SettingsError, match="unpacks to more than 500,000 bytes"):
        get(to, f"{web.root}/rules.zip")
    assert everything(to) == {}


def test_what_is_too_large_is_not_kept(web, to, monkeypatch):
    """The archive itself is bounded."""
    monkeypatch.setattr(room, "MAX_BYTES", len(ONE) - 1)
    with pytest.raises(SettingsError, match="larger than"):
        get(to, f"{web.root}/rules.zip")
    assert everything(to) == {}


@pytest.mark.parametrize("answer", [Answer(ONE, announced=len(ONE) + 1), Answer(status=503)])
def test_a_server_that_fails_changes_nothing(web, to, answer):
    """What was there stays, and the error is one of the stream."""
    get(to, f"{web.root}/rules.zip")
    before = everything(to)
    web.answers["/rules.zip"] = answer
    with pytest.raises(StreamError, match=f"{web.root}/rules.zip"):
        get(to, update=True)
    assert everything(to) == before | {"sigmahq.zip": ONE}


def test_no_url_and_no_pin_means_sigmahqs_newest_release(web, to, monkeypatch):
    """The pin says which that was, so that it is fetched again by name; a signature is not written down."""
    monkeypatch.setattr(room, "RELEASES", f"{web.root}/releases")
    web.answers |= {
        "/releases/latest/download/sigma_all_rules.zip": redirect(
            "/releases/download/r2026-07-01/sigma_all_rules.zip"
        ),
        "/releases/download/r2026-07-01/sigma_all_rules.zip": redirect("/blob?signature=hush"),
        "/blob": Answer(ONE),
    }
    done = get(to)
    assert done.pin.url == f"{web.root}/releases/download/r2026-07-01/sigma_all_rules.zip"
    assert done.pin.release == "r2026-07-01"
    assert b"hush" not in pin_path(to).read_bytes()
    to.unlink()
    web.asked.clear()
    assert get(to).pin == done.pin
    assert web.asked[0] == "/releases/download/r2026-07-01/sigma_all_rules.zip"


def test_an_update_goes_on_to_the_newest_release_of_the_same_package(web, to, monkeypatch):
    """The one that was fetched before, not the default."""
    monkeypatch.setattr(room, "RELEASES", f"{web.root}/releases")
    web.answers |= {
        "/releases/download/r1/sigma_core.zip": Answer(ONE),
        "/releases/latest/download/sigma_core.zip": redirect("/releases/download/r2/sigma_core.zip"),
        "/releases/download/r2/sigma_core.zip": Answer(TWO),
    }
    assert get(to, release_url("core", "r1")).pin.release == "r1"
    assert get(to, update=True).pin.release == "r2"
    assert to.read_bytes() == TWO


def test_a_fetch_that_was_killed_between_its_two_files_is_mended(web, to):
    """The pin is written first: with the old archive beside it, the pinned one is fetched."""
    get(to, f"{web.root}/rules.zip")
    pinned = everything(to)
    to.write_bytes(TWO)
    get(to)
    assert everything(to) == pinned


@pytest.mark.parametrize("text", ["", "url = ", 'url = "x"', "\x00"])
def test_a_damaged_pin_is_told(web, to, text):
    """It is not taken for none."""
    get(to, f"{web.root}/rules.zip")
    pin_path(to).write_text(text)
    with pytest.raises(SettingsError, match=r"pin\.toml: is not a pin"):
        get(to)


def test_a_name_that_is_not_a_zips_is_refused(tmp_path):
    """Rules would not be read from it."""
    with pytest.raises(SettingsError, match=r"ends with \.zip"):
        get(tmp_path / "rules", "https://example.org/rules.zip")


def test_a_folder_that_is_a_file_is_told(web, tmp_path):
    """By its name."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"file/.*: cannot be (read|written): Not a directory"):
        get(tmp_path / "file" / "rules.zip", f"{web.root}/rules.zip")


def test_releases_have_the_urls_that_sigmahq_gives_them():
    """A release by name, and the newest."""
    root = "https://github.com/SigmaHQ/sigma/releases"
    assert release_url("all", "r2026-07-01") == f"{root}/download/r2026-07-01/sigma_all_rules.zip"
    assert release_url("core") == f"{root}/latest/download/sigma_core.zip"
    assert release_url("all", "../../x?y") == f"{root}/download/..%2F..%2Fx%3Fy/sigma_all_rules.zip"
    assert all(release_url(package).startswith("https://") for package in PACKAGES)


@settings(max_examples=50, deadline=None)
@given(url=st.text(), release=st.text(), size=st.integers(0, 2**40))
def test_a_pin_is_read_as_it_was_written(tmp_path_factory, url, release, size):
    """Whatever is in a URL or a name."""
    archive_ = tmp_path_factory.getbasetemp() / "a.zip"
    pin = Pin(url, release, "0" * 64, size, 1, "2026-11-21T09:30:00Z")
    room._write_pin(pin, archive_)
    assert read_pin(archive_) == pin
