"""What Windows knows of a program's file: the name it was compiled under, its maker, its hashes."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib import resources

import msgspec

MICROSOFT = "Microsoft Corporation"
WINDOWS = "Microsoft® Windows® Operating System"


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program's version resource; `-` where it has none, as with most of what intruders bring."""

    original: str = "-"
    description: str = "-"
    product: str = "-"
    company: str = "-"
    version: str = "-"


UNKNOWN = Facts()


def facts(image: str, original: str = "") -> Facts:
    """Return what is known of a program's file.

    Args:
        image: its path.
        original: the name it was compiled under, if the file was renamed.
    """
    return _known().get((original or image.rpartition("\\")[2]).lower(), UNKNOWN)


@lru_cache(maxsize=4_096)
def hashes(image: str, original: str = "") -> str:
    """Return hashes as Sysmon writes them; made up, but always the same for the same file."""
    known = facts(image, original)
    content = (known.original if known is not UNKNOWN else image).lower().encode()
    digest = hashlib.sha512(content).hexdigest().upper()
    return f"SHA1={digest[:40]},MD5={digest[40:72]},SHA256={digest[:64]},IMPHASH={digest[96:128]}"


@cache
def _known() -> Mapping[str, Facts]:
    text = resources.files("tocsin.simulate.windows").joinpath("programs.toml").read_text(encoding="utf-8")
    windows: dict[str, tuple[str, str]] = {}
    data = tomllib.loads(text)
    windows = msgspec.convert(data["windows"], dict[str, tuple[str, str]])
    others = msgspec.convert(data["others"], dict[str, Facts])
    system = {
        name: Facts(original, description, WINDOWS, MICROSOFT, "10.0.19041.1 (WinBuild.160101.0800)")
        for name, (original, description) in windows.items()
    }
    return {**system, **others}
