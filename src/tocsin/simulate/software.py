"""The programs of ordinary working days, read from `software.toml` beside this module."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec

from tocsin.simulate.organisation import Role

SYSTEM32 = "C:\\Windows\\System32"
OFFICE = "C:\\Program Files\\Microsoft Office\\root\\Office16"
EXPLORER = "C:\\Windows\\explorer.exe"
SERVICES = f"{SYSTEM32}\\services.exe"
SVCHOST = f"{SYSTEM32}\\svchost.exe"
CMD = f"{SYSTEM32}\\cmd.exe"
POWERSHELL = f"{SYSTEM32}\\WindowsPowerShell\\v1.0\\powershell.exe"

WORDS = (
    "Budget", "Forecast", "Invoice", "Payroll", "Contracts", "Onboarding", "Campaign", "Newsletter",
    "Pricing", "Inventory", "Roadmap", "Audit", "Travel", "Suppliers", "Training", "Release", "Customers",
)  # fmt: skip
"""Documents and projects of the organisation."""


class Program(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One program and its usual command lines.

    Attributes:
        commands: templates, as `software.toml` explains.
        parent: path of the program that starts it.
        started_as: the parent's command line; empty for its path alone.
        weight: how often, relative to the others of the same menu.
        elevated: whether it runs with administrative rights.
    """

    image: str
    commands: tuple[str, ...]
    parent: str = EXPLORER
    started_as: str = ""
    weight: float = 1.0
    elevated: bool = False


class Encoder:
    """Makes `{encoded:SCRIPT}` of a template what `encoded` makes of the script."""

    def __format__(self, script: str) -> str:
        return encoded(script)


def encoded(script: str) -> str:
    """Return a script as PowerShell's `-EncodedCommand` takes it: Base64 of UTF-16LE."""
    return base64.b64encode(script.encode("utf-16-le")).decode("ascii")


Menu = tuple[Program, ...]

_MENUS = {
    Role.DEVELOPER: ("desk", "development"),
    Role.ADMIN: ("desk", "administration", "administration"),
    Role.SERVICE: ("unattended",),
}


@cache
def programs() -> Mapping[str, Menu]:
    """Return the menus by name."""
    text = resources.files("tocsin.simulate").joinpath("software.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Menu])


def menus(role: Role) -> tuple[Menu, ...]:
    """Return the menus a role chooses from, each as likely as the other."""
    return tuple(programs()[name] for name in _MENUS.get(role, ("desk",)))
