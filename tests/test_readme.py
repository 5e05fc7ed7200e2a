"""The README does what it says: its blocks are run, its links lead somewhere, its tables are true."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.errors import ExitCode

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shell_blocks() -> list[str]:
    return [block for block in blocks("sh") if not block.startswith("make ")]


@pytest.mark.kafka
@pytest.mark.slow
def test_the_shell_blocks_run_in_order(needs_apache, tmp_path):
    """A new user can copy them one after the other into an empty folder."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment["TOCSIN_BROKER_PORT"] = "0"
    try:
        for block in shell_blocks():
            environment["TOCSIN_KAFKA_BOOTSTRAP_SERVERS"] = "127.0.0.1:9092"
            run_block(block, tmp_path, environment)
    finally:
        subprocess.run(["tocsin", "broker", "stop"], cwd=tmp_path, env=environment, check=False)
    assert (tmp_path / "statistics.png").stat().st_size > 10_000
    assert len((tmp_path / "data/classified_packets.csv").read_text().splitlines()) == 5001


def run_block(block: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a block line by line; the broker picks a free port, which the lines after it are told."""
    for line in block.splitlines():
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        address = re.search(r"127\.0\.0\.1:\d+", done.stdout)
        if "broker start" in line:
            assert address, done.stdout
            environment["TOCSIN_KAFKA_BOOTSTRAP_SERVERS"] = address[0]


def test_the_make_blocks_name_real_targets():
    """`make demo` and `make test` are there; CI runs both for real."""
    commands = [block.strip() for block in blocks("sh") if block.startswith("make ")]
    assert commands == ["make demo", "make test"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in commands:
        assert re.search(rf"^{command.removeprefix('make ')}:", makefile, re.MULTILINE)


def test_the_python_block_prints_the_label(capsys):
    """The library works as shown."""
    (block,) = blocks("python")
    exec(block, {})  # it is our own README
    assert capsys.readouterr().out.startswith("T1059.001 [")


def test_links_lead_to_files_that_are_there():
    """No link of the front page is broken."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_exit_codes_are_those_of_the_code():
    """Every code is in the table, and nothing else."""
    documented = {int(code) for code in re.findall(r"^\| (\d) \|", README, re.MULTILINE)}
    assert documented == {int(code) for code in ExitCode}
