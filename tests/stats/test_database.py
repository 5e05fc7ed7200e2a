"""A long question ends when the reader has had enough."""

import signal
import subprocess
import sys

import pytest

ENDLESS = """
import tempfile
from pathlib import Path
from tocsin.stats.database import database_in, rows_of

with tempfile.TemporaryDirectory() as folder, database_in(Path(folder)) as database:
    print("asking", flush=True)
    try:
        rows_of(database, "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range > b.range")
    except KeyboardInterrupt:
        print("stopped")
"""


def test_ctrl_c_stops_a_question():
    """As it does everything else: by KeyboardInterrupt."""
    with subprocess.Popen([sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "asking\n"
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)  # it must be at work, not on its way there
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (out, process.returncode) == ("stopped\n", 0)
