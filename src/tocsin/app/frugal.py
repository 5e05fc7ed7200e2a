"""Has a worker's process keep less memory, and spend less time on it.

A worker holds little at a time, but on many threads: its own, librdkafka's, Arrow's, and those of the
results. glibc gives threads arenas of their own, and what is given back in one no other can take: in a worker
that published what it found, that came to 160 MB. It also learns to cut large pieces, which come and go, out
of the same ground as small ones, which stay: 10 to 20 MB.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Mapping

_ARENA_MAX, _MMAP_THRESHOLD = -8, -3
"""From glibc's malloc.h."""

_ARENAS = 2
"""Python holds its lock while it allocates; the others take what they need in few and large pieces."""

_LARGE = 262_144
"""Bytes from which a piece is the system's own, and goes back to it at once."""

_OURS = {"MALLOC_ARENA_MAX": (_ARENA_MAX, _ARENAS), "MALLOC_MMAP_THRESHOLD_": (_MMAP_THRESHOLD, _LARGE)}
"""The C library's variable -> what stands for it, where whoever starts the process has not set it."""


_YOUNG = 50_000
"""New lists, tuples and the like from which Python looks for cycles among them: a batch makes some thousands,
and no cycles. By default it is 700, which took 4 % of the time."""


def collect_rarely() -> None:
    """Let what there is by now, such as thousands of rules, never be gone through, and what is new rarely.

    For the process of a command, as below.
    """
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


def keep_little(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Set what whoever started the process has not set; return the names of that.

    For the process of a command, not for a library: it holds for everything in it. Where the C library is
    another one than glibc nothing is done.
    """
    if not sys.platform.startswith("linux"):
        return []
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return []
    return [name for name, setting in _OURS.items() if name not in environment and mallopt(*setting)]
