"""Every command works over TLS with a password from a file, and prints the password nowhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.secured import PASSWORD, USER, Secured
from tocsin.errors import ExitCode
from tocsin.results.table import dataset

SETTINGS = """
[kafka]
bootstrap_servers = "{servers}"
topic = "{topic}"
group = "{topic}"

[kafka.client]
security.protocol = "SASL_SSL"
ssl.ca.location = "{ca}"
sasl.mechanism = "SCRAM-SHA-256"
sasl.username = "{user}"
sasl.password.file = "password"
"""

COMMANDS = (
    ["produce", "--count", "200", "--rate", "0", "--seed", "1"],
    ["detect", "--once", "--rules", "builtin:lab", "--progress", "ndjson"],
    ["detect", "--from-offset", "0", "--until", "5", "--results", "again"],
    ["lag", "--over", "0", "--fail-above", "0"],
    ["dead-letters", "replay"],
    ["config", "show"],
)


@pytest.mark.kafka
def test_the_pipeline_over_a_secured_listener(guarded: Secured, unique_name, tmp_path: Path):
    """Produce, classify, classify a range, look at the lag, replay: with one settings file."""
    (tmp_path / "password").write_text(PASSWORD + "\n")
    settings = SETTINGS.format(servers=guarded.scram, topic=unique_name, ca=guarded.ca, user=USER)
    (tmp_path / "tocsin.toml").write_text(settings)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_KAFKA")}
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "tocsin", *command],
            cwd=tmp_path,
            env=clean,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == ExitCode.OK, (command, done.stderr)
        assert "planted-secret" not in done.stdout + done.stderr, command
    assert dataset(tmp_path / "data/results").count_rows() == 200
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "password"]
    assert not [path for path in kept if PASSWORD.encode() in path.read_bytes()]
