"""A worker's process has its memory allocators keep little, unless whoever started it has said otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

needs_glibc = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not os.confstr("CS_GNU_LIBC_VERSION"), reason="needs glibc"
)

ON_MANY_THREADS = """
import ctypes, sys, threading
from tocsin.app.frugal import keep_little

libc = ctypes.CDLL(None)
if "frugal" in sys.argv:
    keep_little()
ready = threading.Barrier(9)

def allocate():
    libc.malloc(1_000)  # without Python's lock: who finds an arena in use takes another
    ready.wait()

for _ in range(8):
    threading.Thread(target=allocate).start()
ready.wait()
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


def arenas(folder: Path, *arguments: str, **environment: str) -> int:
    """Return how many arenas eight threads that allocate at the same time come to."""
    program = folder / "on_many_threads.py"
    program.write_text(ON_MANY_THREADS)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    said = subprocess.run(
        [sys.executable, str(program), *arguments],
        env={**plain, **environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return said.count("<heap ")


@needs_glibc
def test_threads_share_two_arenas(tmp_path):
    """What one thread gives back another can take; by default each has an arena of its own."""
    assert arenas(tmp_path) > 2
    assert arenas(tmp_path, "frugal") == 2


@needs_glibc
def test_who_starts_the_process_decides(tmp_path):
    """The C library's own variables win."""
    assert arenas(tmp_path, "frugal", MALLOC_ARENA_MAX="4") == 4
