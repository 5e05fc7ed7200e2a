"""Fetches an archive of Sigma rules and pins it, so that what is fetched again is the same, byte for byte.

The pin is a small TOML file beside the archive, to be kept with the settings that name the archive: it says
where the rules came from and their checksum. SigmaHQ publishes no checksums of its own: the first fetch is
trusted because of HTTPS, or because the caller knows the checksum; every later one because of the pin.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Meta

from tocsin.errors import SettingsError
from tocsin.rules.download import Downloaded, Watch, download
from tocsin.rules.files import MAX_BYTES as MAX_RULE_BYTES
from tocsin.rules.files import rule_files, sources

RELEASES = "https://github.com/SigmaHQ/sigma/releases"

PACKAGES = {
    "all": "sigma_all_rules.zip",
    "core": "sigma_core.zip",
    "core+": "sigma_core+.zip",
    "core++": "sigma_core++.zip",
    "emerging": "sigma_emerging_threats_addon.zip",
}
"""The archives of a SigmaHQ release."""

MAX_BYTES = 64 * 1024 * 1024
"""A larger archive is refused; SigmaHQ's largest has 4 MB."""

MAX_UNPACKED = 512 * 1024 * 1024
"""Rules that are larger once unpacked are refused; all of SigmaHQ's have 6 MB."""

_RELEASE = re.compile(r"/releases/download/([^/]+)/([^/]+)$")
_RULE = re.compile(r"^(?:detection|correlation|filter):", re.MULTILINE)


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an archive is.

    Attributes:
        url: where it was fetched from, and can be again.
        release: its release's name; empty if it is of none.
        sha256: of the archive.
        size: of the archive in bytes.
        rules: how many it has.
        fetched_at: when, in ISO 8601, UTC.
    """

    url: str
    release: str
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size: int
    rules: int
    fetched_at: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch.

    Attributes:
        to: where the archive is to be; its name ends with `.zip`.
        url: where it is; empty for what the pin says, and for SigmaHQ's newest release where there is none.
        sha256: what its checksum must be, in hexadecimal; empty if it is not known.
        update: take it also when it is not what was pinned; without a URL, from the newest release.
    """

    to: Path
    url: str = ""
    sha256: str = ""
    update: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is there now.

    Attributes:
        new: whether it was downloaded; otherwise it was there already.
    """

    pin: Pin
    new: bool


def release_url(package: str = "all", release: str = "") -> str:
    """Return where SigmaHQ has an archive: of a release such as `r2026-07-01`, or of the newest."""
    place = f"download/{quote(release, safe='')}" if release else "latest/download"
    return f"{RELEASES}/{place}/{PACKAGES[package]}"


def pin_path(archive: Path) -> Path:
    """Return where the pin of an archive is."""
    return archive.with_name(archive.name + ".pin.toml")


def read_pin(archive: Path) -> Pin | None:
    """Return what an archive is pinned to, or None if it is not.

    Raises:
        SettingsError: the pin cannot be read.
    """
    path = pin_path(archive)
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Pin)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, msgspec.ValidationError) as error:
        raise SettingsError(f"{path}: is not a pin: {error}", "restore it, or delete it") from error


def fetch(wanted: Wanted, now: Callable[[], datetime], watch: Watch) -> Fetched:
    """Have the archive that is wanted, and its pin, in place; nothing is changed unless all is well.

    Nothing is downloaded if the archive is there and is what its pin says. When something goes wrong between
    the two files, the next fetch mends it.

    Args:
        wanted: what to fetch, and where to keep it.
        now: the time, for the pin.
        watch: told how the download goes on.

    Raises:
        SettingsError: the URL is not to be downloaded from, the checksum is not the one wanted or pinned,
            what is there is not an archive of rules, or it cannot be written.
        StreamError: the server is away, refuses, or breaks off.
    """
    wanted = replace(wanted, sha256=_checksum(wanted.sha256))
    pin = read_pin(wanted.to)
    _check(wanted, pin)
    url = wanted.url or _usual_url(pin, update=wanted.update)
    if pin is not None and pin.url == url and not wanted.update and _has(wanted.to, pin):
        return Fetched(pin, new=False)
    try:
        with _beside(wanted.to) as fresh:
            with fresh.open("xb") as file:
                got = download(url, file, MAX_BYTES, watch)
                file.flush()
                os.fsync(file.fileno())
            _check_content(got, wanted, pin)
            rules = _count(url, fresh)
            if pin is None or pin.sha256 != got.sha256:
                pin = _pinned(got, rules, now())
                _write_pin(pin, wanted.to)
            fresh.replace(wanted.to)
    except OSError as error:
        raise SettingsError(f"{error.filename or wanted.to}: cannot be written: {error.strerror}") from error
    return Fetched(pin, new=True)


def _checksum(text: str) -> str:
    checksum = text.strip().lower().removeprefix("sha256:")
    if checksum and not re.fullmatch("[0-9a-f]{64}", checksum):
        raise SettingsError(f"{text!r} is not a SHA-256 checksum", "64 hexadecimal digits")
    return checksum


def _check(wanted: Wanted, pin: Pin | None) -> None:
    """Refuse what cannot come to a good end, before anything is downloaded."""
    archive = wanted.to
    if archive.suffix.lower() != ".zip":
        raise SettingsError(f"{archive}: rules are read from an archive only if its name ends with .zip")
    if wanted.update:
        return
    if pin is None and archive.exists():
        raise SettingsError(f"{archive}: is there already, and has no pin", "--update takes its place")
    if pin is not None and wanted.sha256 not in ("", pin.sha256):
        raise SettingsError(
            f"{archive}: is pinned to SHA-256 {pin.sha256}, and {wanted.sha256} is wanted",
            "--update replaces the pin",
        )


def _usual_url(pin: Pin | None, *, update: bool) -> str:
    """Return where to fetch from when no URL is given: what is pinned, or, to update, its newest release."""
    if pin is None:
        return release_url()
    found = _RELEASE.search(urlsplit(pin.url).path)
    if update and found and pin.url.startswith(RELEASES):
        return f"{RELEASES}/latest/download/{found[2]}"
    return pin.url


def _has(archive: Path, pin: Pin) -> bool:
    try:
        with archive.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == pin.sha256
    except OSError:
        return False


@contextmanager
def _beside(archive: Path) -> Iterator[Path]:
    """Name a new file in the archive's folder, and remove it if it is still there at the end."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    fresh = archive.with_name(f".{archive.stem}.{secrets.token_hex(4)}.zip")
    try:
        yield fresh
    finally:
        fresh.unlink(missing_ok=True)


