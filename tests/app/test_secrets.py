"""A secret that is given to Tocsin is in none of its output, whatever goes wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.errors import ExitCode

SECRET = "planted-secret"


def said_by(*arguments: str, variables: dict[str, str] | None = None, folder: Path) -> tuple[int, str]:
    """Run a command in a folder and return how it ended and everything that it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=folder,
        env={**os.environ, **(variables or {})},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("format_", ["table", "ndjson"])
def test_config_show_names_secrets(tmp_path, format_):
    """From the file, from a variable, and with keys that TOML takes for tables."""
    (tmp_path / "tocsin.toml").write_text(
        f'[kafka.client]\nsasl.password = "{SECRET}-1"\n"ssl.key.password" = "{SECRET}-2"\n'
        'ssl.ca.location = "ca.pem"\n'
    )
    variables = {"TOCSIN_KAFKA_CLIENT_SASL_OAUTHBEARER_CLIENT_SECRET": f"{SECRET}-3", "COLUMNS": "300"}
    code, said = said_by("config", "show", "--format", format_, variables=variables, folder=tmp_path)
    assert code == ExitCode.OK
    assert SECRET not in said
    assert "sasl.password=(secret)" in said
    assert "ssl.key.password=(secret)" in said
    assert "ssl.ca.location=ca.pem" in said


@pytest.mark.parametrize(
    ("file", "flags"),
    [
        (f'[kafka.client]\nsasl.password = ["{SECRET}"]\n', []),
        (f'[kafka]\nclient = "{SECRET}"\n', []),
        (f'[kafka.client]\nsasl.password = "{SECRET}\n', []),
        ("", ["-X", f"sasl.password:{SECRET}"]),
        ("", ["-X", f"sasl.passwort={SECRET}"]),
        ("", ["-X", f"ssl.key.pem={SECRET}", "-X", "security.protocol=SSL"]),
        ("", ["-X", f"ssl.keystore.password={SECRET}", "-X", "ssl.keystore.location=nowhere"]),
    ],
)
def test_a_mistake_in_a_secret_is_told_without_it(tmp_path, file, flags):
    """The message says which setting; what was in it stays unsaid."""
    (tmp_path / "tocsin.toml").write_text(file)
    code, said = said_by("detect", "--bootstrap-servers", "127.0.0.1:1", *flags, folder=tmp_path)
    assert code == ExitCode.BAD_SETTINGS, said
    assert SECRET not in said


@pytest.mark.kafka
@pytest.mark.parametrize(
    "command", [["detect", "--once", "--progress", "ndjson"], ["produce", "--count", "1"]]
)
def test_no_command_prints_the_password_it_uses(kafka, unique_name, tmp_path, command):
    """With librdkafka's own debugging on, and a listener that wants none of it."""
    login = ["security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", "sasl.username=alice", "debug=all"]
    flags = [flag for property_ in login for flag in ("-X", property_)]
    where = ["--bootstrap-servers", kafka, "--topic", unique_name]
    variables = {"TOCSIN_KAFKA_CLIENT_SASL_PASSWORD": SECRET}
    code, said = said_by(*command, *where, *flags, variables=variables, folder=tmp_path)
    assert code == ExitCode.BAD_SETTINGS, said
    assert "knows no SASL" in said
    assert SECRET not in said
