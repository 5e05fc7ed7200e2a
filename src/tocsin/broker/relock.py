"""Makes the lock of Apache Kafka's jars again after a change of `VERSION`: `python -m` this module."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tocsin.broker.kafka_jars import VERSION, Jar, sha256_of, write_lock
from tocsin.broker.maven import resolve

ROOTS = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.slf4j:slf4j-simple:1.7.36")
"""The broker, and a logger of the major version that the broker's pom names."""


def relock() -> Path:
    """Download `ROOTS` and all they need, and write the lock beside this module; returns its path.

    The first download is trusted, as far as the repository's own checksums go: look at what has changed.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = resolve(ROOTS, Path(folder))
        jars = [Jar(sha256_of(file), file.stat().st_size, coordinate) for coordinate, file in found]
    lock = Path(__file__).with_name(f"kafka-{VERSION}.lock")
    lock.write_text(write_lock(sorted(jars, key=lambda jar: jar.coordinate)), encoding="ascii")
    return lock


if __name__ == "__main__":
    sys.stderr.write(f"wrote {relock()}\n")
