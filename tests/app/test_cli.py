"""The command line: quick help, exit codes, and mistakes answered with the nearest name."""

import subprocess
import sys
import time

import pytest

from tocsin.app import cli
from tocsin.errors import ExitCode


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tocsin", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_every_command_can_be_imported_and_has_help():
    """The lazy table names commands that exist, and each says what it does."""
    for name in cli.COMMANDS:
        command = cli.LazyGroup().get_command(None, name)  # type: ignore[arg-type]  # the context is not used
        assert command is not None, name
        assert command.help, name


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["prodce"], "did you mean 'produce'?"),
        (["detect", "--topc", "x"], "--topic"),
        (["detect", "--keep-events", "some"], "'some' is not one of 'detected', 'all', 'none'"),
        (["detect", "-X", "novalue"], "expected KEY=VALUE"),
        (["detect", "--partitions", "many"], "is not a valid integer"),
    ],
)
def test_a_mistake_is_exit_3_with_the_nearest_name(arguments, said, capfd):
    """Exit code 3 and one sentence, never a stack trace."""
    assert cli.run(arguments) == ExitCode.BAD_SETTINGS
    err = capfd.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_no_broker_is_exit_4_in_one_sentence(tmp_path):
    """It says what to try, and writes nothing."""
    began = time.monotonic()
    done = run("detect", "--bootstrap-servers", "127.0.0.1:9", "--results", str(tmp_path / "results"))
    assert done.returncode == ExitCode.STREAM_LOST
    assert "no Kafka broker answers at 127.0.0.1:9" in done.stderr
    assert "tocsin broker start" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
    assert not (tmp_path / "results").exists()
    assert time.monotonic() - began < 30


def test_config_show_prints_a_row_per_setting_and_no_secret(monkeypatch, capfd):
    """In a pipe it is NDJSON."""
    monkeypatch.setenv("TOCSIN_KAFKA_CLIENT_SASL_PASSWORD", "hush")
    assert cli.run(["config", "show"]) == ExitCode.OK
    out = capfd.readouterr().out
    assert "hush" not in out
    assert '"from":"environment TOCSIN_KAFKA_CLIENT_SASL_PASSWORD"' in out
    assert len(out.splitlines()) == len(list(cli_specs()))


def cli_specs():
    from tocsin.app.settings import specs  # noqa: PLC0415 - beside its only use

    return specs()
