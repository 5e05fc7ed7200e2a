"""The demonstration: one command from nothing to statistics, ended in order whenever one likes."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tocsin.errors import ExitCode
from tocsin.results.table import dataset


def demo(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tocsin", "demo", "--dir", str(folder), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def descendants(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def run_folder(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def check_nothing_is_left(processes: list[psutil.Process]) -> None:
    """Wait for their end: one that has just begun first asks for a broker that is gone, for ten seconds."""
    _, alive = psutil.wait_procs(processes, timeout=40)
    assert alive == []


@pytest.mark.kafka
@pytest.mark.slow
def test_it_leaves_results_a_csv_and_a_plot(needs_apache, tmp_path):
    """Everything that was produced is classified, shown, and where it says."""
    process = demo(tmp_path, "--engine", "apache", "--count", "3000", "--rate", "0", "--workers", "2")
    out, err = process.communicate(timeout=150)
    assert process.returncode == ExitCode.OK, err
    folder = run_folder(tmp_path)
    assert dataset(folder / "results").count_rows() == 3000
    assert len((folder / "classified_packets.csv").read_text().splitlines()) == 3001
    assert len((folder / "raw_packets.csv").read_text().splitlines()) == 3001
    assert (folder / "statistics.png").stat().st_size > 10_000
    assert "Execution" in out
    assert str(folder) in err


@pytest.mark.slow
def test_ctrl_c_ends_it_in_order(needs_tansu, tmp_path):
    """What was produced until then is classified, and no process is left."""
    process = demo(tmp_path, "--engine", "tansu", "--seconds", "300", "--rate", "500")
    deadline = time.monotonic() + 60
    while not any(tmp_path.glob("*/results/verdicts/*.parquet")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "nothing was classified"
        time.sleep(0.2)
    children = descendants(process)
    assert children
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=90)
    assert process.returncode == ExitCode.OK, err
    check_nothing_is_left(children)
    folder = run_folder(tmp_path)
    produced = len((folder / "raw_packets.csv").read_text().splitlines()) - 1
    assert dataset(folder / "results").count_rows() == produced > 0


@pytest.mark.slow
def test_settings_for_another_cluster_do_not_disturb_it(needs_tansu, tmp_path, monkeypatch):
    """It runs in the folder, and with the variables, of whoever works with a real cluster."""
    monkeypatch.setenv("TOCSIN_KAFKA_CLIENT_SECURITY_PROTOCOL", "SASL_SSL")
    monkeypatch.setenv("TOCSIN_KAFKA_TOPIC", "production")
    process = demo(tmp_path, "--engine", "tansu", "--count", "100", "--rate", "0")
    _, err = process.communicate(timeout=90)
    assert process.returncode == ExitCode.OK, err
    assert dataset(run_folder(tmp_path) / "results").count_rows() == 100


@pytest.mark.slow
def test_killed_it_takes_everything_with_it(needs_tansu, tmp_path):
    """SIGKILL leaves neither a broker nor a producer nor a worker behind."""
    process = demo(tmp_path, "--engine", "tansu", "--seconds", "300", "--rate", "500")
    deadline = time.monotonic() + 60
    while len(descendants(process)) < 4:  # the guard, the broker, the producer, the worker
        assert time.monotonic() < deadline, "not everything was started"
        time.sleep(0.2)
    children = descendants(process)
    process.kill()
    process.communicate()
    check_nothing_is_left(children)
