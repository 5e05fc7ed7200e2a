"""Pages about replaying and security name commands, flags and settings that are there."""

import re
import shlex
from pathlib import Path

import pytest

from tocsin.app.cli import run
from tocsin.app.settings import load, specs
from tocsin.errors import ExitCode
from tocsin.kafka.faults import check_options

DOCS = Path(__file__).parents[2] / "docs"
REPLAY = (DOCS / "replay.md").read_text(encoding="utf-8")
SECURITY = (DOCS / "kafka-security.md").read_text(encoding="utf-8")

COMMANDS = re.findall(r"^tocsin (.*)$", REPLAY, re.MULTILINE)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_have_the_flags_that_are_shown(command, capsys):
    """A flag that was renamed fails here."""
    arguments = shlex.split(command.partition("#")[0].partition(">")[0])
    assert run([*arguments, "--help"]) == ExitCode.OK, capsys.readouterr().err


def test_every_limit_is_in_the_table():
    """With its default, as numbers are written there."""
    table = dict(re.findall(r"^\| `(limits\.\w+)` \| .* \| (.*) \|$", REPLAY, re.MULTILINE))
    limits = {found.key: found.default for found in specs() if found.section == "limits"}
    assert table.keys() == limits.keys()
    shown = {key: f"{limit:,}" for key, limit in limits.items()}
    assert {
        **table,
        "limits.record_bytes": table["limits.record_bytes"].replace("10 MiB", "10,485,760"),
    } == shown


@pytest.mark.parametrize("block", re.findall(r"^```toml\n(.*?)^```", SECURITY, re.MULTILINE | re.DOTALL))
def test_settings_that_are_shown_are_read(block, tmp_path):
    """Also with keys that TOML takes for tables of tables."""
    file = tmp_path / "tocsin.toml"
    file.write_text(block, encoding="utf-8")
    client = load(file, {}, {}).settings.kafka.client
    assert "security.protocol" in client
    check_options({name: value for name, value in client.items() if not name.endswith(".location")})
