"""The page about traces names what is there."""

import re
import shlex
from pathlib import Path

import pytest

from tocsin.app.cli import run
from tocsin.errors import ExitCode
from tocsin.telemetry import names

PAGE = (Path(__file__).parents[2] / "docs" / "traces.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", re.findall(r"^tocsin (.*)$", PAGE, re.MULTILINE))
def test_commands_have_the_flags_that_are_shown(command, capsys):
    """A flag that was renamed fails here."""
    assert run([*shlex.split(command), "--help"]) == ExitCode.OK, capsys.readouterr().err


@pytest.mark.parametrize("name", [value for key, value in vars(names).items() if key.isupper()])
def test_every_name_is_described(name):
    """Spans, attributes and services."""
    assert f"`{name}`" in PAGE