def _check_content(got: Downloaded, wanted: Wanted, pin: Pin | None) -> None:
    if wanted.sha256 not in ("", got.sha256):
        raise SettingsError(
            f"{got.way[0]}: has SHA-256 {got.sha256}, and {wanted.sha256} is wanted",
            "nothing was kept; is it the right release, or was it altered on the way?",
        )
    if pin is not None and not wanted.update and pin.sha256 != got.sha256:
        raise SettingsError(
            f"{got.way[0]}: has SHA-256 {got.sha256}, and {pin_path(wanted.to)} pins {pin.sha256}",
            "nothing was changed; --update takes the new one and replaces the pin",
        )


def _count(url: str, archive: Path) -> int:
    """Return how many rules an archive has, without judging them.

    Raises:
        SettingsError: it cannot be read, has none, or unpacks to too much.
    """
    rules = size = 0
    try:
        for file in rule_files(sources([archive])):
            rules += len(_RULE.findall(file.text or ""))
            size += MAX_RULE_BYTES if file.text is None else len(file.text)  # it may have been too large
            if size > MAX_UNPACKED:
                break
    except SettingsError as error:  # it names the file that is not going to be there
        hint = "nothing was kept; is it a page instead of the file?"
        raise SettingsError(f"{url}: is not an archive of rules", hint) from error
    if size > MAX_UNPACKED:
        raise SettingsError(f"{url}: unpacks to more than {MAX_UNPACKED:,} bytes", "nothing was kept")
    if not rules:
        raise SettingsError(f"{url}: has no Sigma rules in it", "nothing was kept")
    return rules


def _pinned(got: Downloaded, rules: int, now: datetime) -> Pin:
    """Return the pin of a download: its URL is the one of a release by name, if its way led there."""
    releases = [(url, found) for url in got.way if (found := _RELEASE.search(urlsplit(url).path))]
    url, release = (releases[0][0], releases[0][1][1]) if releases else (got.way[0], "")
    moment = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Pin(url, release, got.sha256, got.size, rules, moment)


def _write_pin(pin: Pin, archive: Path) -> None:
    """Write a pin in one step."""
    lines = [f"{key} = {_toml(value)}\n" for key, value in msgspec.to_builtins(pin).items()]
    text = f"# What {archive.name} is. Written by `tocsin rules fetch`; keep it with your settings.\n"
    path = pin_path(archive)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        fresh.write_text(text + "".join(lines), encoding="utf-8")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _toml(value: str | int) -> str:
    """Return a value as TOML writes it: as JSON does, but for U+007F and what JSON makes surrogates of."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
